"""Bringing what happened at the supplier's side to the company's tables. News only says where to look; the rows are read.

Acts for us; may be repeated in any order, for it copies what is, not what changed.
"""

from __future__ import annotations

from typing import Any

from simplane.core import clock, events, jobs, tenancy
from simplane.core.db import needs_transaction, transaction
from simplane.fleet.actions import booking
from simplane.fleet.actions.ending import close, fail_within
from simplane.fleet.actions.periods import begin_period
from simplane.fleet.actions.topping import changed, filled
from simplane.fleet.events import FleetLineMoved
from simplane.fleet.models import FleetLine, Operation, Service
from simplane.fleet.states import OVER, SERVICE, state_of
from simplane.fleet.telling import tell_if_unasked
from simplane.lines.models import Line
from simplane.ordering import states as unit_states
from simplane.ordering.models import Unit
from simplane.policies import actions as policies
from simplane.suppliers import registry
from simplane.workforce.models import Employee

K, Op, S = Operation.Kind, Operation.State, FleetLine.State
STUCK = "our people look into this order; nothing is bought twice"


def learn(unit_id: int) -> None:
    """Look at a unit and its eSIM, and bring the operation and the company's line to what is so."""
    unit = Unit.objects.select_related("line__supplier").get(pk=unit_id)
    with tenancy.everywhere(), transaction():
        rows = Operation.objects.select_for_update(of=("self",)).select_related("line", "plan")
        wish = rows.filter(unit_id=unit_id).first()
        if wish is None:
            return
        line = FleetLine.objects.select_for_update(of=("self",)).get(pk=wish.line_id)
        if unit.tops_up_id is not None and unit.state == Unit.State.DELIVERED:
            if wish.state in (Op.SENT, Op.UNKNOWN):
                (changed if wish.kind == K.CHANGE_PLAN else filled)(wish, line, unit)
            _copy(line, Line.objects.select_related("supplier").get(pk=line.line_id))
        elif unit.line is not None and unit.state in (Unit.State.READY, Unit.State.DELIVERED):
            if wish.state in (Op.SENT, Op.UNKNOWN):
                _bought(wish, line, unit)
            if line.line_id == unit.line_id:
                _copy(line, unit.line)
        elif unit.state in unit_states.GONE:
            _gone(wish, line, unit)
        elif unit.state == Unit.State.DEAD and wish.state == Op.SENT:
            Operation.objects.filter(pk=wish.pk).update(state=Op.UNKNOWN, state_at=clock.now(), problem=STUCK)


@needs_transaction
def _bought(wish: Operation, line: FleetLine, unit: Unit) -> None:
    """The eSIM is here: the line has it, its plan begins, the reservation is spent, the person gets a link."""
    assert unit.line is not None
    assert wish.plan is not None
    old = line.line_id
    now = clock.now()
    line.line_id, line.unit_id, line.order_id = unit.line.pk, unit.pk, unit.order_id
    line.plan, line.problem = wish.plan, ""
    line.wanted, line.wanted_at = Service.ACTIVE, now
    begin_period(wish, line, unit)
    if wish.reservation:
        policies.settle(wish.reservation, unit.price_minor)
    line.save()
    booking.book(wish, line, unit)
    close(wish, Op.DONE)
    hand_over(line)
    if old is not None:
        jobs.enqueue("fleet.end_replaced", old_line_id=old, operation_id=wish.pk)


@needs_transaction
def hand_over(line: FleetLine) -> None:
    """The person gets a link; one who left while it was bought gets none, and the line is paused like their others."""
    # Locked: whoever leaves now waits, and then finds this line with its eSIM.
    person = Employee.objects.select_for_update(no_key=True).filter(pk=line.employee_id).first()
    if person is not None and person.state == Employee.State.LEFT:
        jobs.enqueue("fleet.leaver", organization_id=line.organization_id, employee_id=person.pk)
    else:
        jobs.enqueue("fleet.send_link", line_id=line.pk)


@needs_transaction
def _gone(wish: Operation, line: FleetLine, unit: Unit) -> None:
    """The order ended without an eSIM (or it was given back)."""
    if wish.state in (Op.SENT, Op.UNKNOWN):
        fail_within(wish, "it could not be had from any supplier: nothing was charged")
    elif line.unit_id == unit.pk and line.state not in OVER:
        _move(line, {"state": S.ENDED, "service": Service.TERMINATED, "ended_at": clock.now()})


@needs_transaction
def _copy(line: FleetLine, esim: Line) -> None:
    """What the supplier says of the eSIM, on the company's line."""
    can = registry.capabilities(esim.supplier)
    service = SERVICE[esim.service_state]  # type: ignore[index]
    found: dict[str, Any] = {
        "supplier": esim.supplier.code,
        "change": can.change_plan,
        "can_swap": can.swap_profile,
        "iccid": esim.iccid,
        "profile": esim.profile_state,
        "plan_state": esim.plan_state,
        "service": service,
        "service_at": esim.service_at or esim.issued_at,
        "country": esim.country,
        "data_total": esim.data_total,
        "data_used": esim.data_used,
        "usage_at": esim.usage_at,
        "installed_at": esim.installed_at,
        "first_use_at": esim.first_use_at,
        "expires_at": esim.expires_at,
        "ended_at": esim.ended_at,
        "state": state_of(esim),
    }
    if esim.data_used and esim.data_used != line.data_used:
        found["last_use_at"] = esim.usage_at
    _move(line, found)


@needs_transaction
def _move(line: FleetLine, found: dict[str, Any]) -> None:
    changed = {name: value for name, value in found.items() if getattr(line, name) != value}
    if not changed:
        return
    before, confirmed = line.state, line.service
    if "state" in changed:
        changed["state_at"] = clock.now()
    for name, value in changed.items():
        setattr(line, name, value)
    line.save(update_fields=list(changed))
    tell_if_unasked(line, confirmed)
    if line.state in OVER:
        booking.end_meter(line)
    if "state" in changed:
        events.record(
            FleetLineMoved(
                organization_id=line.organization_id, fleet_line_id=line.pk, before=before, after=str(line.state)
            )
        )
