"""What is answered about plans, lines and operations of a company."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from simplane.api.v1.tenant_values import Cost, Day, Named
from simplane.api.v1.values import Moment, examples
from simplane.core import clock
from simplane.fleet.models import FleetLine, Operation, Plan, PlanPeriod
from simplane.fleet.possible import hindrance
from simplane.fleet.states import OPEN

PLANNED = Operation.State.SCHEDULED
DEEDS = ("suspend", "reactivate", "terminate", "replace", "top_up", "change_plan")
LineState = Literal[
    "awaiting_approval",
    "ordering",
    "ready",
    "installed",
    "active",
    "depleted",
    "expired",
    "suspended",
    "ended",
    "failed",
]
ServiceWord = Literal["active", "suspended", "terminated"]
PLAN = {
    "id": "plan_06b3x8tk1m4q7rznw2v5c9",
    "object": "plan",
    "name": "Europe 5 GB, 30 days",
    "price": {"amount_minor": 900, "currency": "EUR"},
    "data_bytes": 5000000000,
    "days": 30,
    "countries": ["DE", "ES", "FR"],
    "can": {"suspend": True, "terminate": True, "top_up": True, "replace": True, "change_plan": "no"},
    "usage_delay_seconds": 900,
}
LINE = {
    "id": "line_06b3x8tk1m4q7rznw2v5c9",
    "object": "line",
    "employee": {"id": "emp_06b3x8tk1m4q7rznw2v5c9", "name": "Ana Lima"},
    "team": {"id": "team_06b3x8tk1m4q7rznw2v5c9", "name": "Sales"},
    "label": "",
    "plan": {"id": "plan_06b3x8tk1m4q7rznw2v5c9", "name": "Europe 5 GB, 30 days"},
    "wanted_plan": None,
    "state": "active",
    "state_at": "2026-11-20T12:00:00.000Z",
    "problem": "",
    "wanted": "active",
    "wanted_at": "2026-11-20T12:00:00.000Z",
    "service": "active",
    "service_at": "2026-11-20T12:00:04.000Z",
    "iccid": "8944500000000000001",
    "profile": "enabled",
    "plan_state": "active",
    "country": "DE",
    "usage": {
        "data_total_bytes": 5000000000,
        "data_used_bytes": 1250000000,
        "measured_at": "2026-11-20T11:45:00.000Z",
        "age_seconds": 900,
    },
    "installed_at": "2026-11-20T12:00:00.000Z",
    "first_use_at": None,
    "expires_at": None,
    "ended_at": None,
    "created_at": "2026-11-20T12:00:00.000Z",
    "can": {
        "suspend": True,
        "reactivate": False,
        "terminate": True,
        "replace": True,
        "top_up": True,
        "change_plan": True,
    },
    "changes_plan": "native",
    "swaps_profile": True,
}
PERIOD = {
    "plan": {"id": "plan_06b3x8tk1m4q7rznw2v5c9", "name": "Europe 5 GB, 30 days"},
    "price": {"amount_minor": 900, "currency": "EUR"},
    "started_at": "2026-11-20T12:00:00.000Z",
    "ended_at": None,
}
OPERATION = {
    "id": "op_06b3x8tk1m4q7rznw2v5c9",
    "object": "operation",
    "kind": "provision",
    "state": "requested",
    "state_at": "2026-11-20T12:00:00.000Z",
    "line": "line_06b3x8tk1m4q7rznw2v5c9",
    "plan": "plan_06b3x8tk1m4q7rznw2v5c9",
    "effective_on": None,
    "asked_by": "api_key:key_06b3x8tk1m4q7rznw2v5c9",
    "asked_at": "2026-11-20T12:00:00.000Z",
    "reason": "asked for by API",
    "problem": "",
    "done_at": None,
}


class PlanCan(Schema):
    """What can be done with every line on a plan, whoever supplies it."""

    suspend: bool
    terminate: bool
    top_up: bool
    replace: bool
    change_plan: Annotated[Literal["native", "emulated", "no"], Field(description="no: only by a new eSIM.")]


class PlanOut(Schema):
    """What the company may give its people."""

    model_config = examples(PLAN)
    id: str
    object: str = "plan"
    name: str
    price: Cost
    data_bytes: Annotated[int | None, Field(description="null: unlimited.")]
    days: int
    countries: Annotated[list[str], Field(description="ISO 3166-1 alpha-2.")]
    can: PlanCan
    usage_delay_seconds: Annotated[int, Field(description="How late usage is told: no rule can act sooner.")]


class LineUsage(Schema):
    """Data used, and how old that figure is."""

    data_total_bytes: int | None
    data_used_bytes: int | None
    measured_at: Annotated[Moment | None, Field(description="By the supplier; null: nothing was told yet.")]
    age_seconds: int | None


class LineCan(Schema):
    """What can be done with this line as it is now."""

    suspend: bool
    reactivate: bool
    terminate: bool
    replace: bool
    top_up: bool
    change_plan: bool


class FleetLineOut(Schema):
    """One line of a person, or of a thing. `wanted` is what was asked for, `service` what the supplier confirmed."""

    model_config = examples(LINE)
    id: str
    object: str = "line"
    employee: Named | None
    team: Named | None
    label: str
    plan: Named
    wanted_plan: Annotated[
        Named | None, Field(description="Asked for and not yet confirmed; null: it stays on `plan`.")
    ]
    state: LineState
    state_at: Moment
    problem: Annotated[str, Field(description="Why it stands still, for people; empty: it does not.")]
    wanted: ServiceWord
    wanted_at: Moment
    service: Annotated[ServiceWord | None, Field(description="null: there is no eSIM yet.")]
    service_at: Moment | None
    iccid: str
    profile: Annotated[str, Field(description="Of the eSIM on the phone: released, downloaded, installed, enabled …")]
    plan_state: str
    country: Annotated[str, Field(description="Where it was last seen, ISO 3166-1 alpha-2.")]
    usage: LineUsage
    installed_at: Moment | None
    first_use_at: Moment | None
    expires_at: Moment | None
    ended_at: Moment | None
    created_at: Moment
    can: LineCan
    changes_plan: Annotated[
        Literal["native", "emulated", "no"],
        Field(description="How its own supplier does; emulated: the new plan is added, the old one ends or runs out."),
    ]
    swaps_profile: Annotated[
        bool, Field(description="A new phone gets a new profile of this line, which costs nothing.")
    ]


class PeriodOut(Schema):
    """A plan the line was on, at the price it was bought for."""

    plan: Named
    price: Cost
    started_at: Moment
    ended_at: Moment | None


class LineDetail(FleetLineOut):
    """A line with the history of its plans and what is under way."""

    model_config = examples(LINE | {"plans": [PERIOD], "open_operation": None, "planned": []})
    plans: Annotated[list[PeriodOut], Field(description="Newest first.")]
    open_operation: Annotated[str | None, Field(description="The operation that is under way; one at a time.")]
    planned: Annotated[list[str], Field(description="Operations that wait for their day.")]


class OperationOut(Schema):
    """Something that was asked to be done with a line, and what came of it."""

    model_config = examples(OPERATION)
    id: str
    object: str = "operation"
    kind: Literal["provision", "suspend", "reactivate", "terminate", "change_plan", "top_up", "replace"]
    state: Annotated[
        Literal[
            "awaiting_approval",
            "scheduled",
            "requested",
            "sent",
            "unknown",
            "done",
            "refused",
            "failed",
            "cancelled",
        ],
        Field(description="unknown: it may have happened, and is being found out; nothing is done twice."),
    ]
    state_at: Moment
    line: str
    plan: str | None
    effective_on: Annotated[Day | None, Field(description="Not before this day; null: now.")]
    asked_by: str
    asked_at: Moment
    reason: str
    problem: Annotated[str, Field(description="Why it was refused or failed, for people.")]
    done_at: Moment | None


def plan_shown(one: Plan) -> dict[str, Any]:
    """As PlanOut."""
    can = {name: getattr(one, f"can_{name}") for name in ("suspend", "terminate", "top_up", "replace")}
    same = ("name", "data_bytes", "days", "countries", "usage_delay_seconds")
    return {name: getattr(one, name) for name in same} | {
        "id": one.public_id,
        "price": {"amount_minor": one.price_minor, "currency": one.currency},
        "can": can | {"change_plan": one.change},
    }


def lines_shown(rows: Sequence[FleetLine]) -> list[dict[str, Any]]:
    """As FleetLineOut. Needs `employee`, `team`, `plan` and `wanted_plan` loaded."""
    return [_line(one) for one in rows]


def detail_shown(one: FleetLine) -> dict[str, Any]:
    """As LineDetail."""
    periods = PlanPeriod.objects.filter(line=one).select_related("plan").order_by("-started_at", "-pk")
    rows = Operation.objects.filter(line=one, state__in=[*OPEN, PLANNED]).order_by("effective_on", "pk")
    asked = rows.values_list("public_id", "state")
    return _line(one) | {
        "plans": [_period(found) for found in periods],
        "open_operation": next((name for name, state in asked if state != PLANNED), None),
        "planned": [name for name, state in asked if state == PLANNED],
    }


def operation_shown(one: Operation) -> dict[str, Any]:
    """As OperationOut. Needs `line` and `plan` loaded."""
    same = ("kind", "state", "state_at", "effective_on", "asked_by", "asked_at", "reason", "problem", "done_at")
    return {name: getattr(one, name) for name in same} | {
        "id": one.public_id,
        "line": one.line.public_id,
        "plan": one.plan.public_id if one.plan else None,
    }


def _line(one: FleetLine) -> dict[str, Any]:
    same = ("label", "state", "state_at", "problem", "wanted", "wanted_at", "service_at", "iccid", "profile")
    more = ("plan_state", "country", "installed_at", "first_use_at", "expires_at", "ended_at", "created_at")
    return {name: getattr(one, name) for name in (*same, *more)} | {
        "id": one.public_id,
        "employee": one.employee and {"id": one.employee.public_id, "name": one.employee.name},
        "team": one.team and {"id": one.team.public_id, "name": one.team.name},
        "plan": {"id": one.plan.public_id, "name": one.plan.name},
        "service": one.service or None,
        "usage": _usage(one),
        "wanted_plan": one.wanted_plan and {"id": one.wanted_plan.public_id, "name": one.wanted_plan.name},
        "can": {name: not hindrance(one, name) for name in DEEDS},
        "changes_plan": one.change,
        "swaps_profile": one.can_swap,
    }


def _usage(one: FleetLine) -> dict[str, Any]:
    age = max(0, int((clock.now() - one.usage_at).total_seconds())) if one.usage_at else None
    return {
        "data_total_bytes": one.data_total,
        "data_used_bytes": one.data_used,
        "measured_at": one.usage_at,
        "age_seconds": age,
    }


def _period(one: PlanPeriod) -> dict[str, Any]:
    return {
        "plan": {"id": one.plan.public_id, "name": one.plan.name},
        "price": {"amount_minor": one.price_minor, "currency": one.currency},
        "started_at": one.started_at,
        "ended_at": one.ended_at,
    }
