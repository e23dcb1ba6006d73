"""Moving units: the state, its history and what the order learns of it, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model

from simplane.core import clock, context, deadletters, events, rows
from simplane.core.db import needs_transaction
from simplane.core.errors import IllegalMove
from simplane.core.money import Money
from simplane.ordering import money, states
from simplane.ordering.events import UnitDied, UnitEnded, UnitMoved
from simplane.ordering.models import Unit

S = Unit.State
ASK_AGAIN = timedelta(hours=1)
"""How often the supplier is asked about a unit that a person has, while its purchase may have been executed."""


@needs_transaction
def still_held(unit: Unit) -> bool:
    """Lock the order and the unit, and bring the unit up to date with what happened while a supplier was asked.

    False when this worker's lease is over and another has the unit: what it found out must change nothing then.
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD, {"unit": unit.pk, "order": unit.order_id})
        row = cursor.fetchone()
    assert row is not None
    state, lease_until, cancel_wanted, order_state, customer_id = row
    if lease_until != unit.lease_until or state != unit.state:
        return False
    unit.cancel_wanted, unit.order.state = cancel_wanted, order_state
    if customer_id != unit.order.customer_id:
        unit.order.refresh_from_db(fields=["customer"])
    return True


HOLD = """
WITH whole AS (SELECT id, state, customer_id FROM ordering_order WHERE id = %(order)s FOR UPDATE)
SELECT unit.state, unit.lease_until, unit.cancel_wanted, whole.state, whole.customer_id
  FROM whole JOIN ordering_unit AS unit ON unit.order_id = whole.id WHERE unit.id = %(unit)s FOR UPDATE OF unit
"""


@needs_transaction
def held_still(units: Sequence[Unit]) -> set[int]:
    """As `still_held`, for units whose orders' customers are as they were: the keys of those that may be gone on with.

    Orders are locked in the order of their keys, each before its units, so that no two groups wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD_MANY, [[unit.order_id for unit in units], [unit.pk for unit in units]])
        found = {pk: rest for pk, *rest in cursor.fetchall()}
    held = set()
    for unit in units:
        state, lease_until, cancel_wanted, order_state, customer_id = found[unit.pk]
        if (state, lease_until, customer_id) == (unit.state, unit.lease_until, unit.order.customer_id):
            unit.cancel_wanted, unit.order.state = cancel_wanted, order_state
            held.add(unit.pk)
    return held


HOLD_MANY = """
WITH whole AS (SELECT id, state, customer_id FROM ordering_order WHERE id = ANY(%s) ORDER BY id FOR UPDATE)
SELECT unit.id, unit.state, unit.lease_until, unit.cancel_wanted, whole.state, whole.customer_id
  FROM whole JOIN ordering_unit AS unit ON unit.order_id = whole.id WHERE unit.id = ANY(%s) FOR UPDATE OF unit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a unit goes. `fields`: further columns and their values."""

    unit: Unit
    path: tuple[str, ...]
    due_at: datetime | None
    why: str = ""
    rid: str = ""
    detail: dict[str, Any] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@needs_transaction
def move(
    unit: Unit, *path: str, why: str = "", due_at: datetime | None, detail: dict[str, Any] | None = None, **fields: Any
) -> None:
    """Take the unit along `path` (usually one state), give back its lease, and set when its next step is due.

    Raises IllegalMove when the table forbids it or another worker moved the unit meanwhile.
    """
    rid = context.request_id()
    move_many([Step(unit=unit, path=path, due_at=due_at, why=why, rid=rid, detail=detail, fields=fields)])


@needs_transaction
def move_many(steps: Sequence[Step]) -> None:
    """As `move`, for several units with the same further fields."""
    now = clock.now()
    news = [(step.rid, one) for step in steps for one in _news(step)]
    changes = [
        {"state": step.path[-1], "state_at": now, "due_at": step.due_at, "lease_until": None, **step.fields}
        for step in steps
    ]
    given = [
        {
            "id": step.unit.pk,
            "was_state": str(step.unit.state),
            **{CALLED.get(name, name): _key(value) for name, value in change.items()},
        }
        for step, change in zip(steps, changes, strict=True)
    ]
    moved = {pk for (pk,) in rows.change_many(Unit, given)}
    for step, change in zip(steps, changes, strict=True):
        if step.unit.pk not in moved:
            raise IllegalMove(f"unit {step.unit.public_id} is no longer {step.unit.state}", fix="load it again")
        for name, value in change.items():
            setattr(step.unit, name, value)
    events.record_each(news)


def _news(step: Step) -> Iterator[UnitMoved]:
    """Each state on the way. Raises IllegalMove for one that may not follow."""
    unit, here = step.unit, str(step.unit.state)
    for there in step.path:
        states.check(here, there)
        last = there == step.path[-1]
        yield UnitMoved(
            order_id=unit.order_id,
            unit_id=unit.pk,
            before=here,
            after=there,
            why=step.why if last else "",
            detail=step.detail if last else None,
        )
        here = there


CALLED = {"purchase": "purchase_id", "line": "line_id"}


def _key(value: Any) -> Any:
    return value.pk if isinstance(value, Model) else value


@needs_transaction
def die(unit: Unit, cause: str, summary: str, *, detail: dict[str, Any] | None = None) -> None:
    """A person must decide: the unit stops, its dead letter opens, the money at risk is its price.

    While its purchase may have been executed the supplier is still asked, so that nobody forgets an eSIM.
    """
    if unit.state != S.DEAD:
        move(unit, S.DEAD, why=summary, due_at=clock.now() + ASK_AGAIN if states.may_have_esim(unit) else None)
    deadletters.open_letter(
        "unit",
        unit.pk,
        cause=cause,
        summary=f"{unit.order.name}: {summary}",
        order_id=unit.order_id,
        money=Money(unit.price_minor, unit.currency),
        detail=detail,
    )
    events.record(UnitDied(order_id=unit.order_id, unit_id=unit.pk, cause=cause))


@needs_transaction
def end(unit: Unit, state: str, *, why: str) -> None:
    """The unit ends: its letter closes and its order may be complete."""
    lock_order(unit.order_id)
    move(unit, state, why=why, due_at=None, cancel_wanted="")
    deadletters.close_letter("unit", unit.pk, resolution=state)
    money.undone(unit, state)
    events.record(UnitEnded(order_id=unit.order_id, unit_id=unit.pk, state=state))
    finish_order(unit.order_id)


@needs_transaction
def lock_order(order_id: int) -> None:
    """Take the order's row lock before the lock of any of its units, always in that order, so that nobody deadlocks."""
    lock_orders([order_id])


@needs_transaction
def lock_orders(order_ids: Sequence[int]) -> set[int]:
    """As `lock_order`, for several; always in the order of their keys. Returns which of them are tests."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_ORDERS, [list(order_ids)])
        return {pk for pk, is_test in cursor.fetchall() if is_test}


LOCK_ORDERS = "SELECT id, is_test FROM ordering_order WHERE id = ANY(%s) ORDER BY id FOR UPDATE"


@needs_transaction
def lock_orders_of(unit_ids: Sequence[int]) -> None:
    """As `lock_orders`, for the orders of these units."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_ORDERS_OF, [list(unit_ids)])


LOCK_ORDERS_OF = """
SELECT FROM ordering_order WHERE id IN (SELECT order_id FROM ordering_unit WHERE id = ANY(%s)) ORDER BY id FOR UPDATE
"""


@needs_transaction
def finish_order(order_id: int) -> None:
    """Close the order when nothing is owed any more; its delivery clock stops. The caller holds the order's lock.

    Without the lock two units that end at the same moment would each see the other one unfinished.
    """
    finish_orders([order_id])


@needs_transaction
def finish_orders(order_ids: Sequence[int]) -> None:
    """As `finish_order`, for several whose locks the caller holds."""
    with connection.cursor() as cursor:
        cursor.execute(FINISH, {"orders": list(order_ids), "now": clock.now()})


FINISH = """
UPDATE ordering_order AS whole SET
  state = CASE WHEN owed.delivered > 0 THEN 'done' ELSE 'cancelled' END,
  delivered_at = CASE WHEN owed.delivered > 0 THEN coalesce(delivered_at, %(now)s) END,
  clock_next_at = NULL
FROM unnest(%(orders)s::bigint[]) AS one (id), LATERAL (
  SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered,
    count(*) FILTER (WHERE state NOT IN ('delivered', 'failed', 'cancelled', 'refunded')) AS unfinished
  FROM ordering_unit WHERE order_id = one.id
) AS owed
WHERE whole.id = one.id AND owed.unfinished = 0
  AND (whole.state = 'open' OR (whole.state = 'done' AND owed.delivered = 0)
    OR (whole.state = 'held' AND whole.cancelled_at IS NOT NULL))
  AND (whole.cancelled_at IS NOT NULL OR NOT EXISTS (
    SELECT FROM ordering_orderline WHERE order_id = one.id AND state = 'needs_mapping' AND wanted > 0))
"""
