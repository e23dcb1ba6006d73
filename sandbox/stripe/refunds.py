"""Refunds: at once for most cards, later for bank accounts, and sometimes they come back."""

from sandbox.kit.books import JsonObject
from sandbox.stripe import charges, ledger, methods
from sandbox.stripe.account import Account
from sandbox.stripe.disputes import FINAL
from sandbox.stripe.ids import letters, new_id
from sandbox.stripe.money import check_grain, shown
from sandbox.stripe.refused import Refused

FAILURES = (
    "lost_or_stolen_card",
    "expired_or_canceled_card",
    "charge_for_pending_refund_disputed",
    "insufficient_funds",
    "declined",
    "merchant_request",
    "unknown",
)


def refund(
    account: Account, charge: JsonObject, amount: int | None, reason: str | None, metadata: dict[str, str]
) -> JsonObject:
    """Give back all that is left, or a part. Raises Refused and changes nothing."""
    amount = _allowed(account, charge, amount)
    method = account.objects.need("payment_method", charge["payment_method"], "payment_method")
    behaviour = methods.behaviour_of(account, method)
    part = charges.settled_part(account, charge, amount)
    doc = _new(account, charge, amount, reason, metadata)
    doc["status"] = "pending" if behaviour.refund == "pending" else "succeeded"
    entry = ledger.book(
        account,
        "refund" if behaviour.kind == "card" else "payment_refund",
        doc["id"],
        ledger.Settled(-part.amount, part.currency, part.rate),
        description=f"REFUND FOR CHARGE ({charge['description']})" if charge["description"] else "REFUND FOR CHARGE",
    )
    doc["balance_transaction"] = entry["id"]
    account.objects.add(doc)
    whole = charge["amount_refunded"] + amount
    previous = account.change(charge, amount_refunded=whole, refunded=whole == charge["amount_captured"])
    account.emit("charge.refunded", charge, previous)
    account.emit("refund.created", doc)
    if behaviour.refund != "succeeded" or behaviour.kind != "card":
        seconds = account.settings.number("async_seconds")
        account.later(
            seconds, "settle_refund", doc["id"], status="failed" if behaviour.refund == "fails" else "succeeded"
        )
    return doc


def settle(account: Account, doc: JsonObject, status: str, failure: str | None = None) -> None:
    """A refund reached the buyer, or did not: then the money is ours again. Raises Refused when it is over already."""
    if status not in ("succeeded", "failed") or doc["status"] in ("failed", "canceled"):
        raise Refused(f"The refund {doc['id']} is {doc['status']} and cannot become {status}.")
    account.forget_later("settle_refund", doc["id"])
    if status == "succeeded":
        details = {**doc["destination_details"]}
        if "card" in details:
            details["card"] = {**details["card"], "reference": letters(16), "reference_status": "available"}
        previous = account.change(doc, status="succeeded", destination_details=details)
        account.emit("refund.updated", doc, previous)
        account.emit("charge.refund.updated", doc, previous)
        return
    _come_back(account, doc, failure or "unknown")


def _come_back(account: Account, doc: JsonObject, failure: str) -> None:
    if failure not in FAILURES:
        raise Refused(f"Unknown failure_reason {failure}; known: {', '.join(FAILURES)}")
    taken = account.objects.need("balance_transaction", doc["balance_transaction"], "balance_transaction")
    entry = ledger.book(
        account,
        "refund_failure",
        doc["id"],
        ledger.Settled(-taken["amount"], taken["currency"], taken["exchange_rate"]),
        description=f"REFUND FAILURE ({doc['id']})",
    )
    previous = account.change(doc, status="failed", failure_reason=failure, failure_balance_transaction=entry["id"])
    charge = account.objects.need("charge", doc["charge"], "charge")
    account.change(charge, amount_refunded=charge["amount_refunded"] - doc["amount"], refunded=False)
    account.emit("refund.failed", doc, previous)
    account.emit("charge.refund.updated", doc, previous)


def _allowed(account: Account, charge: JsonObject, amount: int | None) -> int:
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise Refused(
            f"Charge {charge['id']} cannot be refunded: it has not been captured.", code="charge_not_refundable"
        )
    if charge["refunded"]:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if _taken_back(account, charge):
        raise Refused(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    if amount < 1:
        raise Refused("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        raise Refused(
            f"Refund amount ({shown(amount, charge['currency'])}) is greater than unrefunded amount on charge "
            f"({shown(left, charge['currency'])})",
            param="amount",
        )
    check_grain(amount, charge["currency"])
    return amount


def _taken_back(account: Account, charge: JsonObject) -> bool:
    found = account.objects.where("dispute", "charge = ?", (charge["id"],))
    return any(
        entry["status"] == "lost" or (entry["status"] not in FINAL and not entry["is_charge_refundable"])
        for entry in found
    )


def _new(account: Account, charge: JsonObject, amount: int, reason: str | None, metadata: dict[str, str]) -> JsonObject:
    kind = charge["payment_method_details"]["type"]
    card = {
        "reference": None,
        "reference_status": "pending",
        "reference_type": "acquirer_reference_number",
        "type": "refund",
    }
    return {
        "id": new_id("refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "destination_details": {"card": card, "type": "card"} if kind == "card" else {kind: {}, "type": kind},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
