"""Disputes: the money leaves with Stripe's first movement and comes back with its last; both are posted by their ids."""

from __future__ import annotations

from datetime import UTC, datetime

from simplane.core import clock, deadletters, events
from simplane.core.db import needs_transaction
from simplane.core.money import Money
from simplane.payments import posting, states
from simplane.payments.booking import account_of, movement_key, put, tell_overdrawn
from simplane.payments.events import TopUpReversed
from simplane.payments.models import Dispute, TopUp
from simplane.payments.seen import DisputeSeen, Movement


@needs_transaction
def dispute_seen(row: TopUp, seen: DisputeSeen) -> None:
    """Bring a dispute of a credited top-up to what Stripe says; the wallet may go below zero."""
    known, _ = Dispute.objects.get_or_create(
        stripe_id=seen.stripe_id,
        defaults={"top_up": row, "status": "", "amount_minor": seen.amount.minor, "created_at": clock.now()},
    )
    for one in seen.movements:
        _move(row, seen, one)
    taken = sum(seen.amount.minor if one.amount.minor < 0 else -seen.amount.minor for one in seen.movements)
    if taken != known.taken_minor:
        events.record(
            TopUpReversed(
                organization_id=row.organization_id,
                top_up=row.public_id,
                cause="dispute",
                minor=taken - known.taken_minor,
                currency=row.currency,
            )
        )
    known.status, known.reason, known.amount_minor = seen.status, seen.reason, seen.amount.minor
    known.taken_minor, known.fee_minor = taken, sum(one.fee.minor for one in seen.movements)
    known.answer_by = datetime.fromtimestamp(seen.answer_by, UTC) if seen.answer_by else None
    known.save()
    _tell(row, known)


def _move(row: TopUp, seen: DisputeSeen, one: Movement) -> None:
    """Taken, or given back: wallet, exchange and fee in one transaction of the ledger."""
    service, gross = account_of(row).key, seen.amount
    out = one.amount.minor < 0
    made = (posting.given_back if out else posting.paid_in)(row.organization_id, service, gross)
    signed = Money(-gross.minor if out else gross.minor, gross.currency)
    put(row, movement_key(one.id), "dispute", [*made, *posting.settled(service, signed, one)], reason=seen.stripe_id)


def _tell(row: TopUp, known: Dispute) -> None:
    if known.status in states.FINAL_DISPUTES:
        deadletters.close_letter("dispute", known.stripe_id, resolution=known.status)
    else:
        until = f", answer by {known.answer_by:%Y-%m-%d}" if known.answer_by else ""
        deadletters.open_letter(
            "dispute",
            known.stripe_id,
            cause="top_up_disputed",
            summary=f"{row.public_id}: {known.reason or 'disputed'}, {known.status}{until}"[:500],
            money=Money(known.amount_minor, row.currency),
        )
    tell_overdrawn(row)
