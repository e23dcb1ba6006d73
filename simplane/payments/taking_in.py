"""What Stripe says about a payment becomes rows and entries: the same again changes nothing, in whatever order it comes."""

from __future__ import annotations

from simplane.core import clock, deadletters, events
from simplane.core.db import needs_transaction, transaction
from simplane.core.money import Money
from simplane.payments import cards, posting, states
from simplane.payments.booking import account_of, paid_key, put, settle, tell_overdrawn
from simplane.payments.disputes import dispute_seen
from simplane.payments.events import TopUpFailed, TopUpSucceeded
from simplane.payments.models import TopUp, TopUpRefund
from simplane.payments.refund_rows import refund_seen
from simplane.payments.retries import declined
from simplane.payments.seen import PaymentSeen
from simplane.payments.watch import rearm


def take_in(top_up_id: int, seen: PaymentSeen, *, page_open: bool = False) -> bool:
    """Bring a top-up to what Stripe says. Money that does not fit our row is credited to nobody and told: then False."""
    with transaction():
        row = TopUp.objects.select_for_update(of=("self",)).select_related("account").get(pk=top_up_id)
        if problem := _mismatch(row, seen):
            _quarantine(row, problem, seen)
            return False
        row.intent_id = seen.intent_id
        row.charge_id = seen.charge_id or None
        if seen.card is not None:
            row.card = cards.remember(account_of(row).pk, row.organization_id, seen.card)
        if seen.status == "succeeded":
            _credit(row)
        if row.credited_at is not None:
            _after_money(row, seen)
        else:
            _before_money(row, seen, page_open=page_open)
        row.save()
    return True


def _mismatch(row: TopUp, seen: PaymentSeen) -> str:
    if row.intent_id not in (None, seen.intent_id):
        return f"it is paid by {row.intent_id} already"
    if seen.ours != row.public_id:
        return f"the payment says it is for {seen.ours or 'nobody'}"
    account = account_of(row)
    if seen.live == account.is_test and not account.is_stand_in:
        return f"it was paid in {'live' if seen.live else 'test'} mode"
    wanted = Money(row.amount_minor, row.currency)
    if seen.status == "succeeded" and seen.received != wanted:
        return f"{seen.received} came, {wanted} was asked"
    return ""


def _quarantine(row: TopUp, problem: str, seen: PaymentSeen) -> None:
    deadletters.open_letter(
        "top_up",
        row.public_id,
        cause="payment_unexplained",
        summary=f"{seen.intent_id} for {row.public_id}: {problem}"[:500],
        money=seen.received,
    )


@needs_transaction
def _credit(row: TopUp) -> None:
    if row.credited_at is not None:
        return
    gross = Money(row.amount_minor, row.currency)
    account = account_of(row)
    put(row, paid_key(row.public_id), "top_up", posting.paid_in(row.organization_id, account.key, gross))
    row.credited_at, row.problem = clock.now(), ""
    rearm(row.organization_id, row.currency, by_rule=row.method == TopUp.Method.AUTO)
    tell_overdrawn(row)
    events.record(
        TopUpSucceeded(
            organization_id=row.organization_id,
            top_up=row.public_id,
            amount_minor=row.amount_minor,
            currency=row.currency,
            method=row.method,
        )
    )


def _after_money(row: TopUp, seen: PaymentSeen) -> None:
    if seen.movement is not None:
        settle(row, Money(row.amount_minor, row.currency), seen.movement)
        row.movement_id, row.fee_minor = seen.movement.id, seen.movement.fee.minor
        row.settled_minor, row.settled_currency = seen.movement.amount.minor, seen.movement.amount.currency
    for refund in seen.refunds:
        refund_seen(row, refund)
    for dispute in seen.disputes:
        dispute_seen(row, dispute)
    recount(row)


@needs_transaction
def recount(row: TopUp) -> None:
    """Sums and state of a credited top-up from its refunds and disputes."""
    given = row.refunds.exclude(state=TopUpRefund.State.FAILED).values_list("amount_minor", flat=True)
    disputes = list(row.disputes.values_list("status", "taken_minor"))
    row.refunded_minor, row.disputed_minor = sum(given), sum(taken for _, taken in disputes)
    row.state = states.with_money(row.amount_minor, row.refunded_minor, disputes)


def _before_money(row: TopUp, seen: PaymentSeen, *, page_open: bool) -> None:
    by_page = row.method == TopUp.Method.CHECKOUT
    state = states.before_money(seen.status, page_open=page_open, by_page=by_page)
    set_state(row, state, seen.problem)


@needs_transaction
def set_state(row: TopUp, state: TopUp.State, problem: str) -> None:
    """Move a top-up that brought nothing; a failure is told once."""
    before, row.state, row.problem = row.state, state, problem[:300]
    if state != before and state in (TopUp.State.FAILED, TopUp.State.EXPIRED):
        if row.method == TopUp.Method.AUTO:
            declined(row.organization_id, row.currency, row.problem)
        events.record(
            TopUpFailed(
                organization_id=row.organization_id,
                top_up=row.public_id,
                amount_minor=row.amount_minor,
                currency=row.currency,
                method=row.method,
                reason=row.problem or "nobody paid in time",
            )
        )
