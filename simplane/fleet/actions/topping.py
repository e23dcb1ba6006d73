"""More data for a line that is there: asked for in the company's scope, ordered and learned by us."""

from __future__ import annotations

from typing import NoReturn

from simplane.core import clock
from simplane.core.db import needs_transaction, transaction
from simplane.fleet.actions import booking, wish
from simplane.fleet.actions.ending import close
from simplane.fleet.errors import NotPossible
from simplane.fleet.models import FleetLine, Operation, PlanPeriod
from simplane.fleet.possible import hindrance
from simplane.ordering import topping_up
from simplane.ordering.models import Unit
from simplane.ordering.placing import OrderWanted, Placed
from simplane.policies import actions as policies


def top_up(line_id: str, plan_id: str, *, asked_by: str, reason: str, key: str = "") -> Operation:
    """The data of a plan on the eSIM of a line; the line stays on its own plan.

    Raises NoSuchLine, NoSuchPlan, NotPossible, LineBusy, AgainstPolicy. That it fits is found out by the order.
    """
    if found := wish.known(key, Operation.Kind.TOP_UP, line_id):
        return found
    with transaction():
        line = wish.locked(line_id)
        if why := hindrance(line, "top_up"):
            raise NotPossible(f"no data can be added to this line: {why}", fix="order a new one")
        plan = wish.plan_of(plan_id)
        made = wish.draft(line, Operation.Kind.TOP_UP, asked_by, key=key, bulk=None, reason=reason, plan=plan)
        wish.buy(made, line, plan)
        return made


def change_plan(line_id: str) -> NoReturn:
    """Always refused for now, with what to do instead. Raises NoSuchLine, NotPossible."""
    with transaction():
        line = wish.locked(line_id)
    if line.plan.change == line.plan.Change.NO:
        raise NotPossible(
            "its supplier can not change its plan", fix="order a line on the other plan, then end this one"
        )
    raise NotPossible("plans of lines can not be changed yet", fix="order a line on the other plan, then end this one")


def order(asked: Operation, wanted: OrderWanted) -> Placed:
    """Place the order that fills the line's eSIM. Acts for us; raises as `ordering.topping_up.order`."""
    assert asked.line.unit_id is not None
    unit = Unit.objects.select_related("line__supplier", "organization").get(pk=asked.line.unit_id)
    return topping_up.order(topping_up.Topping(unit, wanted, counted=False))


@needs_transaction
def filled(asked: Operation, line: FleetLine, unit: Unit) -> None:
    """The data is on the eSIM: the reservation is spent, the purchase booked, and the history has it. Acts for us."""
    now = clock.now()
    PlanPeriod(
        organization_id=line.organization_id,
        line=line,
        plan=asked.plan,
        operation=asked,
        price_minor=unit.price_minor,
        currency=unit.currency,
        cost_centre_id=line.cost_centre_id,
        started_at=now,
        ended_at=now,
    ).save()
    if asked.reservation:
        policies.settle(asked.reservation, unit.price_minor)
    booking.spend(asked, line, unit)
    close(asked, Operation.State.DONE)
