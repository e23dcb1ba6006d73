"""Jobs and timetable of ordering: thin; each calls one action."""

from __future__ import annotations

from typing import Any

from simplane.core import jobs, work
from simplane.core.db import transaction
from simplane.core.schedule import scheduled
from simplane.ordering import actions, loose, sweep
from simplane.ordering.actions import topping
from simplane.ordering.models import Compensation, Unit


@jobs.job("ordering.advance", queue="supplier", hint=True)
async def advance(unit_id: int) -> None:
    await actions.advance(unit_id)


@jobs.job("ordering.start", queue="supplier")
async def start(order_id: int) -> None:
    await actions.start(order_id)


@jobs.job("ordering.hand_over", queue="mail", hint=True)
async def hand_over(unit_id: int) -> None:
    await actions.hand_over(unit_id)


@jobs.job("ordering.end_old_plan", queue="supplier")
async def end_old_plan(unit_id: int) -> None:
    await topping.end_old_plan(unit_id)


@jobs.job("ordering.message_sent", queue="default")
def message_sent(unit_id: int | None) -> None:
    if unit_id is not None:
        actions.message_sent(unit_id)


@jobs.job("ordering.compensate", queue="supplier", hint=True)
async def compensate(compensation_id: int) -> None:
    await actions.compensate(compensation_id)


@jobs.job("ordering.tell_customer", queue="default")
def tell_customer(order_id: int, step: int) -> None:
    actions.tell_customer(order_id, step)


@scheduled("due_units", cron="* * * * * *", title="Units whose next step is due", most_seconds=30)
def due_units() -> dict[str, Any]:
    """Also the safety net behind every lost job: no unit that owes a step is without a due time."""
    with transaction():
        units = work.take_due(Unit, hold_seconds=60)
        jobs.enqueue_missing("ordering.advance", "unit_id", units)
        taken = work.take_due(Compensation, hold_seconds=120)
        jobs.enqueue_missing("ordering.compensate", "compensation_id", taken)
    return {"units": len(units), "compensations": len(taken)}


@scheduled("delivery_clock", cron="* * * * * */5", title="Delivery clock of open orders", most_seconds=60)
def delivery_clock() -> dict[str, Any]:
    return {"steps": actions.tick()}


@scheduled("stuck_orders", cron="*/10 * * * *", title="Stuck-order sweep", most_seconds=300)
def stuck_orders() -> dict[str, Any]:
    return sweep.stuck_orders()


@scheduled("loose_rows", cron="53 3 * * *", title="Orders and entries that name what is gone", most_seconds=3600)
def loose_rows() -> dict[str, Any]:
    return {"columns": loose.look()}
