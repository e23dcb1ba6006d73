"""Handing a bought eSIM to its buyer: the mail is sent, then the unit counts as delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from django.db import connection
from django.db.transaction import on_commit

from simplane.core import clock, context, deadletters, events, rows, work
from simplane.core.db import needs_transaction, transaction
from simplane.core.metrics import DELIVERY_SECONDS
from simplane.core.together import ALONE, Alone, Asked, Together
from simplane.delivery.actions import post_async
from simplane.delivery.models import InstallLink, Message
from simplane.delivery.sending import Parcel, build_taken, prepare, settle, settle_sent, take_first
from simplane.delivery.values import Accepted, Outcome, SendResult
from simplane.ordering.events import UnitDelivered
from simplane.ordering.models import Unit
from simplane.ordering.moves import Step, finish_orders, lock_orders, move_many

S = Unit.State
LEASE_SECONDS = 90
"""Longer than a mail server may take."""
Prepared = tuple[Unit, Parcel | SendResult] | None
Posted = tuple[Unit, Parcel | SendResult, Outcome | None]


async def hand_over(unit_id: int) -> None:
    """Send the mail of a ready unit and note that it is delivered. Safe to repeat: one message is sent once."""
    found = await _prepared(unit_id)
    if found is None:
        return
    unit, ready = found
    outcome = await post_async(ready) if isinstance(ready, Parcel) else None
    await _settled((unit, ready, outcome))


def _prepare(unit_id: int) -> Prepared:
    unit = work.claim(Unit, unit_id, seconds=LEASE_SECONDS)
    if unit is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [unit.order_id, unit.pk])
        message = cursor.fetchone()
    if unit.state == S.READY and not unit.cancel_wanted and message is not None:
        return unit, prepare(message[0])
    work.release(unit, due_at=None)
    return None


NEWEST = """
SELECT id FROM delivery_message WHERE order_id = %s AND unit_id = %s AND kind = 'esim_ready' ORDER BY version DESC LIMIT 1
"""


def _prepare_many(asked: Sequence[Asked[int, Prepared]]) -> list[Prepared | Alone | Exception]:
    """Units whose first mail was not tried yet; any other takes the long way."""
    now = clock.now()
    with transaction():
        units = {unit.pk: unit for unit in rows.load(Unit, FIRST, [[one.ask for one in asked], now])}
        taken = take_first({pk: unit.order_id for pk, unit in units.items()})
        until = now + timedelta(seconds=LEASE_SECONDS)
        for pk in taken:
            units[pk].lease_until = units[pk].due_at = until
        rows.change_many(Unit, [{"id": pk, "lease_until": until, "due_at": until} for pk in taken])
    return [ALONE if one.ask not in taken else _built(units[one.ask], *taken[one.ask]) for one in asked]


FIRST = """
WHERE t.id = ANY(%s) AND t.state = 'ready' AND t.cancel_wanted = '' AND t.due_at IS NOT NULL
  AND (t.lease_until IS NULL OR t.lease_until <= %s) ORDER BY t.id FOR UPDATE SKIP LOCKED
"""


def _built(unit: Unit, message: Message, link: InstallLink) -> Prepared | Exception:
    try:
        return unit, build_taken(message, link)
    except Exception as error:
        return error


def _settle(found: Posted) -> None:
    """Two commits: that the mail went out stays written, whatever became of its unit meanwhile."""
    unit, ready, outcome = found
    if isinstance(ready, Parcel):
        assert outcome is not None
        _keep(unit, settle(ready, outcome))
    else:
        _keep(unit, ready)


def _settle_many(asked: Sequence[Asked[Posted, None]]) -> list[Alone | None]:
    """Mails that were taken at the first try; any other takes the long way."""
    sent = [(one.rid, one.ask[0], message) for one in asked if (message := _plainly_sent(*one.ask[1:])) is not None]
    with transaction():
        settle_sent([(rid, message) for rid, _, message in sent])
        _delivered_many([(rid, unit) for rid, unit, _ in sent])
    done = {unit.pk for _, unit, _ in sent}
    return [None if one.ask[0].pk in done else ALONE for one in asked]


def _plainly_sent(ready: Parcel | SendResult, outcome: Outcome | None) -> Message | None:
    if isinstance(ready, Parcel) and isinstance(outcome, Accepted) and not ready.repeat and not ready.message.attempts:
        return ready.message
    return None


def _keep(unit: Unit, result: SendResult) -> None:
    if result.name == "sent":
        with transaction():
            delivered(unit)
    elif result.name == "put_off":
        # A reseller reads it here already; the order is not late because its account sends too much.
        with transaction():
            delivered(unit, why="ready, and its mail waits its turn")
    else:
        # The message row owns its retries; the unit looks again after the next one. A failed one is a dead letter.
        work.release(unit, due_at=result.at + timedelta(seconds=10) if result.at is not None else None)


@needs_transaction
def delivered(unit: Unit, *, why: str = "mail handed over") -> None:
    """The buyer has it: the unit is delivered, the order perhaps complete, the shop to be told."""
    _delivered_many([(context.request_id(), unit)], why=why)


@needs_transaction
def _delivered_many(units: Sequence[tuple[str, Unit]], *, why: str = "mail handed over") -> None:
    if not units:
        return
    now = clock.now()
    orders = sorted({unit.order_id for _, unit in units})
    tests = lock_orders(orders)
    move_many(
        [
            Step(unit=unit, path=(S.DELIVERED,), why=why, rid=rid, due_at=None, fields={"delivered_at": now})
            for rid, unit in units
        ]
    )
    deadletters.close_letters("unit", [unit.pk for _, unit in units], resolution="delivered")
    events.record_each([(rid, UnitDelivered(order_id=unit.order_id, unit_id=unit.pk)) for rid, unit in units])
    finish_orders(orders)
    for _, unit in units:
        # What a test order's stand-in does late is no trouble of ours: the figure pages a person.
        if unit.order_id not in tests:
            on_commit(partial(DELIVERY_SECONDS.observe, (now - unit.created_at).total_seconds()))


def message_sent(unit_id: int) -> None:
    """The mail of a unit went out by a retry or by a person's wish: a ready unit is delivered now."""
    unit = Unit.objects.select_related("order").filter(pk=unit_id, state=S.READY, cancel_wanted="").first()
    if unit is not None:
        with transaction():
            delivered(unit)


_prepared: Together[int, Prepared] = Together("ordering.hand_over", _prepare_many, _prepare)
_settled: Together[Posted, None] = Together("ordering.hand_over", _settle_many, _settle, of=lambda ask: ask[0].pk)
