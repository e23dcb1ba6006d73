"""The books as the control API shows them: what was paid, for which reference, what fee, and what went out when."""

from collections import defaultdict

from sandbox.kit.books import JsonObject
from sandbox.stripe.account import Account
from sandbox.stripe.checkout_docs import KIND


def report(account: Account, *, summary: bool) -> JsonObject:
    """Payments with their refunds and disputes, payouts with their movements, and sums per currency."""
    totals = _totals(account)
    if summary:
        kinds = ("payment_intent", "charge", "refund", "dispute", "payout", KIND, "event")
        counts = {
            kind: account.books.number("select count(*) from stripe_object where kind = ?", (kind,)) for kind in kinds
        }
        return {"objects": counts, **totals, "deliveries": _deliveries(account)}
    payments = [_payment(account, charge) for charge in account.objects.where("charge", "status = 'succeeded'")]
    return {
        "orders": payments,
        "payouts": [_payout(account, entry) for entry in account.objects.where("payout")],
        "unpaid": [_movement(entry) for entry in account.objects.where("balance_transaction", "payout is null")],
        **totals,
    }


def _payment(account: Account, charge: JsonObject) -> JsonObject:
    intent = account.objects.need("payment_intent", charge["payment_intent"], "intent")
    number = account.objects.aside(intent["id"]).get("session")
    session = account.objects.find(number, KIND) if number else None
    entry = account.objects.find(charge["balance_transaction"] or "", "balance_transaction") or {}
    return {
        "order_id": charge["id"],
        "payment_intent": intent["id"],
        "session": number,
        "reference": session["client_reference_id"] if session else None,
        "metadata": intent["metadata"],
        "customer": charge["customer"],
        "charged_minor": charge["amount_captured"],
        "refunded_minor": charge["amount_refunded"],
        "currency": charge["currency"],
        "settled": _movement(entry) if entry else None,
        "payout": account.objects.payout_of(entry["id"]) if entry else None,
        "disputed": charge["disputed"],
        "at": charge["created"],
        "refunds": [
            _part(account, refund) for refund in account.objects.where("refund", "charge = ?", (charge["id"],))
        ],
        "disputes": [
            _part(account, entry) for entry in account.objects.where("dispute", "charge = ?", (charge["id"],))
        ],
    }


def _part(account: Account, doc: JsonObject) -> JsonObject:
    movements = account.objects.where("balance_transaction", "source = ?", (doc["id"],))
    return {
        "id": doc["id"],
        "amount_minor": doc["amount"],
        "currency": doc["currency"],
        "status": doc["status"],
        "reason": doc["reason"],
        "movements": [_movement(entry) for entry in movements],
    }


def _payout(account: Account, payout: JsonObject) -> JsonObject:
    movements = account.objects.where("balance_transaction", "payout = ?", (payout["id"],))
    return {
        "id": payout["id"],
        "amount_minor": payout["amount"],
        "currency": payout["currency"],
        "status": payout["status"],
        "at": payout["created"],
        "movements": [_movement(entry) for entry in movements],
    }


def _movement(entry: JsonObject) -> JsonObject:
    names = (
        "id",
        "type",
        "reporting_category",
        "source",
        "amount",
        "fee",
        "net",
        "currency",
        "exchange_rate",
        "status",
    )
    return {name: entry[name] for name in names}


def _totals(account: Account) -> JsonObject:
    """Sums per currency: paid and given back as the buyers see it, the rest as the account feels it."""
    paid: defaultdict[str, int] = defaultdict(int)
    back: defaultdict[str, int] = defaultdict(int)
    for charge in account.objects.where("charge", "status = 'succeeded'"):
        paid[charge["currency"]] += charge["amount_captured"]
        back[charge["currency"]] += charge["amount_refunded"] if charge["captured"] else 0
    sums: dict[str, defaultdict[str, int]] = {
        name: defaultdict(int) for name in ("fees", "paid_out", "balance", "disputed")
    }
    for entry in account.objects.where("balance_transaction"):
        sums["fees"][entry["currency"]] += entry["fee"]
        sums["balance"][entry["currency"]] += entry["net"]
        if entry["type"].startswith("payout"):
            sums["paid_out"][entry["currency"]] -= entry["net"]
        if entry["reporting_category"].startswith("dispute"):
            sums["disputed"][entry["currency"]] -= entry["amount"]
    return {"charged_minor": dict(paid), "refunded_minor": dict(back),
            **{f"{name}_minor": dict(value) for name, value in sums.items()}}  # fmt: skip


def _deliveries(account: Account) -> dict[str, int]:
    rows = account.books.rows("select state, count(*) as n from kit_delivery group by state")
    return {"due": 0, "sent": 0, "failed": 0, **{row["state"]: row["n"] for row in rows}}
