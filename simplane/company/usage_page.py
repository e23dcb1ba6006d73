"""What lines used: by day with what the month will come to, strange days in sentences, and who used it. Also as CSV."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from simplane.company.billing import download
from simplane.company.reach import led_by
from simplane.company.saved import saved_views
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.usage_charts import Chart, days_chart, month_chart
from simplane.company.when import asked_day
from simplane.company.whom import concerning, named
from simplane.core import clock
from simplane.core.cells import csv_lines
from simplane.policies.alert_models import Alert
from simplane.ui.templatetags.show import country
from simplane.usage import queries
from simplane.usage.foresight import usage_at_month_end
from simplane.usage.values import DayUse, Level

BY: dict[str, tuple[Level, str]] = {
    "team": ("team", "Team"),
    "cost_centre": ("cost_centre", "Cost centre"),
    "person": ("employee", "Person"),
    "line": ("line", "Line"),
    "country": ("country", "Country"),
    "network": ("network", "Network"),
}
PERIODS = {"month": "This month", "last": "Last month", "30": "30 days", "90": "90 days"}
SHOWN, FILED, MOST_DAYS, STRANGE = 25, 10_000, 366, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days from `since` to before `until` (UTC). `name`: of the choice, empty for days that were typed."""

    name: str
    since: date
    until: date

    @property
    def last(self) -> date:
        """The last day of it."""
        return self.until - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Top:
    """One team, country …: bytes, and percent of the largest one."""

    name: str
    bytes: int
    share: int
    line: str = ""
    """Public id, of a line."""


@dataclass(frozen=True, slots=True)
class Strange:
    """A day on which a line used far more than it does, as it was told."""

    day: date
    words: str
    line: str


@require_safe
@page("usage:read")
def usage(request: CompanyRequest) -> HttpResponse:
    """A manager's is what the teams they lead used. `?file=days` and `?file=top`: as files."""
    period = period_of(request.GET)
    by = request.GET.get("by") if request.GET.get("by") in BY else "team"
    assert by is not None
    days = _days(request, period)
    top = _top(request, BY[by][0], period)
    if request.GET.get("file") == "days":
        return _file("usage-days", ("day", "bytes"), [(one.day, one.bytes) for one in days])
    if request.GET.get("file") == "top":
        return _file(f"usage-by-{by}", (BY[by][1].lower(), "bytes"), [(one.name, one.bytes) for one in top])
    strange = _strange(request, period)
    context = {
        "period": period,
        "periods": PERIODS.items(),
        "by": by,
        "views": saved_views(request, "usage"),
        "label": BY[by][1],
        "choices": [(name, label) for name, (_, label) in BY.items()],
        "total": sum(one.bytes for one in days),
        "top": top[:SHOWN],
        "more": max(0, len(top) - SHOWN),
        "strange": strange[:STRANGE],
        "fresh": queries.freshness_by_supplier(),
        "last_record": queries.freshness().newest,
        "charts": _charts(request, period, days, {one.day for one in strange}),
    }
    return show(request, "usage", "usage", context)


def period_of(query: QueryDict) -> Period:
    """A choice by its name, or typed days (both included); this month for anything else."""
    today = clock.now().date()
    first = today.replace(day=1)
    typed = _typed(query.get("since", ""), query.get("until", ""))
    if typed is not None:
        return typed
    tomorrow = today + timedelta(days=1)
    choices = {
        "last": ((first - timedelta(days=1)).replace(day=1), first),
        "30": (today - timedelta(days=29), tomorrow),
        "90": (today - timedelta(days=89), tomorrow),
    }
    name = query.get("period", "")
    since, until = choices.get(name, (first, tomorrow))
    return Period(name=name if name in choices else "month", since=since, until=until)


def _typed(since: str, until: str) -> Period | None:
    first, last = asked_day(since), asked_day(until)
    if first is None or last is None or not 0 <= (last - first).days < MOST_DAYS:
        return None
    return Period(name="", since=first, until=last + timedelta(days=1))


def _days(request: CompanyRequest, period: Period) -> list[DayUse]:
    sums: Counter[date] = Counter()
    for level, key in _reach(request):
        sums.update({one.day: one.bytes for one in queries.by_day(level, key, period.since, period.until).rows})
    return [DayUse(day=day, bytes=used) for day, used in sorted(sums.items())]


def _top(request: CompanyRequest, by: Level, period: Period) -> list[Top]:
    sums: Counter[int | str | None] = Counter()
    for level, key in _reach(request):
        found = queries.shares(by, period.since, period.until, of=level, id=key, most=FILED)
        sums.update({one.key: one.bytes for one in found.rows})
    names = named((by, key) for key in sums if isinstance(key, int))
    most = max(sums.values(), default=0)
    return [
        Top(
            country(key) if by == "country" and key else whom.name if whom else str(key or "not told"),
            used,
            100 * used // most if most > 0 else 0,
            whom.public_id if whom and by == "line" else "",
        )
        for key, used in sorted(sums.items(), key=lambda one: (-one[1], str(one[0])))
        for whom in [names.get((by, key)) if isinstance(key, int) else None]
        if used
    ]


def _reach(request: CompanyRequest) -> list[tuple[Level, int | None]]:
    if not request.company.narrow:
        return [("organization", None)]
    return [("team", team) for team in led_by(request.company).values_list("pk", flat=True)]


def _strange(request: CompanyRequest, period: Period) -> list[Strange]:
    """As they were told in alerts, the newest first."""
    told = concerning(request.company, Alert.objects.filter(kind="usage", dedupe__startswith="unusual:"))
    rows = told.filter(first_at__date__gte=period.since, first_at__date__lte=period.until + timedelta(days=1))
    found = [(one, date.fromisoformat(one.dedupe.rpartition(":")[2])) for one in rows.order_by("-pk")[:FILED]]
    lines = named(("line", one.subject_id) for one, _ in found)
    return [
        Strange(day, one.text, lines["line", one.subject_id].public_id)
        for one, day in found
        if period.since <= day < period.until
    ]


def _charts(request: CompanyRequest, period: Period, days: list[DayUse], strange: set[date]) -> list[Chart]:
    charts: list[Chart] = [days_chart(days, strange)]
    if period.name == "month" and not request.company.narrow:
        charts.append(month_chart(days, usage_at_month_end()))
    return charts


def _file(name: str, columns: tuple[str, ...], rows: list[Any]) -> HttpResponse:
    return download(f"{name}.csv", "text/csv; charset=utf-8", csv_lines(columns, rows))
