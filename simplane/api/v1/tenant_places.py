"""Teams and cost centres of a company: GET, POST, PATCH and DELETE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import BaseModel, Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest
from simplane.api.v1.hints import hints
from simplane.api.v1.idempotency import once
from simplane.api.v1.paging import Paging, page_of
from simplane.api.v1.tenant_people import READ, WRITE
from simplane.api.v1.tenant_values import AREA, Here, Named, Thing, inside
from simplane.api.v1.values import CLEAN, Moment, Page, PublicId, Wanted, examples
from simplane.workforce import places
from simplane.workforce.models import CostCentre, Team

router = Router(tags=["Employees"])
REFUSALS = ("bad_input", "taken")
TEAM = {
    "id": "team_06b3x8tk1m4q7rznw2v5c9",
    "object": "team",
    "name": "Sales",
    "lead": {"id": "emp_06b3x8tk1m4q7rznw2v5c9", "name": "Ana Lima"},
    "created_at": "2026-11-20T12:00:00.000Z",
}
CENTRE = {
    "id": "cc_06b3x8tk1m4q7rznw2v5c9",
    "object": "cost_centre",
    "code": "CC-100",
    "name": "Sales Europe",
    "created_at": "2026-11-20T12:00:00.000Z",
}
Lead = Annotated[PublicId | None, Field(description="An employee's id; null: nobody.")]


class TeamOut(Schema):
    """A team."""

    model_config = examples(TEAM)
    id: str
    object: str = "team"
    name: str
    lead: Named | None
    created_at: Moment


class CentreOut(Schema):
    """Where spend is booked."""

    model_config = examples(CENTRE)
    id: str
    object: str = "cost_centre"
    code: str
    name: str
    created_at: Moment


class Gone(Schema):
    """What was removed."""

    model_config = examples({"id": TEAM["id"], "removed": True})
    id: str
    removed: bool = True


class TeamWanted(Wanted):
    """A new team."""

    model_config = Wanted.model_config | examples({"name": "Sales", "lead": "emp_06b3x8tk1m4q7rznw2v5c9"})
    name: Annotated[str, Field(min_length=1, max_length=120, pattern=CLEAN)]
    lead: Lead = None


class TeamChange(Wanted):
    """What is to be different; what is left out stays."""

    model_config = Wanted.model_config | examples({"name": "Sales Europe"})
    name: Annotated[str | None, Field(min_length=1, max_length=120, pattern=CLEAN)] = None
    lead: Lead = None


class CentreWanted(Wanted):
    """A new cost centre."""

    model_config = Wanted.model_config | examples({"code": "CC-100", "name": "Sales Europe"})
    code: Annotated[str, Field(min_length=1, max_length=40, pattern=CLEAN)]
    name: Annotated[str, Field(max_length=120, pattern=f"{CLEAN}|^$")] = ""


class CentreChange(Wanted):
    """What is to be different; what is left out stays."""

    model_config = Wanted.model_config | examples({"name": "Sales Europe and UK"})
    code: Annotated[str | None, Field(min_length=1, max_length=40, pattern=CLEAN)] = None
    name: Annotated[str | None, Field(max_length=120, pattern=f"{CLEAN}|^$")] = None


@router.get(f"{AREA}/teams", response=Page[TeamOut], auth=READ, summary="List teams")
def list_teams(request: ApiRequest, at: Path[Here], wanted: Query[Paging]) -> dict[str, Any]:
    """Newest first."""
    with inside(request, at):
        rows = Team.objects.select_related("lead")
        return page_of(rows, wanted, lambda found: [_team(one) for one in found], by=None)


@router.post(
    f"{AREA}/teams",
    response={201: TeamOut},
    auth=WRITE,
    summary="Add a team",
    openapi_extra=hints(*REFUSALS, key="optional"),
)
def add_team(request: ApiRequest, at: Path[Here], wanted: TeamWanted) -> HttpResponse:
    """A name that is there, in whatever case, is `taken`."""

    def work() -> Team:
        return places.add_team(wanted.name, lead=wanted.lead or "")

    return _answered(request, at, wanted, work, status=201)


@router.get(f"{AREA}/teams/{{id}}", response=TeamOut, auth=READ, summary="Read a team")
def read_team(request: ApiRequest, at: Path[Thing]) -> dict[str, Any]:
    """Its people: `GET …/employees?team=`."""
    with inside(request, at):
        return _team(_found(Team, at.id))


@router.patch(
    f"{AREA}/teams/{{id}}",
    response=TeamOut,
    auth=WRITE,
    summary="Change a team",
    openapi_extra=hints(*REFUSALS, key="optional"),
)
def change_team(request: ApiRequest, at: Path[Thing], wanted: TeamChange) -> HttpResponse:
    """Another name, or another lead (null: nobody)."""

    def work() -> Team:
        known = _found(Team, at.id)
        lead = wanted.lead if "lead" in wanted.model_fields_set else known.lead and known.lead.public_id
        return places.change_team(at.id, name=wanted.name or known.name, lead=lead or "")

    return _answered(request, at, wanted, work)


@router.delete(
    f"{AREA}/teams/{{id}}",
    response=Gone,
    auth=WRITE,
    summary="Remove a team",
    openapi_extra=hints("bad_input", key="optional"),
)
def remove_team(request: ApiRequest, at: Path[Thing]) -> HttpResponse:
    """Only one that nobody belongs to; its history stays."""
    return _removed(request, at, Team, places.remove_team)


@router.get(f"{AREA}/cost-centres", response=Page[CentreOut], auth=READ, summary="List cost centres")
def list_cost_centres(request: ApiRequest, at: Path[Here], wanted: Query[Paging]) -> dict[str, Any]:
    """Newest first."""
    with inside(request, at):
        return page_of(CostCentre.objects.all(), wanted, lambda found: [_centre(one) for one in found], by=None)


@router.post(
    f"{AREA}/cost-centres",
    response={201: CentreOut},
    auth=WRITE,
    summary="Add a cost centre",
    openapi_extra=hints(*REFUSALS, key="optional"),
)
def add_cost_centre(request: ApiRequest, at: Path[Here], wanted: CentreWanted) -> HttpResponse:
    """A code that is there, in whatever case, is `taken`."""
    return _answered(request, at, wanted, lambda: places.add_cost_centre(wanted.code, wanted.name), status=201)


@router.get(f"{AREA}/cost-centres/{{id}}", response=CentreOut, auth=READ, summary="Read a cost centre")
def read_cost_centre(request: ApiRequest, at: Path[Thing]) -> dict[str, Any]:
    """Its code and name; what was booked there: `GET …/spend?level=cost_centre`."""
    with inside(request, at):
        return _centre(_found(CostCentre, at.id))


@router.patch(
    f"{AREA}/cost-centres/{{id}}",
    response=CentreOut,
    auth=WRITE,
    summary="Change a cost centre",
    openapi_extra=hints(*REFUSALS, key="optional"),
)
def change_cost_centre(request: ApiRequest, at: Path[Thing], wanted: CentreChange) -> HttpResponse:
    """Another code or name; what was booked stays booked there."""

    def work() -> CostCentre:
        known = _found(CostCentre, at.id)
        name = known.name if wanted.name is None else wanted.name
        return places.change_cost_centre(at.id, code=wanted.code or known.code, name=name)

    return _answered(request, at, wanted, work)


@router.delete(
    f"{AREA}/cost-centres/{{id}}",
    response=Gone,
    auth=WRITE,
    summary="Remove a cost centre",
    openapi_extra=hints("bad_input", key="optional"),
)
def remove_cost_centre(request: ApiRequest, at: Path[Thing]) -> HttpResponse:
    """Only one that nobody belongs to."""
    return _removed(request, at, CostCentre, places.remove_cost_centre)


def _answered(
    request: ApiRequest, at: Here, wanted: Wanted, work: Callable[[], Team | CostCentre], *, status: int = 200
) -> HttpResponse:
    def done() -> BaseModel:
        with inside(request, at):
            made = work()
            return TeamOut(**_team(made)) if isinstance(made, Team) else CentreOut(**_centre(made))

    return once(request, done, body=wanted, status=status)


def _removed(
    request: ApiRequest, at: Thing, model: type[Team] | type[CostCentre], remove: Callable[[str], None]
) -> HttpResponse:
    def done() -> BaseModel:
        with inside(request, at):
            _found(model, at.id)
            remove(at.id)
            return Gone(id=at.id)

    return once(request, done)


def _found(model: Any, public_id: str) -> Any:
    row = model.objects.filter(public_id=public_id).first()
    if row is None:
        raise Refused("not_found", "there is no such team or cost centre")
    return row


def _team(one: Team) -> dict[str, Any]:
    lead = one.lead and {"id": one.lead.public_id, "name": one.lead.name}
    return {"id": one.public_id, "name": one.name, "lead": lead, "created_at": one.created_at}


def _centre(one: CostCentre) -> dict[str, Any]:
    return {"id": one.public_id, "code": one.code, "name": one.name, "created_at": one.created_at}
