"""The people of a company: GET and POST employees, GET and PATCH one, POST leave."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, TenantScope
from simplane.api.v1.hints import hints
from simplane.api.v1.idempotency import once
from simplane.api.v1.paging import Paging, page_of
from simplane.api.v1.tenant_values import AREA, Day, Here, Name, Named, Thing, inside
from simplane.api.v1.values import CLEAN, Moment, Page, PublicId, Wanted, examples
from simplane.core.errors import NotFound
from simplane.workforce import actions, hr, queries
from simplane.workforce.facts import Facts
from simplane.workforce.models import Employee

router = Router(tags=["Employees"])
READ, WRITE = TenantScope("people:read"), TenantScope("people:write")
REFUSALS = ("bad_person", "bad_input", "manager_cycle", "taken")
CHANGING = hints(*REFUSALS, "changed_meanwhile", key="optional")
State = Literal["expected", "active", "left"]
PLACES = ("team", "cost_centre", "manager")
EMPLOYEE = {
    "id": "emp_06b3x8tk1m4q7rznw2v5c9",
    "object": "employee",
    "state": "active",
    "user_name": "ana.lima@acme.example",
    "external_id": "4711",
    "email": "ana.lima@acme.example",
    "given_name": "Ana",
    "family_name": "Lima",
    "title": "Engineer",
    "country": "DE",
    "locale": "en",
    "team": {"id": "team_06b3x8tk1m4q7rznw2v5c9", "name": "Sales"},
    "cost_centre": {"id": "cc_06b3x8tk1m4q7rznw2v5c9", "name": "CC-100"},
    "manager": {"id": "emp_06b3x8tk1m4q7rznw2v5d0", "name": "Mia Berg"},
    "starts_on": "2026-11-01",
    "ends_on": None,
    "left_at": None,
    "version": 1,
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
}


class EmployeeOut(Schema):
    """Somebody who works for the company, or did."""

    model_config = examples(EMPLOYEE)
    id: str
    object: str = "employee"
    state: Annotated[
        State, Field(description="expected: starts later; left: their lines are suspended, and end by your rule.")
    ]
    user_name: Annotated[str, Field(description="How they sign in.")]
    external_id: Annotated[str, Field(description="The HR system's own number; empty: none.")]
    email: str
    given_name: str
    family_name: str
    title: str
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2; empty: not known.")]
    locale: str
    team: Named | None
    cost_centre: Annotated[Named | None, Field(description="`name` is its code.")]
    manager: Named | None
    starts_on: Day | None
    ends_on: Annotated[Day | None, Field(description="Their last day.")]
    left_at: Moment | None
    version: Annotated[int, Field(description="Goes up with every change.")]
    created_at: Moment
    updated_at: Moment


class EmployeeFilter(Paging):
    """Which people."""

    q: Annotated[str | None, Field(max_length=80, pattern=CLEAN, description="Beginnings of names; an HR number.")] = (
        None
    )
    team: Annotated[PublicId | None, Field(description="A team's id.")] = None
    cost_centre: Annotated[PublicId | None, Field(description="A cost centre's id.")] = None
    state: State | None = None
    country: Annotated[str | None, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")] = None


class Known(Wanted):
    """What may be said of somebody."""

    email: Annotated[str, Field(max_length=254, description="The install link of a line is sent there.")] = ""
    user_name: Annotated[str, Field(max_length=254, description="How they sign in; a new one's is the e-mail.")] = ""
    external_id: Name = ""
    given_name: Name = ""
    family_name: Name = ""
    title: Name = ""
    country: Annotated[str, Field(max_length=2, description="ISO 3166-1 alpha-2.")] = ""
    locale: Annotated[str, Field(max_length=10, description="Language of mails: en, pt-BR.")] = "en"
    team: Annotated[str, Field(max_length=120, description="By name; made when there is none of it.")] = ""
    cost_centre: Annotated[str, Field(max_length=40, description="By code; made when there is none of it.")] = ""
    manager: Annotated[str, Field(max_length=254, description="By id, sign-in name, e-mail or HR number.")] = ""
    starts_on: Day | None = None
    ends_on: Day | None = None


class EmployeeChange(Known):
    """What is to be different. What is left out stays; an empty text (or null for a day) takes it away."""

    model_config = Wanted.model_config | examples({"team": "Marketing", "manager": "4700", "version": 1})
    version: Annotated[int | None, Field(ge=1, description="Refuse it when somebody changed them meanwhile.")] = None


class EmployeeWanted(Known):
    """Somebody new."""

    model_config = Wanted.model_config | examples(
        {
            "email": "ana.lima@acme.example",
            "given_name": "Ana",
            "family_name": "Lima",
            "external_id": "4711",
            "team": "Sales",
            "cost_centre": "CC-100",
        }
    )
    email: Annotated[str, Field(min_length=3, max_length=254, description="The install link of a line is sent there.")]


class LeaveWanted(Wanted):
    """When."""

    model_config = Wanted.model_config | examples({"on": "2026-12-31"})
    on: Annotated[Day | None, Field(description="Their last day; left out, or a day that is over: they left.")] = None


@router.get(f"{AREA}/employees", response=Page[EmployeeOut], auth=READ, summary="List employees")
def list_employees(request: ApiRequest, at: Path[Here], wanted: Query[EmployeeFilter]) -> dict[str, Any]:
    """Everybody whom the HR system has not deleted, newest first."""
    with inside(request, at):
        asked = queries.Wanted(
            words=wanted.q or "",
            team=wanted.team or "",
            cost_centre=wanted.cost_centre or "",
            state=wanted.state or "",
            country=wanted.country or "",
        )
        rows = queries.search(asked).select_related("team", "cost_centre", "manager")
        return page_of(rows, wanted, lambda found: [_shown(one) for one in found], by=None)


@router.post(
    f"{AREA}/employees",
    response={201: EmployeeOut},
    auth=WRITE,
    summary="Add an employee",
    openapi_extra=hints(*REFUSALS, key="optional"),
)
def add_employee(request: ApiRequest, at: Path[Here], wanted: EmployeeWanted) -> HttpResponse:
    """What the rules say a joiner gets is given at once, or on the day they start."""

    def work() -> EmployeeOut:
        with inside(request, at):
            made = hr.take_in(_said({"user_name": wanted.email} | wanted.model_dump(exclude_unset=True)))
            return EmployeeOut.model_validate(_shown(find_employee(made.public_id)))

    return once(request, work, body=wanted, status=201)


@router.get(f"{AREA}/employees/{{id}}", response=EmployeeOut, auth=READ, summary="Read an employee")
def read_employee(request: ApiRequest, at: Path[Thing]) -> dict[str, Any]:
    """Who they are and where they belong; their lines: `GET …/lines?employee=`."""
    with inside(request, at):
        return _shown(find_employee(at.id))


@router.patch(
    f"{AREA}/employees/{{id}}", response=EmployeeOut, auth=WRITE, summary="Change an employee", openapi_extra=CHANGING
)
def change_employee(request: ApiRequest, at: Path[Thing], wanted: EmployeeChange) -> HttpResponse:
    """Whoever moves to another team or cost centre takes their lines along: what they use from now on counts there."""

    def work() -> EmployeeOut:
        with inside(request, at):
            version = wanted.version or find_employee(at.id).version
            said = _said(wanted.model_dump(exclude_unset=True))
            hr.bring_up_to_date(at.id, said, expected_version=version)
            return EmployeeOut.model_validate(_shown(find_employee(at.id)))

    return once(request, work, body=wanted)


@router.post(
    f"{AREA}/employees/{{id}}/leave",
    response=EmployeeOut,
    auth=WRITE,
    summary="Say that somebody leaves",
    openapi_extra=hints(key="optional"),
)
def employee_leaves(request: ApiRequest, at: Path[Thing], wanted: LeaveWanted) -> HttpResponse:
    """From then on all their lines are suspended, within five minutes, and end after the days that your rules say, unless the
    person comes back. Twice is once.
    """

    def work() -> EmployeeOut:
        with inside(request, at):
            find_employee(at.id)
            actions.leave(at.id, on=wanted.on)
            return EmployeeOut.model_validate(_shown(find_employee(at.id)))

    return once(request, work, body=wanted)


def find_employee(public_id: str) -> Employee:
    """Somebody of the scope's company. Raises Refused."""
    try:
        return queries.person(public_id)
    except NotFound:
        raise Refused("not_found", "there is no such person") from None


def _said(given: dict[str, Any]) -> hr.Said:
    facts: Facts = {name: value for name, value in given.items() if name not in (*PLACES, "version")}  # type: ignore[assignment]
    return hr.Said(facts=facts, **{name: given.get(name) for name in PLACES})


def _shown(one: Employee) -> dict[str, Any]:
    same = ("state", "user_name", "external_id", "email", "given_name", "family_name", "title", "country", "locale")
    dates = ("starts_on", "ends_on", "left_at", "version", "created_at", "updated_at")
    return {name: getattr(one, name) for name in (*same, *dates)} | {
        "id": one.public_id,
        "team": one.team and {"id": one.team.public_id, "name": one.team.name},
        "cost_centre": one.cost_centre and {"id": one.cost_centre.public_id, "name": one.cost_centre.code},
        "manager": one.manager and {"id": one.manager.public_id, "name": one.manager.name},
    }
