"""/v1/charges, refunds, disputes, balance, balance_transactions and payouts."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe import disputes, ledger, lists, payouts, refunds
from sandbox.stripe.money import currency_code
from sandbox.stripe.params import PAGE, Check, boolean, choice, clearable, integer, merged, metadata, shape, text
from sandbox.stripe.refused import Refused
from sandbox.stripe.routes import Ask, Route, route

REASON = choice("duplicate", "fraudulent", "requested_by_customer")
PART_OF: dict[str, Check] = {**PAGE, "charge": text, "payment_intent": text}
EVIDENCE = shape({name: clearable(text) for name in disputes.EVIDENCE})


def create_refund(ask: Ask) -> JsonObject:
    """POST /v1/refunds."""
    params = ask.params
    if "payment_intent" in params:
        intent = ask.account.objects.need("payment_intent", params["payment_intent"], "payment_intent")
        charge = ask.account.objects.find(intent["latest_charge"] or "", "charge")
        if charge is None or charge["status"] == "failed":
            raise Refused(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
    elif "charge" in params:
        charge = ask.account.objects.need("charge", params["charge"], "charge")
    else:
        raise Refused(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    kept = merged({}, params.get("metadata"))
    return refunds.refund(ask.account, charge, params.get("amount"), params.get("reason"), kept)


def update_metadata(kind: str, param: str) -> Any:
    """An update that changes metadata (and a description) only."""

    def run(ask: Ask) -> JsonObject:
        doc = ask.need(kind, param)
        texts = {name: ask.params[name] for name in ("description", "receipt_email") if name in ask.params}
        previous = ask.account.change(doc, metadata=merged(doc["metadata"], ask.params.get("metadata")), **texts)
        if kind in ("charge", "refund") and previous:
            ask.account.emit(f"{kind}.updated", doc, previous)
        return doc

    return run


def listed(kind: str, url: str, *columns: str) -> Any:
    """A list with simple filters."""

    def run(ask: Ask) -> JsonObject:
        equals = {name: ask.params.get(name) for name in columns}
        return lists.page_of(ask.account, kind, ask.params, url, equals)

    return run


def answer_dispute(ask: Ask) -> JsonObject:
    """POST /v1/disputes/{id}: evidence is handed in at once unless submit=false."""
    dispute = ask.need("dispute", "dispute")
    ask.account.change(dispute, metadata=merged(dispute["metadata"], ask.params.get("metadata")))
    if "evidence" in ask.params or "submit" in ask.params:
        disputes.respond(ask.account, dispute, ask.params.get("evidence", {}), submit=ask.params.get("submit", True))
    return dispute


def close_dispute(ask: Ask) -> JsonObject:
    """POST /v1/disputes/{id}/close: we give up."""
    dispute = ask.need("dispute", "dispute")
    inquiry = dispute["status"].startswith("warning_")
    disputes.close(ask.account, dispute, "warning_closed" if inquiry else "lost")
    return dispute


def listed_transactions(ask: Ask) -> JsonObject:
    """GET /v1/balance_transactions, of one payout if asked: then with the payout's own one."""
    ledger.mature(ask.account)
    equals = {name: ask.params.get(name) for name in ("payout", "source", "type", "currency")}
    if equals["payout"]:
        payout = ask.account.objects.need("payout", str(equals["payout"]), "payout")
        if not payout["automatic"]:
            raise Refused(
                "Balance transaction history can only be filtered on automatic transfers, not manual.", param="payout"
            )
    return lists.page_of(ask.account, "balance_transaction", ask.params, "/v1/balance_transactions", equals)


def get_transaction(ask: Ask) -> JsonObject:
    """GET /v1/balance_transactions/{id}."""
    ledger.mature(ask.account)
    return ask.need("balance_transaction")


def get_balance(ask: Ask) -> JsonObject:
    """GET /v1/balance."""
    ledger.mature(ask.account)
    return ledger.balance(ask.account)


def create_payout(ask: Ask) -> JsonObject:
    """POST /v1/payouts: by hand."""
    amount = ask.params["amount"]
    if amount < 1:
        raise Refused("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    return payouts.pay_by_hand(ask.account, amount, ask.params["currency"], ask.params.get("description"))


TEXTS: dict[str, Check] = {"metadata": metadata}
ROUTES: tuple[Route, ...] = (
    route("charge.list", "GET", "charges", listed("charge", "/v1/charges", "customer", "payment_intent"),
          {**PAGE, "customer": text, "payment_intent": text}),
    route("charge.get", "GET", "charges/{id}", lambda ask: ask.need("charge", "charge")),
    route("charge.update", "POST", "charges/{id}", update_metadata("charge", "charge"),
          {**TEXTS, "description": clearable(text), "receipt_email": clearable(text)}),
    route("refund.create", "POST", "refunds", create_refund,
          {"charge": text, "payment_intent": text, "amount": integer, "reason": REASON, "metadata": metadata}),
    route("refund.list", "GET", "refunds", listed("refund", "/v1/refunds", "charge", "payment_intent"), PART_OF),
    route("refund.get", "GET", "refunds/{id}", lambda ask: ask.need("refund", "refund")),
    route("refund.update", "POST", "refunds/{id}", update_metadata("refund", "refund"), TEXTS),
    route("dispute.list", "GET", "disputes", listed("dispute", "/v1/disputes", "charge", "payment_intent"), PART_OF),
    route("dispute.get", "GET", "disputes/{id}", lambda ask: ask.need("dispute", "dispute")),
    route("dispute.update", "POST", "disputes/{id}", answer_dispute,
          {"evidence": EVIDENCE, "metadata": metadata, "submit": boolean}),
    route("dispute.close", "POST", "disputes/{id}/close", close_dispute),
    route("balance.get", "GET", "balance", get_balance),
    route("balance_transaction.list", "GET", "balance_transactions", listed_transactions,
          {**PAGE, "payout": text, "source": text, "type": text, "currency": currency_code}),
    route("balance_transaction.get", "GET", "balance_transactions/{id}", get_transaction),
    route("payout.create", "POST", "payouts", create_payout,
          {"amount": integer, "currency": currency_code, "description": text, "metadata": metadata},
          required=("amount", "currency")),
    route("payout.list", "GET", "payouts", listed("payout", "/v1/payouts", "status"), {**PAGE, "status": text}),
    route("payout.get", "GET", "payouts/{id}", lambda ask: ask.need("payout", "payout")),
    route("payout.update", "POST", "payouts/{id}", update_metadata("payout", "payout"), TEXTS),
)  # fmt: skip
