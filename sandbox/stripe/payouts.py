"""Payouts: what is available goes to the bank account, and every movement in it is named."""

from sandbox.kit.books import JsonObject
from sandbox.stripe import ledger
from sandbox.stripe.account import Account
from sandbox.stripe.ids import new_id
from sandbox.stripe.refused import Refused

FAILURES = {
    "account_closed": "The bank account has been closed.",
    "could_not_process": "The bank could not process this payout.",
    "insufficient_funds": "Your Stripe account has insufficient funds to cover the payout.",
    "no_account": "The bank account details on file are probably incorrect.",
}
UNPAID = "payout is null"


def run(account: Account, *, everything: bool = False, debit: bool = False) -> list[JsonObject]:
    """Pay out, per currency, all that is available (or all there is). A sum of nothing waits.

    One below zero waits too, unless `debit`: then the bank account pays it, by a payout of a negative amount.
    """
    ledger.mature(account)
    if everything:
        for entry in account.objects.where("balance_transaction", "status = 'pending'"):
            account.change(entry, status="available")
    made = []
    for currency in account.settings.text("settle_in").split(","):
        condition = f"{UNPAID} and status = 'available' and currency = ?"
        entries = account.objects.where("balance_transaction", condition, (currency,))
        total = sum(entry["net"] for entry in entries)
        if total > 0 or (debit and total < 0):
            made.append(_pay(account, total, currency, entries))
    return made


def pay_by_hand(account: Account, amount: int, currency: str, description: str | None) -> JsonObject:
    """A manual payout: an amount, not a set of movements. Raises Refused when so much is not available."""
    ledger.mature(account)
    available = sum(
        entry["net"]
        for entry in account.objects.where("balance_transaction", "status = 'available' and currency = ?", (currency,))
    )
    if amount > available:
        raise Refused(
            "You have insufficient funds in your Stripe account for this transfer.",
            code="balance_insufficient",
            param="amount",
        )
    return _pay(account, amount, currency, None, description)


def arrive(account: Account, payout: JsonObject) -> None:
    """The bank has it."""
    if payout["status"] in ("pending", "in_transit"):
        previous = account.change(payout, status="paid")
        account.emit("payout.paid", payout, previous)


def fail(account: Account, payout: JsonObject, code: str) -> None:
    """The bank refused it: the money is back and goes out with the next one. May come after `paid`. Raises Refused."""
    if payout["status"] in ("failed", "canceled") or code not in FAILURES:
        raise Refused(f"Payout {payout['id']} is {payout['status']}; failure codes: {', '.join(FAILURES)}")
    account.forget_later("payout_arrives", payout["id"])
    back = ledger.Settled(payout["amount"], payout["currency"], None)
    entry = ledger.book(account, "payout_failure", payout["id"], back, description="PAYOUT FAILURE")
    previous = account.change(
        payout,
        status="failed",
        failure_balance_transaction=entry["id"],
        failure_code=code,
        failure_message=FAILURES[code],
    )
    account.emit("payout.failed", payout, previous)


def _pay(
    account: Account, amount: int, currency: str, entries: list[JsonObject] | None, description: str | None = None
) -> JsonObject:
    automatic = entries is not None
    number = new_id("payout")
    out = ledger.book(
        account, "payout", number, ledger.Settled(-amount, currency, None), description=description or "STRIPE PAYOUT"
    )
    days = account.settings.number("arrival_days")
    payout = account.objects.add(_new(account, number, amount, currency, out["id"], automatic=automatic))
    account.change(
        payout, arrival_date=int(account.now() // ledger.DAY + days) * ledger.DAY, description=out["description"]
    )
    account.emit("payout.created", payout)
    if entries is not None:
        for entry in [*entries, out]:
            account.books.execute("update stripe_object set payout = ? where id = ?", (number, entry["id"]))
        previous = account.change(payout, reconciliation_status="completed")
        account.emit("payout.reconciliation_completed", payout, previous)
    account.later(days * ledger.DAY, "payout_arrives", number)
    return payout


def _new(account: Account, number: str, amount: int, currency: str, out: str, *, automatic: bool) -> JsonObject:
    return {
        "id": number,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": account.now(),
        "automatic": automatic,
        "balance_transaction": out,
        "created": account.now(),
        "currency": currency,
        "description": None,
        "destination": f"ba_1sandbox{currency}",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }
