"""A plan written: a handful of statements, however many people there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simplane.core import clock, context, events, rows, tenancy
from simplane.core.db import needs_transaction
from simplane.core.events import News
from simplane.core.ids import new_id
from simplane.workforce import people
from simplane.workforce.errors import Changed
from simplane.workforce.events import EmployeeJoined, EmployeeLeft
from simplane.workforce.file_values import DATES, FIELDS, LEFT, Known, Plan, Wish
from simplane.workforce.models import Employee
from simplane.workforce.places import cost_centre_named, team_named

MOST_LEVELS = 20
"""Of managers over managers that are written with their people; those further down get theirs afterwards."""
COLUMNS = tuple(Known.__dataclass_fields__)
State = Employee.State


def everybody() -> list[Known]:
    """All people of the company whom the HR system has not deleted, in one query."""
    return [Known(*row) for row in Employee.objects.filter(removed_at=None).values_list(*COLUMNS)]


def works(wish: Wish) -> bool:
    """Whether somebody works here as the row says, now or later: unless it names a last day that is over."""
    last = wish.facts.get("ends_on")
    return last is None or last >= people.today()


@needs_transaction
def write(plan: Plan) -> None:
    """Teams and cost centres first, then people, then who leads them, then the news."""
    places = _Places(plan)
    nodes, unled = _add(plan, places)
    working = (one for one in plan.add if _state(one, one.facts.get("starts_on")) == State.ACTIVE)
    news: list[News] = [_joined(nodes[one.node]) for one in working]
    news += _change(plan, places)
    _lead([*unled, *(one for one in plan.change if "manager" in plan.changes[one.row])], nodes)
    rid = context.request_id()
    events.record_each([(rid, one) for one in news])


class _Places:
    """Teams and cost centres by name, made once."""

    def __init__(self, plan: Plan) -> None:
        wishes = sorted((*plan.add, *plan.change), key=lambda one: one.row)
        self._teams = {name: team_named(name).pk for name in dict.fromkeys(one.team for one in wishes) if name}
        codes = dict.fromkeys(one.cost_centre for one in wishes)
        self._centres = {code: cost_centre_named(code).pk for code in codes if code}

    def team(self, wish: Wish) -> int | None:
        """As the row says, or as it was."""
        if wish.team is None:
            return wish.known.team_id if wish.known else None
        return self._teams.get(wish.team)

    def cost_centre(self, wish: Wish) -> int | None:
        """As the row says, or as it was."""
        if wish.cost_centre is None:
            return wish.known.cost_centre_id if wish.known else None
        return self._centres.get(wish.cost_centre)


def _add(plan: Plan, places: _Places) -> tuple[dict[int, int], list[Wish]]:
    """New people, those who lead others first: the key of each node, and those far down who have no manager yet."""
    nodes: dict[int, int] = {}
    waiting = list(plan.add)

    def insert(now: list[Wish]) -> None:
        made = rows.insert_many([_person(one, places, nodes) for one in now], key="public_id")
        nodes.update({one.node: person.pk for one, person in zip(now, made, strict=True)})

    for _ in range(MOST_LEVELS):
        insert([one for one in waiting if _led(one, nodes)])
        waiting = [one for one in waiting if one.node not in nodes]
        if not waiting:
            break
    insert(waiting)
    return nodes, waiting


def _led(wish: Wish, nodes: Mapping[int, int]) -> bool:
    """Whether their manager, if they have one, has a row."""
    return wish.boss is None or wish.boss > 0 or wish.boss in nodes


def _person(wish: Wish, places: _Places, nodes: Mapping[int, int]) -> Employee:
    now = clock.now()
    return Employee(
        organization_id=tenancy.organization_id(),
        public_id=new_id("emp"),
        source=Employee.Source.CSV,
        state=_state(wish, wish.facts.get("starts_on")),
        left_at=None if works(wish) else now,
        team_id=places.team(wish),
        cost_centre_id=places.cost_centre(wish),
        manager_id=nodes.get(wish.boss, wish.boss if wish.boss > 0 else None) if wish.boss is not None else None,
        created_at=now,
        updated_at=now,
        **wish.facts,
    )


def _change(plan: Plan, places: _Places) -> list[News]:
    given = [_row(wish, plan.changes[wish.row], places) for wish in plan.change]
    if len(rows.change_many(Employee, given)) != len(given):
        raise Changed("somebody else changed people meanwhile", fix="look at the file again, then confirm")
    return [news for wish, row in zip(plan.change, given, strict=True) for news in _news(wish, row)]


def _row(wish: Wish, changes: Mapping[str, Any], places: _Places) -> dict[str, Any]:
    known, now = wish.known, clock.now()
    assert known is not None
    state = _state(wish, changes.get("starts_on", known.starts_on))
    if known.state == LEFT and "state" not in changes:
        state = State.LEFT
    # Somebody who comes back has no last day, unless the row names one.
    stays = known.state == LEFT != state and "ends_on" not in wish.facts
    kept = {name: changes.get(name, getattr(known, name)) for name in (*FIELDS, *DATES)}
    return {
        "id": known.pk,
        "was_version": known.version,
        **kept,
        "ends_on": None if stays else kept["ends_on"],
        "team_id": places.team(wish),
        "cost_centre_id": places.cost_centre(wish),
        "state": str(state),
        "left_at": (known.left_at or now) if state == LEFT else None,
        "version": known.version + 1,
        "updated_at": now,
    }


def _state(wish: Wish, starts_on: Any) -> Employee.State:
    if not works(wish):
        return State.LEFT
    return State.EXPECTED if starts_on is not None and starts_on > people.today() else State.ACTIVE


def _news(wish: Wish, row: Mapping[str, Any]) -> Iterable[News]:
    known = wish.known
    assert known is not None
    if row["state"] != known.state and row["state"] == State.ACTIVE:
        yield _joined(known.pk)
    if row["state"] != known.state and row["state"] == LEFT:
        yield EmployeeLeft(organization_id=tenancy.organization_id(), employee_id=known.pk)
    before, after = (known.team_id, known.cost_centre_id), (row["team_id"], row["cost_centre_id"])
    if before != after:
        yield people.moved(known.pk, before, after)


def _joined(employee_id: int) -> EmployeeJoined:
    return EmployeeJoined(organization_id=tenancy.organization_id(), employee_id=employee_id)


def _lead(wanted: list[Wish], nodes: Mapping[int, int]) -> None:
    """Managers of people who have a row already: they may be new themselves."""
    rows.change_many(
        Employee,
        [
            {"id": nodes.get(one.node, one.node), "manager_id": nodes.get(one.boss, one.boss) if one.boss else None}
            for one in wanted
        ],
    )
