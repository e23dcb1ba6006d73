"""What was bought for whom: fed by the fleet when a purchase is confirmed, read by month and cost centre."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth

from simplane.core import tenancy
from simplane.core.db import needs_transaction
from simplane.usage.models import Spend, UsageDay
from simplane.usage.values import Allocated, Purchase, Spent

PlaceLevel = Literal["employee", "team", "cost_centre"]
SpendLevel = Literal["organization", "employee", "team", "cost_centre", "line"]


@dataclass(slots=True)
class _Sum:
    spent: dict[str, int] = field(default_factory=dict)
    lines: set[int] = field(default_factory=set)
    bytes: int = 0


@needs_transaction
def record_purchase(organization_id: int, purchase: Purchase) -> bool:
    """Book what was paid for a line where its holder belongs. False: it was booked before.

    In the organization's scope, or outside all.
    """
    holder = purchase.holder
    row = Spend(
        key=purchase.key,
        line_id=holder.line_id,
        employee_id=holder.employee_id,
        team_id=holder.team_id,
        cost_centre_id=holder.cost_centre_id,
        kind=purchase.kind,
        plan=holder.plan,
        amount_minor=purchase.amount_minor,
        currency=purchase.currency,
        order_id=purchase.order_id,
        at=purchase.at,
    )
    with tenancy.scope(organization_id):
        known = Spend.objects.filter(key=purchase.key).exists()
        Spend.objects.bulk_create([row], ignore_conflicts=True)
    return not known


def by_month(
    level: SpendLevel, since: date, until: date, *, of: SpendLevel = "organization", id: int | None = None
) -> tuple[Spent, ...]:
    """Spend of the scope's company by month, `level` and currency, for days from `since` to before `until` (UTC).

    `of` and `id` narrow it: the lines of one team, the employees of one cost centre. Newest month and largest first.
    """
    rows = Spend.objects.filter(at__gte=_start(since), at__lt=_start(until))
    if of != "organization":
        rows = rows.filter(**{f"{of}_id": id})
    named = [] if level == "organization" else [f"{level}_id"]
    sums = (
        rows.annotate(month=TruncMonth("at", tzinfo=UTC))
        .values("month", "currency", *named)
        .annotate(total=Sum("amount_minor"), purchases=Count("pk"))
        .order_by("-month", "-total")
    )
    return tuple(
        Spent(
            month=row["month"].date(),
            key=row[named[0]] if named else None,
            currency=row["currency"],
            amount_minor=row["total"],
            purchases=row["purchases"],
        )
        for row in sums
    )


def allocation(level: PlaceLevel, since: date, until: date) -> tuple[Allocated, ...]:
    """Money beside use, of each cost centre, team … for days from `since` to before `until` (UTC); most use first.

    Both were booked where the holder belonged at the time, so the rows add up to the company's own sums.
    """
    column = f"{level}_id"
    found: dict[int | None, _Sum] = defaultdict(_Sum)
    bought = Spend.objects.filter(at__gte=_start(since), at__lt=_start(until))
    used = UsageDay.objects.filter(day__gte=since, day__lt=until)
    sums = bought.values_list(column, "line_id", "currency").annotate(total=Sum("amount_minor"))
    for key, line, currency, total in sums:
        found[key].lines.add(line)
        found[key].spent[currency] = found[key].spent.get(currency, 0) + total
    for key, line, total in used.values_list(column, "line_id").annotate(total=Sum("bytes")):
        found[key].lines.add(line)
        found[key].bytes += total
    rows = [Allocated(key=key, spent=one.spent, lines=len(one.lines), bytes=one.bytes) for key, one in found.items()]
    return tuple(sorted(rows, key=lambda row: (-row.bytes, row.key or 0)))


def by_day(currency: str, since: date, until: date) -> dict[date, int]:
    """Minor units of one currency by UTC day, without the days on which nothing was bought: for forecasts."""
    rows = Spend.objects.filter(currency=currency, at__gte=_start(since), at__lt=_start(until))
    return dict(rows.values_list("at__date").annotate(total=Sum("amount_minor")).order_by("at__date"))


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
