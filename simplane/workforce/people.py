"""The parts of which every change of a person is made: who they are, whether they work here, and the news about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from simplane.core import audit, clock, context, events, rows, tenancy
from simplane.core.db import needs_transaction
from simplane.core.errors import NotFound
from simplane.core.ids import new_id
from simplane.workforce import managers
from simplane.workforce.errors import Changed
from simplane.workforce.events import EmployeeJoined, EmployeeLeft, EmployeeMoved
from simplane.workforce.facts import SILENT, Facts, cleaned
from simplane.workforce.models import Employee

State = Employee.State
CROWD = 100


def today() -> date:
    """The day by which people start and leave (UTC)."""
    return clock.now().date()


@needs_transaction
def locked(public_id: str, expected_version: int | None = None) -> Employee:
    """The person, to be changed. Raises NotFound, and Changed when it is not the expected version any more."""
    # Not FOR UPDATE: whoever makes this person their report's manager at the same time must not wait for us.
    row: Employee | None = (
        Employee.objects.select_for_update(no_key=True).filter(public_id=public_id, removed_at=None).first()
    )
    if row is None:
        raise NotFound("there is no such person", fix="choose one of the list")
    if expected_version is not None and row.version != expected_version:
        raise Changed("somebody else changed this person meanwhile", fix="look again, then change")
    return row


@needs_transaction
def enter(source: Employee.Source, facts: Facts, *, working: bool = True) -> Employee:
    """A new person. `working=False`: known, but works here no more. Raises BadPerson, ManagerCycle."""
    now, known = clock.now(), cleaned(facts)
    one = Employee(public_id=new_id("emp"), source=source, created_at=now, updated_at=now, **known)
    managers.check(one, one.manager_id)
    one.state = _state(one, working=working)
    one.left_at = None if working else now
    one.save()
    audit.note("employee.added", "employee", one.public_id, after={**_told(known), "state": str(one.state)})
    if one.state == State.ACTIVE:
        events.record(EmployeeJoined(organization_id=tenancy.organization_id(), employee_id=one.pk))
    return one


@needs_transaction
def change(one: Employee, facts: Facts, *, working: bool | None = None, source: Employee.Source | None = None) -> bool:
    """Change what is said, and only that. `working`: they do from now on, or no more; None: as before.

    Returns whether anything is different now. Raises BadPerson, ManagerCycle.
    """
    known = cleaned(facts)
    before = {field: getattr(one, field) for field in known if getattr(one, field) != known[field]}
    if "manager_id" in before:
        managers.check(one, known["manager_id"])
    moved_from = (one.team_id, one.cost_centre_id)
    for field in before:
        setattr(one, field, known[field])
    state = one.state
    one.state = _state(one, working=one.state != State.LEFT if working is None else working)
    if not before and state == one.state:
        return False
    if source is not None:
        one.source = source
    _keep(one, state)
    _note(one, before, state)
    _tell(one, state, moved_from)
    return True


def _state(one: Employee, *, working: bool) -> Employee.State:
    if not working:
        return State.LEFT
    if one.starts_on is not None and one.starts_on > today():
        return State.EXPECTED
    return State.ACTIVE


def _keep(one: Employee, state: str) -> None:
    one.updated_at, one.version = clock.now(), one.version + 1
    if one.state != state:
        one.left_at = one.updated_at if one.state == State.LEFT else None
        if one.state != State.LEFT and one.ends_on is not None and one.ends_on < today():
            one.ends_on = None
    one.save()


def _note(one: Employee, before: dict[str, Any], state: str) -> None:
    after = {field: getattr(one, field) for field in before}
    if one.state != state:
        before, after = {**before, "state": state}, {**after, "state": str(one.state)}
    left = one.state == State.LEFT != state
    action = (
        "employee.left" if left else "employee.rejoined" if state == State.LEFT != one.state else "employee.changed"
    )
    audit.note(action, "employee", one.public_id, before=_told(before), after=_told(after))


def _tell(one: Employee, state: str, moved_from: tuple[int | None, int | None]) -> None:
    whose = tenancy.organization_id()
    if one.state != state and one.state == State.ACTIVE:
        events.record(EmployeeJoined(organization_id=whose, employee_id=one.pk))
    if one.state != state and one.state == State.LEFT:
        events.record(EmployeeLeft(organization_id=whose, employee_id=one.pk))
    if moved_from != (one.team_id, one.cost_centre_id):
        events.record(moved(one.pk, moved_from, (one.team_id, one.cost_centre_id)))


@needs_transaction
def move(wanted: Mapping[Employee, int | None]) -> None:
    """Bring people into other teams. Each one's history says so; of a crowd one line names them all."""
    if len(wanted) <= CROWD:
        for one, team in wanted.items():
            change(one, {"team_id": team})
        return
    now, rid = clock.now(), context.request_id()
    given = [
        {"id": one.pk, "team_id": team, "version": one.version + 1, "updated_at": now} for one, team in wanted.items()
    ]
    rows.change_many(Employee, given)
    after = {one.public_id: team for one, team in wanted.items()}
    audit.note("employee.crowd_moved", "employee", f"{len(after)} people", after={"team of each": after})
    news = [
        moved(one.pk, (one.team_id, one.cost_centre_id), (team, one.cost_centre_id)) for one, team in wanted.items()
    ]
    events.record_each([(rid, one) for one in news])


def moved(
    employee_id: int, before: tuple[int | None, int | None], after: tuple[int | None, int | None]
) -> EmployeeMoved:
    """The news of a move: (team, cost centre) before and after."""
    return EmployeeMoved(
        organization_id=tenancy.organization_id(),
        employee_id=employee_id,
        team_before=before[0],
        team_after=after[0],
        cost_centre_before=before[1],
        cost_centre_after=after[1],
    )


def _told(facts: dict[str, Any]) -> dict[str, Any]:
    """As the history keeps it: JSON, without what only repeats the rest."""
    return {
        field: value.isoformat() if isinstance(value, date) else value
        for field, value in facts.items()
        if field not in SILENT
    }
