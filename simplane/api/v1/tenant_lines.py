"""Plans and lines of a company: GET plans, lines, one line, one operation; POST provision and what is done with a line.

Every POST writes a wish and answers with its operation; the supplier is asked behind it. GET operations/{id} tells how it went.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Path, Query, Router
from pydantic import Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, TenantScope
from simplane.api.v1.hints import hints
from simplane.api.v1.idempotency import key_of, once
from simplane.api.v1.paging import Paging, page_of
from simplane.api.v1.tenant_line_values import (
    FleetLineOut,
    LineDetail,
    LineState,
    OperationOut,
    PlanOut,
    ServiceWord,
    detail_shown,
    lines_shown,
    operation_shown,
    plan_shown,
)
from simplane.api.v1.tenant_values import AREA, WHY, Because, Day, Here, Reason, Thing, inside
from simplane.api.v1.values import CLEAN, Page, PublicId, Wanted, examples
from simplane.fleet import install
from simplane.fleet.actions import change_plan, provision, reactivate, replace, suspend, take_back, terminate, top_up
from simplane.fleet.models import FleetLine, Operation, Plan

router = Router(tags=["Lines"])
READ, WRITE = TenantScope("lines:read"), TenantScope("lines:write")
BUYING = ("no_such_plan", "employee_not_active", "against_policy")
ASKING = hints("not_possible", "line_busy", key="optional")
DONE = {202: OperationOut}
DAY = "A UTC day of the next year; left out: now."


class LineFilter(Paging):
    """Which lines."""

    employee: Annotated[PublicId | None, Field(description="An employee's id.")] = None
    team: Annotated[PublicId | None, Field(description="A team's id.")] = None
    plan: Annotated[PublicId | None, Field(description="A plan's id.")] = None
    state: LineState | None = None
    wanted: Annotated[ServiceWord | None, Field(description="What was asked for, confirmed or not.")] = None
    iccid: Annotated[str | None, Field(pattern="^[0-9]{18,20}$")] = None


class ProvisionWanted(Wanted):
    """A new line on a plan."""

    model_config = Wanted.model_config | examples(
        {"plan": "plan_06b3x8tk1m4q7rznw2v5c9", "employee": "emp_06b3x8tk1m4q7rznw2v5c9"}
    )
    plan: PublicId
    employee: Annotated[PublicId | None, Field(description="Who gets it; left out: it is for a thing.")] = None
    label: Annotated[str, Field(max_length=80, pattern=f"{CLEAN}|^$", description="Your own name for it.")] = ""
    reason: Reason = WHY


class PlanWanted(Wanted):
    """A plan, and why."""

    model_config = Wanted.model_config | examples({"plan": "plan_06b3x8tk1m4q7rznw2v5c9"})
    plan: PublicId
    reason: Reason = WHY


class ChangeWanted(PlanWanted):
    """Another plan, from which day on, and why."""

    model_config = Wanted.model_config | examples({"plan": "plan_06b3x8tk1m4q7rznw2v5c9", "on": "2026-12-01"})
    on: Annotated[Day | None, Field(description=DAY)] = None


class EndWanted(Because):
    """From which day on, and why."""

    model_config = Wanted.model_config | examples({"on": "2026-12-31", "reason": "project over"})
    on: Annotated[Day | None, Field(description=DAY)] = None


@router.get(f"{AREA}/plans", response=Page[PlanOut], auth=READ, summary="List plans")
def list_plans(request: ApiRequest, at: Path[Here], wanted: Query[Paging]) -> dict[str, Any]:
    """What may be given out now, at your own prices. `can` says beforehand what can be done with such a line later."""
    with inside(request, at):
        rows = Plan.objects.filter(active=True)
        return page_of(rows, wanted, lambda found: [plan_shown(one) for one in found], by=None)


@router.get(f"{AREA}/lines", response=Page[FleetLineOut], auth=READ, summary="List lines")
def list_lines(request: ApiRequest, at: Path[Here], wanted: Query[LineFilter]) -> dict[str, Any]:
    """Every line, newest first, ended ones too."""
    exact = {
        "employee__public_id": wanted.employee,
        "team__public_id": wanted.team,
        "plan__public_id": wanted.plan,
        "state": wanted.state,
        "wanted": wanted.wanted,
        "iccid": wanted.iccid,
    }
    with inside(request, at):
        rows = _lines().filter(**{name: value for name, value in exact.items() if value})
        return page_of(rows, wanted, lines_shown, by=None)


@router.post(
    f"{AREA}/lines/provision",
    response=DONE,
    auth=WRITE,
    summary="Order a line",
    openapi_extra=hints(*BUYING, key="required"),
)
def provision_line(request: ApiRequest, at: Path[Here], wanted: ProvisionWanted) -> HttpResponse:
    """Rules and budgets are asked first; then it is bought exactly once and its person gets a link by mail. An operation
    in `awaiting_approval` waits for a person's yes.
    """

    def work() -> Operation:
        return provision(
            wanted.plan,
            wanted.employee,
            asked_by=request.auth.asker,
            label=wanted.label,
            key=fleet_key(request),
            reason=wanted.reason,
        )

    return _asked(request, at, wanted, work, buys=True)


@router.get(f"{AREA}/lines/{{id}}", response=LineDetail, auth=READ, summary="Read a line")
def read_line(request: ApiRequest, at: Path[Thing]) -> dict[str, Any]:
    """What was asked for beside what is confirmed, the data left with its age, and the history of its plans."""
    with inside(request, at):
        return detail_shown(find_line(at.id))


@router.post(f"{AREA}/lines/{{id}}/suspend", response=DONE, auth=WRITE, summary="Suspend a line", openapi_extra=ASKING)
def suspend_line(request: ApiRequest, at: Path[Thing], wanted: Because) -> HttpResponse:
    """Pause it at its supplier until it is reactivated; its plan keeps running."""
    return _done(request, at, wanted, suspend)


@router.post(
    f"{AREA}/lines/{{id}}/reactivate", response=DONE, auth=WRITE, summary="Reactivate a line", openapi_extra=ASKING
)
def reactivate_line(request: ApiRequest, at: Path[Thing], wanted: Because) -> HttpResponse:
    """End a pause."""
    return _done(request, at, wanted, reactivate)


@router.post(f"{AREA}/lines/{{id}}/terminate", response=DONE, auth=WRITE, summary="End a line", openapi_extra=ASKING)
def terminate_line(request: ApiRequest, at: Path[Thing], wanted: EndWanted) -> HttpResponse:
    """End it for good, now or on a later day, without money back. Where its supplier can only pause, it is paused and runs
    out.
    """
    return _done(request, at, wanted, terminate, on=wanted.on)


@router.post(
    f"{AREA}/lines/{{id}}/replace",
    response=DONE,
    auth=WRITE,
    summary="Replace a line's eSIM",
    openapi_extra=hints("not_possible", "line_busy", "against_policy", key="required"),
)
def replace_line(request: ApiRequest, at: Path[Thing], wanted: Because) -> HttpResponse:
    """For a new phone. Where `swaps_profile` the line gets a new profile, which costs nothing; else a new eSIM on the same
    plan is bought, and the old one ends when the new one is ready.
    """
    return _done(request, at, wanted, replace, buys=True)


@router.post(
    f"{AREA}/lines/{{id}}/top-up",
    response=DONE,
    auth=WRITE,
    summary="Add data to a line",
    openapi_extra=hints("not_possible", "line_busy", "no_such_plan", "against_policy", key="required"),
)
def top_up_line(request: ApiRequest, at: Path[Thing], wanted: PlanWanted) -> HttpResponse:
    """The data of a plan comes on top, on the same eSIM; whether that plan fits it is found out by the operation."""

    def work() -> Operation:
        find_line(at.id)
        return top_up(at.id, wanted.plan, asked_by=request.auth.asker, reason=wanted.reason, key=fleet_key(request))

    return _asked(request, at, wanted, work, buys=True)


@router.post(
    f"{AREA}/lines/{{id}}/change-plan",
    response=DONE,
    auth=WRITE,
    summary="Change a line's plan",
    openapi_extra=hints("not_possible", "line_busy", "no_such_plan", "against_policy", "bad_input", key="required"),
)
def change_line_plan(request: ApiRequest, at: Path[Thing], wanted: ChangeWanted) -> HttpResponse:
    """Another plan on the same eSIM, now or on a later day, bought at its full price. `changes_plan` of the line says
    beforehand how its supplier does it; `no` is refused with what to do instead.
    """

    def work() -> Operation:
        find_line(at.id)
        asker, key = request.auth.asker, fleet_key(request)
        return change_plan(at.id, wanted.plan, asked_by=asker, reason=wanted.reason, on=wanted.on, key=key)

    return _asked(request, at, wanted, work, buys=True)


@router.post(
    f"{AREA}/lines/{{id}}/install-link",
    response={202: FleetLineOut},
    auth=WRITE,
    summary="Mail the install link again",
    openapi_extra=hints("not_possible", key="optional"),
)
def mail_install_link(request: ApiRequest, at: Path[Thing]) -> HttpResponse:
    """A fresh link to the line's person, which shows the eSIM once; older ones work no more."""

    def work() -> FleetLineOut:
        with inside(request, at):
            install.mail_again(find_line(at.id))
            return FleetLineOut.model_validate(lines_shown([find_line(at.id)])[0])

    return once(request, work, status=202)


@router.get(f"{AREA}/operations/{{id}}", response=OperationOut, auth=READ, summary="Read an operation")
def read_operation(request: ApiRequest, at: Path[Thing]) -> dict[str, Any]:
    """How far it is. `done`, `refused`, `failed` and `cancelled` are final."""
    with inside(request, at):
        found = Operation.objects.select_related("line", "plan").filter(public_id=at.id).first()
        if found is None:
            raise Refused("not_found", "there is no such operation")
        return operation_shown(found)


@router.post(
    f"{AREA}/operations/{{id}}/cancel",
    response=OperationOut,
    auth=WRITE,
    summary="Cancel what waits for its day",
    openapi_extra=hints("not_possible", key="optional"),
)
def cancel_operation(request: ApiRequest, at: Path[Thing]) -> HttpResponse:
    """It is not done, and what was set aside for it is free again. Only of one in `scheduled`."""

    def work() -> OperationOut:
        with inside(request, at):
            if not Operation.objects.filter(public_id=at.id).exists():
                raise Refused("not_found", "there is no such operation")
            take_back(at.id, asked_by=request.auth.asker)
            rows = Operation.objects.select_related("line", "plan")
            return OperationOut.model_validate(operation_shown(rows.get(public_id=at.id)))

    return once(request, work)


def find_line(public_id: str) -> FleetLine:
    """A line of the scope's company, with what is shown of it. Raises Refused."""
    found: FleetLine | None = _lines().filter(public_id=public_id).first()
    if found is None:
        raise Refused("not_found", "there is no such line")
    return found


def fleet_key(request: ApiRequest) -> str:
    """The caller's Idempotency-Key as the fleet keeps it, with the operation: 40 characters, empty without one."""
    key = key_of(request)
    said = hashlib.sha256(f"{request.auth.organization.pk}\n{request.path}\n{key}".encode()).hexdigest()
    return f"api-{said[:36]}" if key else ""


def _lines() -> Any:
    return FleetLine.objects.select_related("employee", "team", "plan", "wanted_plan")


def _done(
    request: ApiRequest, at: Thing, wanted: Because, verb: Callable[..., Operation], *, buys: bool = False, **more: Any
) -> HttpResponse:
    def work() -> Operation:
        find_line(at.id)
        return verb(at.id, asked_by=request.auth.asker, reason=wanted.reason, key=fleet_key(request), **more)

    return _asked(request, at, wanted, work, buys=buys)


def _asked(
    request: ApiRequest, at: Here, wanted: Wanted, work: Callable[[], Operation], *, buys: bool = False
) -> HttpResponse:
    def asked() -> OperationOut:
        with inside(request, at):
            made = work()
            rows = Operation.objects.select_related("line", "plan")
            return OperationOut.model_validate(operation_shown(rows.get(pk=made.pk)))

    return once(request, asked, body=wanted, status=202, required=buys)
