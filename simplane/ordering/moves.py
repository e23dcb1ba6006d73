"""Moving units: the state, its history and what the order learns of it, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model

from simplane.core import clock, deadletters, events, rows
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
def move(
    unit: Unit, *path: str, why: str = "", due_at: datetime | None, detail: dict[str, Any] | None = None, **fields: Any
) -> None:
    """Take the unit along `path` (usually one state), give back its lease, and set when its next step is due.

    Raises IllegalMove when the table forbids it or another worker moved the unit meanwhile.
    """
    started = unit.state
    news = []
    here = started
    for there in path:
        states.check(here, there)
        last = there == path[-1]
        news.append(
            UnitMoved(
                order_id=unit.order_id,
                unit_id=unit.pk,
                before=here,
                after=there,
                why=why if last else "",
                detail=detail if last else None,
            )
        )
        here = there
    now = clock.now()
    changes = {"state": here, "state_at": now, "due_at": due_at, "lease_until": None, **fields}
    written = {CALLED.get(name, name): _key(value) for name, value in changes.items()}
    if not rows.change(Unit, "id = %s AND state = %s", [unit.pk, str(started)], **written):
        raise IllegalMove(f"unit {unit.public_id} is no longer {started}", fix="load it again")
    for name, value in changes.items():
        setattr(unit, name, value)
    events.record(*news)


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
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM ordering_order WHERE id = %s FOR UPDATE", [order_id])


@needs_transaction
def finish_order(order_id: int) -> None:
    """Close the order when nothing is owed any more; its delivery clock stops. The caller holds the order's lock.

    Without the lock two units that end at the same moment would each see the other one unfinished.
    """
    with connection.cursor() as cursor:
        cursor.execute(FINISH, {"order": order_id, "now": clock.now()})


FINISH = """
UPDATE ordering_order SET
  state = CASE WHEN owed.delivered > 0 THEN 'done' ELSE 'cancelled' END,
  delivered_at = CASE WHEN owed.delivered > 0 THEN coalesce(delivered_at, %(now)s) END,
  clock_next_at = NULL
FROM (
  SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered,
    count(*) FILTER (WHERE state NOT IN ('delivered', 'failed', 'cancelled', 'refunded')) AS unfinished
  FROM ordering_unit WHERE order_id = %(order)s
) AS owed
WHERE id = %(order)s AND owed.unfinished = 0
  AND (ordering_order.state = 'open' OR (ordering_order.state = 'done' AND owed.delivered = 0)
    OR (ordering_order.state = 'held' AND ordering_order.cancelled_at IS NOT NULL))
  AND (ordering_order.cancelled_at IS NOT NULL OR NOT EXISTS (
    SELECT FROM ordering_orderline WHERE order_id = %(order)s AND state = 'needs_mapping' AND wanted > 0))
"""
