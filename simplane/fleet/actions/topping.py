"""More data for a line that is there, or another plan: asked for in the company's scope, ordered and learned by us."""

from __future__ import annotations

from datetime import date

from simplane.core import clock
from simplane.core.db import needs_transaction, transaction
from simplane.fleet import possible
from simplane.fleet.actions import booking, scheduling, wish
from simplane.fleet.actions.ending import close
from simplane.fleet.actions.periods import begin_period, note_period
from simplane.fleet.errors import NotPossible
from simplane.fleet.models import Bulk, FleetLine, Operation, Plan
from simplane.lines.models import Line
from simplane.ordering import topping_up
from simplane.ordering.models import Unit
from simplane.ordering.placing import OrderWanted, Placed
from simplane.policies import actions as policies

K = Operation.Kind


def top_up(line_id: str, plan_id: str, *, asked_by: str, reason: str, key: str = "") -> Operation:
    """The data of a plan on the eSIM of a line; the line stays on its own plan.

    Raises NoSuchLine, NoSuchPlan, NotPossible, LineBusy, AgainstPolicy. That it fits is found out by the order.
    """
    if found := wish.known(key, K.TOP_UP, line_id):
        return found
    with transaction():
        line = wish.locked(line_id)
        possible.check(line, K.TOP_UP)
        plan = wish.plan_of(plan_id)
        made = wish.draft(line, K.TOP_UP, asked_by, key=key, bulk=None, reason=reason, plan=plan)
        wish.buy(made, line, plan)
        return made


def change_plan(
    line_id: str,
    plan_id: str,
    *,
    asked_by: str,
    reason: str,
    key: str = "",
    on: date | None = None,
    bulk: Bulk | None = None,
) -> Operation:
    """Another plan on the same eSIM, now or on a later day (UTC); the new plan is bought at its full price.

    Its budget is set aside when it is asked for. Raises NoSuchLine, NoSuchPlan, NotPossible, LineBusy, AgainstPolicy, BadInput.
    """
    if found := wish.known(key, K.CHANGE_PLAN, line_id):
        return found
    later = scheduling.later(on)
    with transaction():
        line = wish.locked(line_id)
        plan = wish.plan_of(plan_id)
        _check_change(line, plan)
        made = wish.draft(line, K.CHANGE_PLAN, asked_by, key=key, bulk=bulk, reason=reason, plan=plan, on=later)
        line.wanted_plan = plan
        wish.buy(made, line, plan)
        return made


def _check_change(line: FleetLine, plan: Plan) -> None:
    possible.check(line, K.CHANGE_PLAN)
    if plan.pk == line.plan_id:
        raise NotPossible("the line is on this plan", fix="choose another plan, or add data to it")
    if line.supplier not in plan.suppliers:
        raise NotPossible(
            "the supplier of this line does not have this plan", fix="choose another plan, or order a line on this one"
        )


def order(asked: Operation, wanted: OrderWanted) -> Placed:
    """Place the order that fills the line's eSIM. Acts for us; raises as `ordering.topping_up.order`."""
    assert asked.line.unit_id is not None
    unit = Unit.objects.select_related("line__supplier", "organization").get(pk=asked.line.unit_id)
    instead = asked.kind == K.CHANGE_PLAN
    return topping_up.order(topping_up.Topping(unit, wanted, counted=False, instead=instead))


@needs_transaction
def filled(asked: Operation, line: FleetLine, unit: Unit) -> None:
    """The data is on the eSIM: the reservation is spent, the purchase booked, and the history has it. Acts for us."""
    now = clock.now()
    note_period(asked, line, unit, now, now)
    _spent(asked, line, unit)


@needs_transaction
def changed(asked: Operation, line: FleetLine, unit: Unit) -> None:
    """As `filled`: the line is on its new plan."""
    assert asked.plan is not None
    line.plan, line.wanted_plan, line.problem = asked.plan, None, ""
    line.save(update_fields=["plan", "wanted_plan", "problem"])
    begin_period(asked, line, unit)
    booking.meter(line, Line.objects.select_related("supplier").get(unit_id=line.unit_id))
    _spent(asked, line, unit)


@needs_transaction
def _spent(asked: Operation, line: FleetLine, unit: Unit) -> None:
    if asked.reservation:
        policies.settle(asked.reservation, unit.price_minor)
    booking.spend(asked, line, unit)
    close(asked, Operation.State.DONE)
