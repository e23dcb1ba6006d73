"""Disputes: the buyer's bank takes the money back, we answer with evidence, the bank decides."""

from sandbox.kit.books import JsonObject
from sandbox.stripe import charges, ledger
from sandbox.stripe.account import Account
from sandbox.stripe.ids import new_id
from sandbox.stripe.refused import Refused

# The bank's deadline differs by network; nine days is what Stripe's own samples show.
ANSWER_WITHIN = 9 * ledger.DAY
FINAL = ("won", "lost", "warning_closed", "prevented")
REASONS = (
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
)
EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)
# https://docs.stripe.com/testing#evidence
DECIDING = {"winning_evidence": "won", "losing_evidence": "lost"}


def open_dispute(
    account: Account, charge: JsonObject, reason: str, *, inquiry: bool = False, amount: int | None = None
) -> JsonObject:
    """A chargeback takes the money and a fee at once; an inquiry only asks. Raises Refused."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    if not charge["paid"] or charge["disputed"] or reason not in REASONS or not 0 < amount <= left:
        raise Refused(
            f"Charge {charge['id']} cannot be disputed: not paid, disputed already, unknown reason or amount."
        )
    dispute = account.objects.add(_new(account, charge, reason, amount, inquiry=inquiry))
    previous = account.change(charge, disputed=True)
    account.later(ANSWER_WITHIN, "dispute_deadline", dispute["id"])
    if not inquiry:
        _withdraw(account, dispute, charge)
    account.emit("charge.dispute.created", dispute)
    account.emit("charge.updated", charge, previous)
    if not inquiry:
        account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def escalate(account: Account, dispute: JsonObject) -> None:
    """An inquiry becomes a chargeback. Raises Refused."""
    if not dispute["status"].startswith("warning_") or dispute["status"] in FINAL:
        raise Refused("Only an open inquiry can become a chargeback.")
    charge = account.objects.need("charge", dispute["charge"], "charge")
    _withdraw(account, dispute, charge)
    card = {**dispute["payment_method_details"]["card"], "case_type": "chargeback"}
    previous = account.change(
        dispute,
        status="needs_response",
        is_charge_refundable=False,
        payment_method_details={"card": card, "type": "card"},
    )
    account.emit("charge.dispute.updated", dispute, previous)
    account.emit("charge.dispute.funds_withdrawn", dispute)


def respond(account: Account, dispute: JsonObject, evidence: dict[str, str | None], *, submit: bool) -> None:
    """Keep evidence, and hand it in unless it is only staged. Raises Refused when it is too late."""
    if dispute["status"] not in ("needs_response", "warning_needs_response"):
        raise Refused("This dispute is already submitted or closed; evidence cannot be changed any more.")
    kept = {**dispute["evidence"], **evidence}
    details = {**dispute["evidence_details"], "has_evidence": any(kept.values())}
    status = dispute["status"]
    if submit:
        details["submission_count"] += 1
        status = "warning_under_review" if status.startswith("warning_") else "under_review"
    previous = account.change(dispute, evidence=kept, evidence_details=details, status=status)
    account.emit("charge.dispute.updated", dispute, previous)
    decision = DECIDING.get(kept.get("uncategorized_text") or "")
    if submit and decision:
        inquiry = status.startswith("warning_")
        close(account, dispute, "warning_closed" if inquiry else decision)


def close(account: Account, dispute: JsonObject, status: str) -> None:
    """The end. Won: the money comes back, the fee by a setting. Raises Refused when it is over already."""
    if dispute["status"] in FINAL:
        raise Refused("This dispute is already closed", code="dispute_already_closed")
    inquiry = dispute["status"].startswith("warning_")
    if (status == "warning_closed") != inquiry:
        raise Refused("An inquiry ends as warning_closed, a chargeback as won or lost.")
    account.forget_later("dispute_deadline", dispute["id"])
    if status == "won":
        _reinstate(account, dispute)
    if status == "warning_closed":
        charge = account.objects.need("charge", dispute["charge"], "charge")
        account.change(charge, disputed=False)
    previous = account.change(dispute, status=status)
    account.emit("charge.dispute.closed", dispute, previous)
    if status == "won":
        account.emit("charge.dispute.funds_reinstated", dispute)


def deadline(account: Account, dispute: JsonObject) -> None:
    """Nobody answered in time, or the bank has made up its mind: lost, or the inquiry is over."""
    if dispute["status"] == "needs_response":
        details = {**dispute["evidence_details"], "past_due": True}
        account.change(dispute, evidence_details=details)
        close(account, dispute, "lost")
    elif dispute["status"].startswith("warning_") and dispute["status"] not in FINAL:
        close(account, dispute, "warning_closed")


def _new(account: Account, charge: JsonObject, reason: str, amount: int, *, inquiry: bool) -> JsonObject:
    now = account.now()
    kind = charge["payment_method_details"]["type"]
    card = {"brand": "visa", "case_type": "inquiry" if inquiry else "chargeback", "network_reason_code": "10.4"}
    return {
        "id": new_id("dispute"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + ANSWER_WITHIN,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": card, "type": "card"} if kind == "card" else {"type": kind},
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def _withdraw(account: Account, dispute: JsonObject, charge: JsonObject) -> None:
    part = charges.settled_part(account, charge, dispute["amount"])
    fee = int(account.settings.number("dispute_fee"))
    entry = ledger.book(
        account,
        "adjustment",
        dispute["id"],
        ledger.Settled(-part.amount, part.currency, part.rate),
        fee_details=[ledger.fee_line(fee, part.currency, "Dispute fee")] if fee else [],
        category="dispute",
        description=f"Chargeback withdrawal for {charge['id']}",
    )
    account.change(dispute, balance_transactions=[*dispute["balance_transactions"], entry])


def _reinstate(account: Account, dispute: JsonObject) -> None:
    taken = dispute["balance_transactions"][0]
    back = int(taken["fee"]) if account.settings["dispute_fee_returned"] else 0
    entry = ledger.book(
        account,
        "adjustment",
        dispute["id"],
        ledger.Settled(-taken["amount"], taken["currency"], taken["exchange_rate"]),
        fee_details=[ledger.fee_line(-back, taken["currency"], "Dispute fee refund")] if back else [],
        category="dispute_reversal",
        description=f"Chargeback reversal for {dispute['charge']}",
    )
    account.change(dispute, balance_transactions=[*dispute["balance_transactions"], entry])
