"""Owing less: cancels, refunds and removals at the shop, decided unit by unit (reference 0.5). They can not be refused."""

from __future__ import annotations

from collections.abc import Sequence

from simplane.core import clock, events, jobs
from simplane.core.db import needs_transaction
from simplane.ordering import states
from simplane.ordering.events import UnitMoved
from simplane.ordering.models import Compensation, Order, OrderLine, Unit
from simplane.ordering.moves import end, move

S = Unit.State
_ENDS = {"cancel": S.CANCELLED, "refund": S.REFUNDED, "dispute": S.REFUNDED}


@needs_transaction
def cancel_units(order: Order, *, reason: str) -> int:
    """The whole order was cancelled or refunded. Returns how many units were touched."""
    touched = sum(_take_back(unit, reason) for unit in _locked(order.units.all()))
    if not order.units.exclude(state__in=states.GONE).exists() and order.state != Order.State.CANCELLED:
        order.state = Order.State.CANCELLED
        order.clock_next_at = None
        order.save(update_fields=["state", "clock_next_at", "cancelled_at"])
    return touched


@needs_transaction
def shrink_line(order: Order, line: OrderLine, *, reason: str) -> int:
    """Fewer units are wanted of one line: first those not sent to a supplier, then issued ones; returns how many."""
    units = _locked(order.units.filter(order_line=line))
    owed = [
        unit for unit in units if unit.state not in states.GONE and not unit.cancel_wanted and not _compensated(unit)
    ]
    surplus = len(owed) - line.wanted
    if surplus <= 0:
        return 0
    return sum(_take_back(unit, reason) for unit in sorted(owed, key=_cheapest_to_lose)[:surplus])


def _locked(units: object) -> Sequence[Unit]:
    return list(units.select_for_update(of=("self",)).select_related("order", "line", "purchase").order_by("pk"))  # type: ignore[attr-defined]


def _compensated(unit: Unit) -> bool:
    return Compensation.objects.filter(unit=unit).exists()


def _cheapest_to_lose(unit: Unit) -> tuple[int, int]:
    """Not sent before in flight before bought-not-installed before installed; the youngest first."""
    if unit.state in states.UNSENT or unit.state == S.DEAD:
        rank = 0
    elif unit.state in states.MAYBE_BOUGHT:
        rank = 1
    elif unit.line is not None and unit.line.installed_at is not None:
        rank = 3
    else:
        rank = 2
    return rank, -unit.index


def _take_back(unit: Unit, reason: str) -> int:
    if unit.state in states.GONE or unit.cancel_wanted:
        return 0
    if unit.state in states.UNSENT or (unit.state == S.DEAD and not _maybe_bought(unit)):
        end(unit, _ENDS[reason], why=f"{reason} at the shop before anything was bought")
    elif unit.state in states.MAYBE_BOUGHT or unit.state == S.DEAD:
        _want_cancel(unit, reason)
    elif not _compensated(unit):
        open_compensation(unit, reason)
    else:
        return 0
    return 1


def _maybe_bought(unit: Unit) -> bool:
    return unit.purchase is not None and unit.purchase.state in ("requested", "pending", "unknown", "bought")


def _want_cancel(unit: Unit, reason: str) -> None:
    Unit.objects.filter(pk=unit.pk).update(cancel_wanted=reason)
    why = f"{reason} at the shop while the supplier works: decided when its answer comes"
    events.record(UnitMoved(order_id=unit.order_id, unit_id=unit.pk, before=unit.state, after=unit.state, why=why))


@needs_transaction
def open_compensation(unit: Unit, reason: str) -> None:
    """An eSIM was issued and its sale undone: what can be taken back is found out and done by its own job."""
    now = clock.now()
    made, fresh = Compensation.objects.get_or_create(
        unit=unit, defaults={"reason": reason, "opened_at": now, "due_at": now}
    )
    if fresh:
        why = f"{reason} at the shop after the eSIM was issued"
        events.record(UnitMoved(order_id=unit.order_id, unit_id=unit.pk, before=unit.state, after=unit.state, why=why))
        jobs.enqueue("ordering.compensate", compensation_id=made.pk)


@needs_transaction
def settle_cancel_wanted(unit: Unit) -> None:
    """The supplier's answer came for a unit whose sale was undone meanwhile."""
    reason = unit.cancel_wanted
    if unit.line is None:
        end(unit, _ENDS[reason], why=f"{reason} at the shop; the supplier had not sold it")
        return
    if unit.state != S.READY:
        move(unit, S.READY, why="bought although its sale was undone meanwhile", due_at=None)
    open_compensation(unit, reason)
