"""What a company used and spent: GET usage (by UTC day), GET spend (by month)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from ninja import Path, Query, Router, Schema
from pydantic import Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, TenantScope
from simplane.api.v1.hints import hints
from simplane.api.v1.tenant_values import AREA, Day, Here, inside
from simplane.api.v1.values import CLEAN, Currency, Minor, Moment, examples
from simplane.core import clock
from simplane.fleet.models import FleetLine
from simplane.usage import queries
from simplane.usage.spend import by_month
from simplane.usage.values import Fresh, Spent
from simplane.workforce.models import CostCentre, Employee, Team

router = Router(tags=["Usage and spend"])
USAGE, SPEND = TenantScope("usage:read"), TenantScope("spend:read")
MOST_DAYS, MOST_MONTHS = 366, 24
SpendLevel = Literal["organization", "employee", "team", "cost_centre", "line"]
UsageLevel = Literal["organization", "employee", "team", "cost_centre", "line", "country", "network"]
MODELS: dict[str, Any] = {"employee": Employee, "team": Team, "cost_centre": CostCentre, "line": FleetLine}
MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
Month = Annotated[str | None, Field(pattern=MONTH, description="2026-11; left out: this month (UTC).")]


class UsageWanted(Schema):
    """Of what, and for which days."""

    level: UsageLevel = "organization"
    id: Annotated[
        str | None,
        Field(max_length=80, pattern=CLEAN, description="Of the employee, team …; a country's or network's code."),
    ] = None
    since: Annotated[date | None, Field(description="First UTC day; left out: 30 days.")] = None
    until: Annotated[date | None, Field(description="The day behind the last one; left out: tomorrow.")] = None


class DayOut(Schema):
    """Bytes of one UTC day."""

    day: Day
    bytes: int


class UsageDaysOut(Schema):
    """Bytes of each day, and how old the newest figure is."""

    model_config = examples(
        {
            "object": "usage",
            "level": "team",
            "id": "team_06b3x8tk1m4q7rznw2v5c9",
            "days": [{"day": "2026-11-19", "bytes": 1250000000}, {"day": "2026-11-20", "bytes": 0}],
            "bytes": 1250000000,
            "measured_at": "2026-11-20T11:45:00.000Z",
            "age_seconds": 900,
            "oldest_at": "2026-11-20T11:15:00.000Z",
        }
    )
    object: str = "usage"
    level: UsageLevel
    id: str | None
    days: Annotated[list[DayOut], Field(description="Oldest first, without gaps.")]
    bytes: int
    measured_at: Annotated[Moment | None, Field(description="The newest figure; null: nothing was ever measured.")]
    age_seconds: int | None
    oldest_at: Annotated[Moment | None, Field(description="When the line that was asked longest ago was measured.")]


class SpendWanted(Schema):
    """By what, and for which months."""

    level: Annotated[SpendLevel, Field(description="`employee` and `line`: one month at a time.")] = "organization"
    first_month: Month = None
    last_month: Month = None


class SpentOut(Schema):
    """What was bought in a month in one currency, less what was given back."""

    month: str
    id: Annotated[str | None, Field(description="Of the team, employee …; null: of none, or of the whole company.")]
    name: str
    amount_minor: Minor
    currency: Currency
    purchases: int


class SpendOut(Schema):
    """Spend by month; amounts of different currencies are never added."""

    model_config = examples(
        {
            "object": "spend",
            "level": "team",
            "data": [
                {
                    "month": "2026-11",
                    "id": "team_06b3x8tk1m4q7rznw2v5c9",
                    "name": "Sales",
                    "amount_minor": 1800,
                    "currency": "EUR",
                    "purchases": 2,
                }
            ],
        }
    )
    object: str = "spend"
    level: SpendLevel
    data: Annotated[list[SpentOut], Field(description="The newest month first, then the largest amount.")]


@router.get(f"{AREA}/usage", response=UsageDaysOut, auth=USAGE, summary="Read usage by day", openapi_extra=hints())
def read_usage_by_day(request: ApiRequest, at: Path[Here], wanted: Query[UsageWanted]) -> dict[str, Any]:
    """Of the company, or of one employee, team, cost centre, line, country or network. Up to 366 days."""
    since, until = _days(wanted)
    with inside(request, at):
        found = queries.by_day(wanted.level, _key(wanted.level, wanted.id), since, until)
        days = [{"day": row.day, "bytes": row.bytes} for row in found.rows]
        same = {"level": wanted.level, "id": wanted.id, "days": days, "bytes": found.bytes}
        return same | _fresh(found.fresh)


@router.get(f"{AREA}/spend", response=SpendOut, auth=SPEND, summary="Read spend by month", openapi_extra=hints())
def read_spend(request: ApiRequest, at: Path[Here], wanted: Query[SpendWanted]) -> dict[str, Any]:
    """What was bought for whom, booked where its holder belonged then. Up to 24 months."""
    since, until = _months(wanted)
    with inside(request, at):
        rows = by_month(wanted.level, since, until)
        names = _names(wanted.level, {row.key for row in rows if row.key is not None})
        return {"level": wanted.level, "data": [_spent(row, names) for row in rows]}


def _days(wanted: UsageWanted) -> tuple[date, date]:
    """Raises Refused."""
    tomorrow = clock.now().date() + timedelta(days=1)
    until = wanted.until or tomorrow
    _of_this_century(until, "until")
    since = wanted.since or until - timedelta(days=30)
    if not 0 < (until - since).days <= MOST_DAYS:
        raise Refused("bad_parameter", f"since, until: ask for 1 to {MOST_DAYS} days; `until` is behind the last one")
    return since, until


def _of_this_century(day: date, name: str) -> None:
    """Raises Refused."""
    if not 2000 <= day.year < 2100:
        raise Refused("bad_parameter", f"{name}: ask for days from the year 2000 to 2099")


def _months(wanted: SpendWanted) -> tuple[date, date]:
    """The first days of the first month and of the one behind the last. Raises Refused."""
    now = f"{clock.now():%Y-%m}"
    first = date.fromisoformat(f"{wanted.first_month or wanted.last_month or now}-01")
    last = date.fromisoformat(f"{wanted.last_month or now}-01")
    _of_this_century(last, "last_month")
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 1 <= months <= MOST_MONTHS:
        raise Refused("bad_parameter", f"first_month, last_month: ask for 1 to {MOST_MONTHS} months")
    if months > 1 and wanted.level in ("employee", "line"):
        raise Refused("bad_parameter", f"level: {wanted.level} is told for one month at a time")
    return first, (last + timedelta(days=31)).replace(day=1)


def _key(level: UsageLevel, id: str | None) -> int | str | None:
    """What usage calls it. Raises Refused."""
    if (id is None) != (level == "organization"):
        raise Refused("bad_parameter", "id: send it with every level but organization")
    if level not in MODELS:
        return id
    pk: int | None = MODELS[level].objects.filter(public_id=id).values_list("pk", flat=True).first()
    if pk is None:
        raise Refused("bad_parameter", f"id: there is no such {level.replace('_', ' ')}")
    return pk


def _names(level: SpendLevel, keys: Iterable[int]) -> dict[int, tuple[str, str]]:
    if level not in MODELS:
        return {}
    rows = MODELS[level].objects.filter(pk__in=keys)
    return {one.pk: (one.public_id, _name(one)) for one in rows}


def _name(one: Any) -> str:
    return str(one.label) if isinstance(one, FleetLine) else str(one)


def _spent(row: Spent, names: dict[int, tuple[str, str]]) -> dict[str, Any]:
    id, name = names.get(row.key, (None, "")) if row.key is not None else (None, "")
    same = {"amount_minor": row.amount_minor, "currency": row.currency, "purchases": row.purchases}
    return {"month": f"{row.month:%Y-%m}", "id": id, "name": name, **same}


def _fresh(fresh: Fresh) -> dict[str, Any]:
    age = None if fresh.newest is None else max(0, int((clock.now() - fresh.newest).total_seconds()))
    return {"measured_at": fresh.newest, "age_seconds": age, "oldest_at": fresh.oldest}
