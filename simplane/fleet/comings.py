"""What lines do when people join, move and leave. Acts for us; each enters the company's scope and asks as everybody asks."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

from simplane.core import clock, jobs, tenancy
from simplane.core.db import transaction
from simplane.fleet import joining
from simplane.fleet.actions import booking, reactivate, refused, scheduling, suspend, terminate
from simplane.fleet.actions.wish import RULE
from simplane.fleet.errors import LineBusy, NotPossible
from simplane.fleet.models import FleetLine, Operation, Service
from simplane.fleet.people_rules import leaver_days
from simplane.fleet.states import OVER
from simplane.fleet.telling import RUNS_ON, tell
from simplane.lines.models import Line
from simplane.policies import actions as policies
from simplane.workforce.models import Employee

K, Op = Operation.Kind, Operation.State
BUSY_SECONDS = 5.0
LEAVER = f"{RULE}leaver"
GONE = "who it was for has left"
BACK = "they are back"
SOONER = "the rule for leavers ends the line sooner"
JUST = timedelta(days=1)
"""So long after somebody was added, their first team still decides what they get: HR systems tell groups afterwards."""


def left(organization_id: int, employee_id: int) -> None:
    """Somebody left: nothing waits for approval for them, every line of theirs is suspended now and ends by the rule.

    A line that is being bought gets its turn when its eSIM is here (actions/learn.py). Raises Temporary while one is busy.
    """
    with tenancy.scope(organization_id):
        theirs = Operation.objects.filter(line__employee_id=employee_id, state=Op.AWAITING_APPROVAL)
        for wish in list(theirs.values_list("public_id", flat=True)):
            refused(wish, GONE)
        person = Employee.objects.filter(pk=employee_id, state=Employee.State.LEFT).first()
        if person is None:
            return
        ends_on = (person.left_at or clock.now()).date() + timedelta(days=leaver_days())
        busy = [line for line in _living(employee_id) if line.line_id and not _put_away(line, ends_on)]
    if busy:
        raise jobs.Temporary(f"{len(busy)} lines are busy", seconds=BUSY_SECONDS)


def joined(organization_id: int, employee_id: int) -> None:
    """Somebody works here from now on, or again: their lines do not end, and without one they get what the rule says."""
    with tenancy.scope(organization_id):
        person = Employee.objects.filter(pk=employee_id, state=Employee.State.ACTIVE).first()
        if person is None:
            return
        lines = _living(employee_id)
        busy = [line for line in lines if not _taken_up(line)]
        if not lines:
            joining.give(person)
    if busy:
        raise jobs.Temporary(f"{len(busy)} lines are busy", seconds=BUSY_SECONDS)


def moved(organization_id: int, employee_id: int) -> None:
    """Somebody belongs elsewhere now: their lines do as well, and what they use from now on."""
    with tenancy.everywhere(), transaction():
        person = Employee.objects.get(organization_id=organization_id, pk=employee_id)
        lines = FleetLine.objects.select_for_update(of=("self",)).filter(employee=person).exclude(state__in=OVER)
        for line in lines.select_related("plan").order_by("pk"):
            line.team_id, line.cost_centre_id = person.team_id, person.cost_centre_id
            line.save(update_fields=["team", "cost_centre"])
            if line.line_id is not None:
                booking.meter(line, Line.objects.select_related("supplier").get(pk=line.line_id))
    if clock.now() - person.created_at < JUST:
        joined(organization_id, employee_id)


def _living(employee_id: int) -> list[FleetLine]:
    rows = FleetLine.objects.filter(employee_id=employee_id).exclude(state__in=OVER)
    return list(rows.exclude(wanted=Service.TERMINATED).select_related("plan").order_by("pk"))


def _put_away(line: FleetLine, ends_on: date) -> bool:
    """False: ask again later. What its supplier can neither pause nor end runs on, and people are told."""
    with transaction():
        scheduling.take_back_all(line, GONE, K.CHANGE_PLAN, K.REACTIVATE)
    try:
        if ends_on <= clock.now().date():
            terminate(line.public_id, asked_by=LEAVER, reason="left the company")
            return True
        if line.wanted == Service.ACTIVE:
            _paused(line)
        _plan_end(line, ends_on)
    except LineBusy:
        return False
    except NotPossible as why:
        with transaction():
            tell(line, RUNS_ON, "The line of somebody who left runs on", str(why))
    return True


def _paused(line: FleetLine) -> None:
    try:
        suspend(line.public_id, asked_by=LEAVER, reason="left the company")
    except NotPossible as why:
        with transaction():
            text = f"{why}. It ends by the rule for leavers."
            tell(line, RUNS_ON, "The line of somebody who left can not be paused", text)


def _plan_end(line: FleetLine, ends_on: date) -> None:
    """Unless it is to end sooner anyway."""
    planned = Operation.objects.filter(line=line, kind=K.TERMINATE, state=Op.SCHEDULED).first()
    if planned is not None and planned.effective_on is not None and planned.effective_on <= ends_on:
        return
    with transaction():
        scheduling.take_back_all(line, SOONER, K.TERMINATE)
    terminate(line.public_id, asked_by=LEAVER, reason="left the company: ends by the rule for leavers", on=ends_on)


def _taken_up(line: FleetLine) -> bool:
    """What leaving did to a line is undone; what else stopped it, or is to end it, stays. False: ask again later."""
    with transaction():
        scheduling.take_back_all(line, BACK, K.TERMINATE, asked_by=LEAVER)
    _plan_again(line)
    last = Operation.objects.filter(line=line, kind=K.SUSPEND).order_by("-pk").first()
    paused = line.wanted == Service.SUSPENDED and last is not None and last.asked_by == LEAVER
    if not paused or policies.stopped(line.pk):
        return True
    try:
        reactivate(line.public_id, asked_by=LEAVER, reason=BACK)
    except LineBusy:
        return False
    return True


def _plan_again(line: FleetLine) -> None:
    """The end that somebody had planned before the rule for leavers planned a sooner one, unless its day is over."""
    ends = Operation.objects.filter(line=line, kind=K.TERMINATE).order_by("-pk")
    undone = ends.filter(asked_by=LEAVER).first()
    if undone is None or undone.problem != BACK or scheduling.planned(line, K.TERMINATE):
        return
    theirs = ends.filter(pk__lt=undone.pk).first()
    if theirs is None or theirs.problem != SOONER or theirs.effective_on is None:
        return
    if theirs.effective_on > clock.now().date():
        key = f"again:{theirs.public_id}"
        with suppress(NotPossible):
            terminate(line.public_id, asked_by=theirs.asked_by, reason=theirs.reason, key=key, on=theirs.effective_on)
