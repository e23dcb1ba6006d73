"""Owing less: cancels, refunds and removals at the shop, decided unit by unit (reference 0.5). They can not be refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import QuerySet

from simplane.core import clock, events, jobs
from simplane.core.db import needs_transaction
from simplane.ordering import states
from simplane.ordering.events import UnitMoved
from simplane.ordering.models import Compensation, Order, OrderLine, Unit
from simplane.ordering.moves import end, lock_order, move
from simplane.ordering.queries import given_back
from simplane.ordering.states import ASKED, ENDS, GIVEN_UP

S = Unit.State
_TOLD = {
    "cancel": "cancel at the shop",
    "refund": "refund at the shop",
    "dispute": "dispute",
    GIVEN_UP: "given up by us",
    ASKED: "cancelled by the reseller",
}


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
    owed = _locked(order.units.filter(order_line=line).exclude(given_back()))
    surplus = len(owed) - line.wanted
    if surplus <= 0:
        return 0
    return sum(_take_back(unit, reason) for unit in sorted(owed, key=_cheapest_to_lose)[:surplus])


@needs_transaction
def give_up_undelivered(order_id: int, lines: Mapping[str, int]) -> int:
    """The buyer gets money instead of these units (their number by the shop's line id): whatever of them is not in the
    buyer's hands is no longer bought or mailed. Those given up before count. Returns how many were given up now.
    """
    lock_order(order_id)
    missing = Unit.objects.filter(order_id=order_id, external_line__in=lines).exclude(
        state__in=[S.DELIVERED, *states.TAKEN_BACK]
    )
    chosen: list[Unit] = []
    for line, count in lines.items():
        of_line = [unit for unit in _locked(missing) if unit.external_line == line]
        chosen += sorted(of_line, key=_cheapest_to_lose)[:count]
    fresh = [unit for unit in chosen if unit.state != S.FAILED and not unit.cancel_wanted]
    return sum(_take_back(unit, GIVEN_UP) for unit in fresh)


def _locked(units: QuerySet[Unit]) -> Sequence[Unit]:
    rows = Unit.objects.filter(pk__in=units.values("pk")).select_for_update(of=("self",))
    return list(rows.select_related("order", "line", "purchase").order_by("pk"))


def _cheapest_to_lose(unit: Unit) -> tuple[int, int]:
    """What we gave up, then not sent, then in flight, then bought but not installed, then installed; the youngest first."""
    if unit.state == S.FAILED or unit.cancel_wanted:
        rank = -1
    elif unit.state in states.UNSENT or unit.state == S.DEAD:
        rank = 0
    elif unit.state in states.MAYBE_BOUGHT:
        rank = 1
    elif unit.line is not None and unit.line.installed_at is not None:
        rank = 3
    else:
        rank = 2
    return rank, -unit.index


def _take_back(unit: Unit, reason: str) -> int:
    """Returns 1 when this unit was touched, 0 when it was taken back before."""
    if unit.state in states.TAKEN_BACK or unit.cancel_wanted not in ("", GIVEN_UP):
        return 0
    if unit.state == S.FAILED:
        end(unit, ENDS[reason], why=f"{_TOLD[reason]} after it was given up")
    elif unit.line is not None or unit.state in (S.READY, S.DELIVERED):
        return open_compensation(unit, reason)
    elif unit.state in states.MAYBE_BOUGHT or states.may_have_esim(unit):
        want_cancel(unit, reason)
    else:
        end(unit, ENDS[reason], why=f"{_TOLD[reason]} before anything was bought")
    return 1


@needs_transaction
def want_cancel(unit: Unit, reason: str) -> None:
    """An eSIM may exist: what is to be done is decided when the supplier has answered, which is asked for now."""
    Unit.objects.filter(pk=unit.pk).update(cancel_wanted=reason)
    why = f"{_TOLD[reason]} while the supplier works: decided when its answer comes"
    events.record(UnitMoved(order_id=unit.order_id, unit_id=unit.pk, before=unit.state, after=unit.state, why=why))
    if unit.state == S.DEAD:
        Unit.objects.filter(pk=unit.pk).update(due_at=clock.now())
        jobs.enqueue("ordering.advance", unit_id=unit.pk)


@needs_transaction
def open_compensation(unit: Unit, reason: str) -> int:
    """An eSIM was issued and its sale undone: what can be taken back is found out and done by its own job.

    Returns 0 when it was under way already.
    """
    now = clock.now()
    wanted = {"reason": reason, "opened_at": now, "due_at": now}
    made, fresh = Compensation.objects.get_or_create(unit=unit, defaults=wanted)
    if not fresh and not _taken_up_again(made, reason):
        return 0
    if unit.state == S.READY:
        # No mail brings any more what is being given back.
        Unit.objects.filter(pk=unit.pk).update(cancel_wanted=reason)
    why = f"{_TOLD[reason]} after the eSIM was issued"
    events.record(UnitMoved(order_id=unit.order_id, unit_id=unit.pk, before=unit.state, after=unit.state, why=why))
    jobs.enqueue("ordering.compensate", compensation_id=made.pk)
    return 1


def _taken_up_again(row: Compensation, reason: str) -> bool:
    """The shop paid back what we had given up."""
    if row.state != Compensation.State.OPEN or row.reason != GIVEN_UP or reason == GIVEN_UP:
        return False
    return bool(Compensation.objects.filter(pk=row.pk).update(reason=reason))


@needs_transaction
def settle_cancel_wanted(unit: Unit) -> None:
    """The supplier's answer came for a unit whose sale was undone meanwhile."""
    reason = unit.cancel_wanted
    if unit.line is None and unit.state != S.READY:
        end(unit, ENDS[reason], why=f"{_TOLD[reason]}; the supplier had not sold it")
        return
    if unit.state != S.READY:
        move(unit, S.READY, why="bought although its sale was undone meanwhile", due_at=None)
    open_compensation(unit, reason)
