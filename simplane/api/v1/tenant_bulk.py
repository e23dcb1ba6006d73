"""Many lines of a company at once: POST bulk, GET bulk/{id}."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Path, Router, Schema
from pydantic import Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest
from simplane.api.v1.hints import hints
from simplane.api.v1.idempotency import once
from simplane.api.v1.tenant_lines import READ, WRITE, fleet_key
from simplane.api.v1.tenant_values import AREA, WHY, Day, Here, Reason, Thing, inside
from simplane.api.v1.values import Moment, PublicId, Wanted, examples
from simplane.fleet import bulk
from simplane.fleet.bulk import Kind, Progress
from simplane.fleet.models import Bulk, BulkRow, Operation

router = Router(tags=["Lines"])
MOST, SHOWN = bulk.MOST, 100
WITH_PLAN = ("provision", "change_plan")
BULK = {
    "id": "bulk_06b3x8tk1m4q7rznw2v5c9",
    "object": "bulk",
    "kind": "provision",
    "total": 2,
    "waiting": 0,
    "open": 1,
    "planned": 0,
    "done": 1,
    "refused": 0,
    "failed": 0,
    "finished": False,
    "asked_by": "api_key:key_06b3x8tk1m4q7rznw2v5c9",
    "asked_at": "2026-11-20T12:00:00.000Z",
    "problems": [],
}
Ids = Annotated[list[PublicId], Field(max_length=MOST)]


class BulkWanted(Wanted):
    """`provision`: a plan and the people who get a line on it, one each time they are named; all others: lines, and for
    `change_plan` the plan.
    """

    model_config = Wanted.model_config | examples(
        {
            "kind": "provision",
            "plan": "plan_06b3x8tk1m4q7rznw2v5c9",
            "employees": ["emp_06b3x8tk1m4q7rznw2v5c9", "emp_06b3x8tk1m4q7rznw2v5d0"],
        }
    )
    kind: Kind
    plan: PublicId | None = None
    employees: Ids = []
    lines: Ids = []
    on: Annotated[
        Day | None, Field(description="A UTC day of the next year; left out: now. Not to provision or replace.")
    ] = None
    reason: Reason = WHY


class BulkProblem(Schema):
    """One that was refused or failed; the others go on."""

    subject: Annotated[str, Field(description="The id that was sent; of what failed later, the line's.")]
    problem: str


class BulkOut(Schema):
    """How far many operations are."""

    model_config = examples(BULK)
    id: str
    object: str = "bulk"
    kind: str
    total: int
    waiting: Annotated[int, Field(description="Not asked yet.")]
    open: Annotated[int, Field(description="Operations under way.")]
    planned: Annotated[int, Field(description="Operations that wait for their day.")]
    done: int
    refused: Annotated[int, Field(description="Became no operation.")]
    failed: int
    finished: bool
    asked_by: str
    asked_at: Moment
    problems: Annotated[list[BulkProblem], Field(description="The first 100 refused, and the first 100 failed.")]


@router.post(
    f"{AREA}/bulk",
    response={202: BulkOut},
    auth=WRITE,
    summary="Do it for many lines",
    openapi_extra=hints(key="required"),
)
def start_bulk(request: ApiRequest, at: Path[Here], wanted: BulkWanted) -> HttpResponse:
    """Up to 1,000 at once. Each stands for itself: what is refused says why and the rest goes on, after an interruption too."""
    chosen = _chosen(wanted)

    def work() -> BulkOut:
        with inside(request, at):
            said = {"asked_by": request.auth.asker, "key": fleet_key(request)}
            made = bulk.ask(wanted.kind, chosen, **said, reason=wanted.reason, on=wanted.on)
            return BulkOut.model_validate(_shown(bulk.progress(made.public_id)))

    return once(request, work, body=wanted, status=202, required=True)


@router.get(f"{AREA}/bulk/{{id}}", response=BulkOut, auth=READ, summary="Read a bulk request")
def read_bulk(request: ApiRequest, at: Path[Thing]) -> dict[str, Any]:
    """How many are done, refused, failed and under way."""
    with inside(request, at):
        return _shown(bulk.progress(at.id))


def _chosen(wanted: BulkWanted) -> list[bulk.Wanted]:
    """Raises Refused."""
    given: Sequence[str] = wanted.employees if wanted.kind == "provision" else wanted.lines
    stray = wanted.lines if wanted.kind == "provision" else wanted.employees
    late = wanted.on is not None and wanted.kind in ("provision", "replace")
    if stray or late or not given or bool(wanted.plan) != (wanted.kind in WITH_PLAN):
        raise Refused(
            "bad_request",
            "send `plan` and `employees` to provision, `plan` and `lines` to change plans, and only `lines` for all else",
        )
    return [bulk.Wanted(one, plan=wanted.plan or "") for one in given]


def _shown(found: Progress) -> dict[str, Any]:
    made = found.bulk
    same = {name: getattr(made, name) for name in ("kind", "total", "asked_by", "asked_at")}
    counts = ("waiting", "open", "planned", "done", "refused", "failed", "finished")
    counted = {name: getattr(found, name) for name in counts}
    return {"id": made.public_id, **same, **counted, "problems": [*_refused(made), *_failed(made)]}


def _refused(made: Bulk) -> list[dict[str, str]]:
    rows = BulkRow.objects.filter(bulk=made).exclude(refused="").order_by("number")[:SHOWN]
    return [{"subject": one.subject, "problem": one.refused} for one in rows]


def _failed(made: Bulk) -> list[dict[str, str]]:
    over = (Operation.State.FAILED, Operation.State.REFUSED)
    rows = Operation.objects.filter(bulk=made, state__in=over).select_related("line").order_by("pk")[:SHOWN]
    return [{"subject": one.line.public_id, "problem": one.problem} for one in rows]
