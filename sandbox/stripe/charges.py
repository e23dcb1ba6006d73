"""Charges: one attempt to take money, and what it leaves in the account's balance."""

from decimal import Decimal

from sandbox.kit.books import JsonObject
from sandbox.stripe import ledger
from sandbox.stripe.account import Account
from sandbox.stripe.cards import Behaviour
from sandbox.stripe.ids import new_id
from sandbox.stripe.methods import behaviour_of, payment_details
from sandbox.stripe.money import rounded
from sandbox.stripe.refused import Refused

APPROVED = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "risk_score": 20,
    "seller_message": "Payment complete.",
    "type": "authorized",
}


def open_charge(account: Account, intent: JsonObject, method: JsonObject, status: str, *, captured: bool) -> JsonObject:
    """A new charge of a payment intent; `status` is succeeded, pending or failed. No event yet."""
    number = new_id("charge")
    doc = {
        "id": number,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if captured and status == "succeeded" else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "WANDERSIM" if method["type"] == "card" else None,
        "captured": captured and status == "succeeded",
        "created": account.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": APPROVED,
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": payment_details(account, method),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{account.base}/receipts/{number}" if status == "succeeded" else None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }
    return account.objects.add(doc)


def fail(account: Account, charge: JsonObject, error: Refused, behaviour: Behaviour) -> None:
    """The charge did not go through."""
    outcome = {
        **APPROVED,
        "network_decline_code": None,
        "network_status": "declined_by_network",
        "reason": behaviour.decline or "generic_decline",
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }
    account.change(
        charge,
        status="failed",
        paid=False,
        captured=False,
        failure_code=error.error["code"],
        failure_message=str(error),
        outcome=outcome,
    )
    account.emit("charge.failed", charge)


def settle(account: Account, charge: JsonObject) -> None:
    """Book what a captured charge brings: its amount less the fee."""
    if charge["balance_transaction"]:
        return
    method = account.objects.need("payment_method", charge["payment_method"], "payment_method")
    behaviour = behaviour_of(account, method)
    settled = ledger.settle(account, charge["amount_captured"], charge["currency"])
    entry = ledger.book(
        account,
        "charge" if behaviour.kind == "card" else "payment",
        charge["id"],
        settled,
        fee_details=ledger.fees(account, settled),
        description=charge["description"],
        available_now=behaviour.available_now,
    )
    previous = account.change(charge, balance_transaction=entry["id"])
    account.emit("charge.updated", charge, previous)


def settle_soon(account: Account, charge: JsonObject, capture_method: str) -> None:
    """With asynchronous capture (the default) the balance transaction comes a moment after the charge."""
    delay = account.settings.number("settle_seconds") if capture_method == "automatic_async" else 0
    if delay > 0:
        account.later(delay, "settle_charge", charge["id"])
    else:
        settle(account, charge)


def settled_part(account: Account, charge: JsonObject, amount: int) -> ledger.Settled:
    """A part of a charge in the currency it was settled in, at the rate of the charge."""
    entry = account.objects.find(charge["balance_transaction"] or "", "balance_transaction")
    if entry is None:
        return ledger.settle(account, amount, charge["currency"])
    if entry["exchange_rate"] is None:
        return ledger.Settled(amount, entry["currency"], None)
    part = rounded(Decimal(amount) * entry["amount"] / charge["amount_captured"])
    return ledger.Settled(part, entry["currency"], entry["exchange_rate"])
