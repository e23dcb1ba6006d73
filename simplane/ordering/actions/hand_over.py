"""Handing a bought eSIM to its buyer: the mail is sent, then the unit counts as delivered."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.transaction import on_commit

from simplane.core import clock, deadletters, events, work
from simplane.core.db import in_thread, needs_transaction, transaction
from simplane.core.metrics import DELIVERY_SECONDS
from simplane.delivery.actions import post_async
from simplane.delivery.sending import Parcel, prepare, settle
from simplane.delivery.values import Outcome, SendResult
from simplane.ordering.events import UnitDelivered
from simplane.ordering.models import Unit
from simplane.ordering.moves import finish_order, lock_order, move

S = Unit.State


async def hand_over(unit_id: int) -> None:
    """Send the mail of a ready unit and note that it is delivered. Safe to repeat: one message is sent once."""
    found = await in_thread(_prepare, unit_id)
    if found is None:
        return
    unit, ready = found
    outcome = await post_async(ready) if isinstance(ready, Parcel) else None
    await in_thread(_settle_and_keep, unit, ready, outcome)


def _prepare(unit_id: int) -> tuple[Unit, Parcel | SendResult] | None:
    unit = work.claim(Unit, unit_id, seconds=90)
    if unit is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [unit.pk])
        message = cursor.fetchone()
    if unit.state == S.READY and not unit.cancel_wanted and message is not None:
        return unit, prepare(message[0])
    work.release(unit, due_at=None)
    return None


NEWEST = "SELECT id FROM delivery_message WHERE unit_id = %s AND kind = 'esim_ready' ORDER BY version DESC LIMIT 1"


def _settle_and_keep(unit: Unit, ready: Parcel | SendResult, outcome: Outcome | None) -> None:
    """Two commits: that the mail went out stays written, whatever became of its unit meanwhile."""
    if isinstance(ready, Parcel):
        assert outcome is not None
        _keep(unit, settle(ready, outcome))
    else:
        _keep(unit, ready)


def _keep(unit: Unit, result: SendResult) -> None:
    if result.name == "sent":
        with transaction():
            delivered(unit)
    else:
        # The message row owns its retries; the unit looks again after the next one. A failed one is a dead letter.
        work.release(unit, due_at=result.at + timedelta(seconds=10) if result.at is not None else None)


@needs_transaction
def delivered(unit: Unit, *, why: str = "mail handed over") -> None:
    """The buyer has it: the unit is delivered, the order perhaps complete, the shop to be told."""
    now = clock.now()
    lock_order(unit.order_id)
    move(unit, S.DELIVERED, why=why, due_at=None, delivered_at=now)
    deadletters.close_letter("unit", unit.pk, resolution="delivered")
    events.record(UnitDelivered(order_id=unit.order_id, unit_id=unit.pk))
    finish_order(unit.order_id)
    seconds = (now - unit.created_at).total_seconds()
    on_commit(lambda: DELIVERY_SECONDS.observe(seconds))


def message_sent(unit_id: int) -> None:
    """The mail of a unit went out by a retry or by a person's wish: a ready unit is delivered now."""
    unit = Unit.objects.select_related("order").filter(pk=unit_id, state=S.READY, cancel_wanted="").first()
    if unit is not None:
        with transaction():
            delivered(unit)
