"""What a stored event means: never more than a hint that something must be looked at. Order and repeats do not matter."""

from __future__ import annotations

from typing import Any

import msgspec

from simplane.core import jobs
from simplane.core.db import transaction
from simplane.core.inbox import Flag, Handled, NotYet, handler
from simplane.core.models import InboxMessage
from simplane.payments import setups, step
from simplane.payments.gateway import Gateway
from simplane.payments.models import CardSetup, StripeAccount, TopUp
from simplane.payments.seen import SETUP, TOP_UP

Json = dict[str, Any]
EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "payment_intent.processing",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "setup_intent.succeeded",
    "charge.updated",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "payout.paid",
    "payout.failed",
    "payout.reconciliation_completed",
)
"""What an endpoint at Stripe must be subscribed to; others are stored and ignored."""


@handler("stripe")
def handle(message: InboxMessage) -> Handled:
    """Find whose event it is and have that looked at. Raises Flag, NotYet."""
    event = _event(message)
    account = StripeAccount.objects.filter(key=message.account).first()
    if account is None:
        raise Flag("the account is gone")
    if bool(event.get("livemode")) == account.is_test and not account.is_stand_in:
        raise Flag("an event of the other mode: the endpoint at Stripe points to the wrong address")
    if event["type"] not in EVENTS:
        return Handled(ignored="not needed")
    about: Json = event["data"]["object"]
    match about.get("object"):
        case "payout":
            with transaction():
                jobs.enqueue("payments.read_payout", account_id=account.pk, payout_id=about["id"])
            return Handled()
        case "checkout.session" | "setup_intent" if SETUP in (about.get("metadata") or {}):
            return _setup(about)
        case _:
            return _payment(account, about)


def _event(message: InboxMessage) -> Json:
    try:
        event = msgspec.json.decode(bytes(message.body))
        event["type"], event["data"]["object"]["object"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise Flag(f"no event of Stripe's: {type(error).__name__}") from error
    found: Json = event
    return found


def _setup(about: Json) -> Handled:
    row = CardSetup.objects.filter(public_id=about["metadata"][SETUP]).first()
    if row is None:
        raise NotYet("no such card setup here")
    setups.want_look(row.pk)
    return Handled()


def _payment(account: StripeAccount, about: Json) -> Handled:
    named = (about.get("metadata") or {}).get(TOP_UP)
    intent = about["id"] if about["object"] == "payment_intent" else about.get("payment_intent")
    rows = TopUp.objects.filter(account=account)
    row = rows.filter(public_id=named).first() if named else None
    if row is None and intent:
        row = rows.filter(intent_id=intent).first()
    if row is not None:
        step.want_look(row.pk, intent_id=intent if named == row.public_id else None)
        return Handled()
    if named:
        # Our row is committed before Stripe hears of it, so this is strange: it is tried again, then told.
        raise NotYet(f"no top-up {named} here")
    charge = about["id"] if about["object"] == "charge" else about.get("charge")
    if not charge or about["object"] == "charge":
        return Handled(ignored="not a payment of ours")
    # Refunds and disputes name their charge only, and may come before we know its payment.
    with transaction():
        jobs.enqueue("payments.find_payment", account_id=account.pk, charge_id=charge)
    return Handled()


def find_payment(account_id: int, charge_id: str) -> None:
    """Ask Stripe whose charge that is and look at the top-up. Raises CallFailed; the job tries again."""
    account = StripeAccount.objects.get(pk=account_id)
    charge = Gateway(account).charge(charge_id)
    named = (charge.get("metadata") or {}).get(TOP_UP)
    row = TopUp.objects.filter(account=account, public_id=named).first() if named else None
    if row is not None:
        step.want_look(row.pk, intent_id=charge.get("payment_intent"))
