"""The rows of write-backs: when one is owed, what it holds, and what came of it. Short statements, no remote calls."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from simplane.channels import shops
from simplane.channels.errors import UnknownShop
from simplane.channels.events import WriteBackFailed, WrittenBack
from simplane.channels.models import WriteBack
from simplane.channels.shops import ShopRef
from simplane.core import clock, deadletters, events, jobs, rows, work
from simplane.core.db import needs_transaction, transaction
from simplane.core.money import Money
from simplane.delivery import links
from simplane.ordering.models import Order, Unit
from simplane.ordering.states import ENDED

LEASE = timedelta(seconds=300)
GRACE = timedelta(seconds=60)
"""While a dead unit may still be repaired, the delivered ones wait this long for it."""
LETTER_AFTER = 8
"""Attempts without success after which a person is told; the attempts go on."""
S = WriteBack.State
OPEN = (S.WANTED, S.CALLING, S.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One write-back this worker holds, with all that its calls need."""

    pk: int
    order_id: int
    shop: ShopRef
    external_order: str
    tracking: str
    url: str
    lines: Mapping[str, int]
    attempts: int
    may_be_sent: bool
    """An earlier attempt may have been executed."""


@dataclass(frozen=True, slots=True)
class Done:
    """These units are fulfilled at the shop, by our calls (`ids`) or without them."""

    lines: Mapping[str, int]
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing was changed at the shop; try again after `seconds`. `patient`: a hold, not a failure."""

    reason: str
    seconds: float
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """A call may have been executed: the next attempt reads first, after `seconds`."""

    reason: str
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Failed:
    """No retry helps; a person decides."""

    cause: str
    reason: str


Result = Done | Wait | Lost | Failed


def owe(order_id: int) -> Task | None:
    """Write down what the shop must be told of this order now, and hold it; None when there is nothing to do yet.

    Nothing while units are on their way. While one is dead, its siblings wait a little for it.
    """
    found = _retail_order(order_id)
    if found is None:
        return None
    order, shop = found
    delivered, on_their_way, dead = _units(order_id)
    if on_their_way or not delivered or shop.state == "uninstalled":
        return None
    made = rows.load(WriteBack, "WHERE t.order_id = %s", [order_id])
    missing = _missing(delivered, made)
    waiting = next((row for row in made if row.state in OPEN), None)
    if not missing:
        return None
    if waiting is not None:
        return _join(waiting, dead=dead)
    return _insert(order, shop, len(made) + 1, missing, wait_for_dead=dead)


def hold(write_back_id: int) -> Task | None:
    """Take a row that is due, or None when another worker holds it or nothing is owed any more."""
    row = work.claim(WriteBack, write_back_id, seconds=LEASE.total_seconds())
    if row is None:
        return None
    found = _retail_order(row.order_id)
    if found is None:
        return None
    order, shop = found
    may_be_sent = row.state != S.WANTED
    if not may_be_sent:
        others = WriteBack.objects.filter(order_id=row.order_id).exclude(pk=row.pk)
        row.lines = _missing(_units(row.order_id)[0], list(others))
        row.state = S.CALLING
        row.save(update_fields=["lines", "state"])
    return _task(row.pk, order, shop, row.tracking, row.lines, attempts=row.attempts, may_be_sent=may_be_sent)


def _retail_order(order_id: int) -> tuple[Order, ShopRef] | None:
    order = rows.first(Order, "WHERE t.id = %s", [order_id])
    if order is None or order.book != "retail":
        return None
    try:
        return order, shops.by_key(order.account)
    except UnknownShop:
        return None


def _units(order_id: int) -> tuple[Counter[str], bool, bool]:
    """Delivered units by the shop's line, whether some are on their way, whether some are dead."""
    with connection.cursor() as cursor:
        cursor.execute(UNITS, [order_id])
        found = cursor.fetchall()
    delivered: Counter[str] = Counter()
    states = set()
    for line, state, units in found:
        states.add(state)
        if state == Unit.State.DELIVERED:
            delivered[line] += units
    return delivered, bool(states - ENDED - {Unit.State.DEAD}), Unit.State.DEAD in states


UNITS = "SELECT external_line, state, count(*) FROM ordering_unit WHERE order_id = %s GROUP BY 1, 2"


def _missing(delivered: Counter[str], made: list[WriteBack]) -> dict[str, int]:
    """Delivered units that no row speaks of. Failed rows count: those wait for a person, not for the next event."""
    told: Counter[str] = Counter()
    for row in made:
        told.update(row.lines)
    return dict(delivered - told)


def _join(waiting: WriteBack, *, dead: bool) -> Task | None:
    """A row is open. One not yet called takes the new units with it; after a call under way we come back."""
    if waiting.state == S.WANTED and not dead:
        return hold(waiting.pk)
    with transaction():
        at = clock.now() + timedelta(seconds=10)
        key = f"write-back:{waiting.order_id}"
        jobs.enqueue("channels.write_back", at=at, once_key=key, order_id=waiting.order_id)
    return None


def _insert(order: Order, shop: ShopRef, number: int, lines: Mapping[str, int], *, wait_for_dead: bool) -> Task | None:
    now = clock.now()
    lease = None if wait_for_dead else now + LEASE
    state = S.WANTED if wait_for_dead else S.CALLING
    tracking = f"{order.public_id}-{number}"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO channels_writeback (order_id, shop_id, number, tracking, lines, state, external_ids, problem,"
            " created_at, due_at, lease_until, attempts) VALUES (%s, %s, %s, %s, %s::jsonb, %s, '[]', '', %s, %s, %s, 0)"
            " ON CONFLICT DO NOTHING RETURNING id",
            [order.pk, shop.pk, number, tracking, json.dumps(dict(lines)), state, now, lease or now + GRACE, lease],
        )
        made = cursor.fetchone()
    if made is None or wait_for_dead:
        return None
    return _task(made[0], order, shop, tracking, lines, attempts=0, may_be_sent=False)


def _task(
    pk: int,
    order: Order,
    shop: ShopRef,
    tracking: str,
    lines: Mapping[str, int],
    *,
    attempts: int,
    may_be_sent: bool,
) -> Task:
    return Task(
        pk=pk,
        order_id=order.pk,
        shop=shop,
        external_order=order.external_id,
        tracking=tracking,
        url=links.order_url(order.pk, locale=order.locale),
        lines=lines,
        attempts=attempts,
        may_be_sent=may_be_sent,
    )


def settle(task: Task, result: Result) -> None:
    """Write down what came of an attempt and give the row back."""
    with transaction():
        match result:
            case Done():
                _done(task, result)
            case Wait():
                state = S.UNKNOWN if task.may_be_sent else S.WANTED
                _again(task, state, result.reason, result.seconds, counts=not result.patient)
            case Lost():
                _again(task, S.UNKNOWN, result.reason, result.seconds, counts=True)
            case Failed():
                _failed(task, result)


@needs_transaction
def _done(task: Task, result: Done) -> None:
    lines, now = dict(result.lines), clock.now()
    _update(task, state=S.DONE, lines=lines, external_ids=list(result.ids), done_at=now, due_at=None, problem="")
    events.record(WrittenBack(order_id=task.order_id, tracking=task.tracking, lines=lines))
    if task.attempts or task.may_be_sent:
        deadletters.close_letter("writeback", task.pk, resolution="done")
    if lines != dict(task.lines):
        # The rest is on hold or not ours to fulfil: it gets a row of its own.
        jobs.enqueue("channels.write_back", order_id=task.order_id)


@needs_transaction
def _again(task: Task, state: str, reason: str, seconds: float, *, counts: bool) -> None:
    attempts = task.attempts + 1 if counts else task.attempts
    pause = min(max(seconds, 2.0 ** min(attempts, 9)), 600.0) if counts else seconds
    due: datetime = clock.now() + timedelta(seconds=pause)
    _update(task, state=state, problem=reason[:500], attempts=attempts, due_at=due)
    if counts and attempts == LETTER_AFTER:
        _letter(task, "writeback_keeps_failing", reason)


@needs_transaction
def _failed(task: Task, result: Failed) -> None:
    _update(task, state=S.FAILED, problem=result.reason[:500], due_at=None)
    events.record(WriteBackFailed(order_id=task.order_id, tracking=task.tracking, problem=result.reason[:300]))
    _letter(task, result.cause, result.reason)


def _update(task: Task, **fields: object) -> None:
    rows.change(WriteBack, "id = %s", [task.pk], lease_until=None, **fields)


def _letter(task: Task, cause: str, reason: str) -> None:
    deadletters.open_letter(
        "writeback",
        task.pk,
        cause=cause,
        summary=f"{task.shop.key}: order {task.external_order} can not be marked as fulfilled: {reason}"[:500],
        order_id=task.order_id,
        money=_worth(task),
        detail={"tracking": task.tracking, "lines": dict(task.lines)},
    )


def _worth(task: Task) -> Money:
    """What the buyer paid for the units the shop does not count as delivered."""
    order = Order.objects.get(pk=task.order_id)
    prices = dict(order.lines.filter(external_id__in=task.lines).values_list("external_id", "unit_price_minor"))
    return Money(sum(prices.get(line, 0) * units for line, units in task.lines.items()), order.currency)
