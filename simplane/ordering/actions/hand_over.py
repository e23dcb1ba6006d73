"""Handing a bought eSIM to its buyer: the mail is sent, then the unit counts as delivered."""

from __future__ import annotations

from datetime import timedelta

from simplane.core import clock, deadletters, events, work
from simplane.core.db import needs_transaction, transaction
from simplane.delivery.actions import send
from simplane.delivery.models import Message
from simplane.ordering.events import UnitDelivered
from simplane.ordering.models import Unit
from simplane.ordering.moves import finish_order, move

S = Unit.State


def hand_over(unit_id: int) -> None:
    """Send the mail of a ready unit and note that it is delivered. Safe to repeat: one message is sent once."""
    unit = work.claim(Unit, unit_id, seconds=90)
    if unit is None:
        return
    if unit.state != S.READY or unit.cancel_wanted:
        work.release(unit, due_at=None)
        return
    message = Message.objects.filter(unit_id=unit.pk, kind="esim_ready").order_by("-version").first()
    if message is None:
        work.release(unit, due_at=clock.now() + timedelta(minutes=1))
        return
    result = send(message.pk) if message.state == Message.State.QUEUED else None
    sent = message.state == Message.State.SENT or (result is not None and result.name == "sent")
    if sent:
        with transaction():
            delivered(unit)
    else:
        # The message row owns its retries; its outcome comes as news. A failed one stands in the dead letters.
        work.release(unit, due_at=result.at if result is not None and result.name == "retry" else None)


@needs_transaction
def delivered(unit: Unit) -> None:
    """The buyer has it: the unit is delivered, the order perhaps complete, the shop to be told."""
    now = clock.now()
    move(unit, S.DELIVERED, why="mail handed over", due_at=None, delivered_at=now)
    deadletters.close_letter("unit", unit.pk, resolution="delivered")
    events.record(UnitDelivered(order_id=unit.order_id, unit_id=unit.pk))
    finish_order(unit.order_id)


def message_sent(unit_id: int) -> None:
    """News of the mail: a message that was retried, or sent again by a person, arrived after all."""
    unit = Unit.objects.select_related("order").filter(pk=unit_id, state=S.READY).first()
    if unit is not None and not unit.cancel_wanted:
        with transaction():
            delivered(unit)
