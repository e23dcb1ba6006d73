"""Refunds as rows and entries. The wallet pays before Stripe is asked, and gets it back when nothing went out."""

from __future__ import annotations

from simplane.core import clock, context, deadletters, events
from simplane.core.db import needs_transaction
from simplane.core.ids import new_id
from simplane.core.money import Money
from simplane.payments import posting
from simplane.payments.booking import account_of, put, refund_key, settle, tell_overdrawn
from simplane.payments.events import TopUpReversed
from simplane.payments.models import TopUp, TopUpRefund
from simplane.payments.seen import RefundSeen

R = TopUpRefund.State
_STATES = {"succeeded": R.SUCCEEDED, "failed": R.FAILED, "canceled": R.FAILED}
"""Of Stripe's words; all others mean that it is on its way."""


@needs_transaction
def begin(row: TopUp, minor: int, *, reason: str, origin: TopUpRefund.Origin) -> TopUpRefund:
    """Write a refund and take its money out of the wallet. Raises InsufficientFunds for one of ours."""
    ours = origin == TopUpRefund.Origin.US
    made = TopUpRefund.objects.create(
        top_up=row,
        public_id=new_id("trf"),
        origin=origin,
        amount_minor=minor,
        reason=reason[:200],
        created_at=clock.now(),
        created_by=context.actor()[:120],
        due_at=clock.now() if ours else None,
    )
    out = posting.given_back(row.organization_id, account_of(row).key, Money(minor, row.currency))
    put(row, refund_key(made.public_id), "top_up_refund", out, reason=reason, may_overdraw=not ours)
    _tell(row, minor)
    return made


@needs_transaction
def refund_seen(row: TopUp, seen: RefundSeen) -> None:
    """Bring a refund of a credited top-up to what Stripe says; one that was made at Stripe is taken in."""
    found = _known(row, seen) or begin(
        row, seen.amount.minor, reason="refunded at Stripe", origin=TopUpRefund.Origin.STRIPE
    )
    found.stripe_id = seen.stripe_id
    gross = Money(found.amount_minor, row.currency)
    if seen.movement is not None:
        settle(row, Money(-gross.minor, gross.currency), seen.movement)
    state = _STATES.get(seen.status, R.PENDING)
    if state == R.FAILED and found.state != R.FAILED:
        take_back(row, found, seen.problem or "the payer's bank did not take it")
        deadletters.open_letter(
            "top_up_refund",
            found.public_id,
            cause="top_up_refund_failed",
            summary=f"{gross} of {row.public_id} came back: {found.problem}"[:500],
            money=gross,
        )
    elif found.state != R.FAILED:
        found.state = state
    if seen.back is not None:
        settle(row, gross, seen.back)
    found.due_at, found.lease_until = None, None
    found.save()
    tell_overdrawn(row)


@needs_transaction
def take_back(row: TopUp, refund: TopUpRefund, problem: str) -> None:
    """Nothing went out, or it came back: the wallet has its money again."""
    refund.state, refund.problem = R.FAILED, problem[:300]
    back = posting.paid_in(row.organization_id, account_of(row).key, Money(refund.amount_minor, row.currency))
    put(row, back_key(refund.public_id), "top_up_refund_failed", back, reason=problem)
    _tell(row, -refund.amount_minor)


def back_key(public_id: str) -> str:
    """Under which the ledger knows that a refund came back."""
    return f"{refund_key(public_id)}:back"


def _known(row: TopUp, seen: RefundSeen) -> TopUpRefund | None:
    """By Stripe's id; by ours only while we wait for an answer, for what was given up has its money back already."""
    rows = TopUpRefund.objects.filter(top_up=row)
    found = rows.filter(stripe_id=seen.stripe_id).first()
    if found is None and seen.ours:
        found = rows.filter(public_id=seen.ours, state=R.WANTED, amount_minor=seen.amount.minor).first()
    return found


def _tell(row: TopUp, minor: int) -> None:
    news = TopUpReversed(
        organization_id=row.organization_id, top_up=row.public_id, cause="refund", minor=minor, currency=row.currency
    )
    events.record(news)
