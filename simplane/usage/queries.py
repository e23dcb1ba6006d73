"""What the scope's company used: read from roll-ups only, each answer with how fresh it is. Days are UTC days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, QuerySet, Sum

from simplane.core import clock
from simplane.usage.models import Assignment, Meter, UsageDay, UsageHour
from simplane.usage.values import Days, DayUse, Fresh, Level, MonthToDate, Share, Shares

_COLUMN = {
    "employee": "employee_id",
    "team": "team_id",
    "cost_centre": "cost_centre_id",
    "line": "line_id",
    "country": "country",
    "network": "network",
}
Id = int | str | None


def by_day(level: Level, id: Id, since: date, until: date) -> Days:
    """Bytes of each day from `since` to before `until`, of one team, line …; days without use are there with 0."""
    found = _of(level, id, since, until).values_list("day").annotate(total=Sum("bytes"), at=Max("last_at"))
    sums = {day: (total, at) for day, total, at in found}
    days = [since + timedelta(days=n) for n in range((until - since).days)]
    last = max((at for _, at in sums.values()), default=None)
    return Days(
        rows=tuple(DayUse(day=day, bytes=sums.get(day, (0,))[0]) for day in days),
        fresh=_fresh(_meters(level, id), last),
    )


def by_hour(level: Level, id: Id, since: datetime, until: datetime) -> tuple[tuple[datetime, int], ...]:
    """Hours with use, oldest first; up to a minute behind the days. Kept as long as raw records."""
    rows = UsageHour.objects.filter(hour__gte=since, hour__lt=until, **_where(level, id))
    return tuple(rows.values_list("hour").annotate(total=Sum("bytes")).order_by("hour"))


def by_team(
    since: date, until: date, *, of: Level = "organization", id: Id = None, fresh: Fresh | None = None
) -> Shares:
    """What each team used; `of` and `id` narrow it. `fresh`, of another answer about the same, saves asking again."""
    return shares("team", since, until, of=of, id=id, fresh=fresh)


def by_country(
    since: date, until: date, *, of: Level = "organization", id: Id = None, fresh: Fresh | None = None
) -> Shares:
    """By the country the supplier told; empty: it told none."""
    return shares("country", since, until, of=of, id=id, fresh=fresh)


def by_cost_centre(
    since: date, until: date, *, of: Level = "organization", id: Id = None, fresh: Fresh | None = None
) -> Shares:
    """By where the holder belonged when it was used."""
    return shares("cost_centre", since, until, of=of, id=id, fresh=fresh)


def by_network(
    since: date, until: date, *, of: Level = "organization", id: Id = None, fresh: Fresh | None = None
) -> Shares:
    """By the network the supplier told; empty: it told none."""
    return shares("network", since, until, of=of, id=id, fresh=fresh)


def shares(
    by: Level,
    since: date,
    until: date,
    *,
    of: Level = "organization",
    id: Id = None,
    most: int = 500,
    fresh: Fresh | None = None,
) -> Shares:
    """The largest users among employees, lines, teams …, largest first."""
    column = _COLUMN[by]
    sums = _of(of, id, since, until).values_list(column).annotate(total=Sum("bytes"), at=Max("last_at"))
    found = list(sums.order_by("-total", column)[:most])
    rows = tuple(Share(key=key, bytes=total) for key, total, _ in found)
    return Shares(rows=rows, fresh=fresh or _fresh(_meters(of, id), max((at for *_, at in found), default=None)))


def month_to_date(level: Level = "organization", id: Id = None, *, fresh: Fresh | None = None) -> MonthToDate:
    """Bytes since the first of this month."""
    since, until = this_month()
    used = _of(level, id, since, until).aggregate(total=Sum("bytes"), at=Max("last_at"))
    return MonthToDate(since=since, bytes=used["total"] or 0, fresh=fresh or _fresh(_meters(level, id), used["at"]))


def month_to_date_of(level: Level, ids: Iterable[int]) -> dict[int, int]:
    """As `month_to_date`, of many at once: bytes by id, 0 of who used nothing."""
    wanted, column = list(ids), _COLUMN[level]
    since, until = this_month()
    rows = UsageDay.objects.filter(day__gte=since, day__lt=until, **{f"{column}__in": wanted})
    return dict.fromkeys(wanted, 0) | dict(rows.values_list(column).annotate(total=Sum("bytes")))


def days_of(level: Level, ids: Iterable[int], since: date, until: date) -> dict[int, list[int]]:
    """Bytes a day of many at once, `since` to before `until`, without gaps: what forecasts and anomalies are made from."""
    wanted, column = list(ids), _COLUMN[level]
    found = {one: [0] * (until - since).days for one in wanted}
    rows = UsageDay.objects.filter(day__gte=since, day__lt=until, **{f"{column}__in": wanted})
    for one, day, total in rows.values_list(column, "day").annotate(total=Sum("bytes")):
        found[one][(day - since).days] = total
    return found


def freshness(level: Level = "organization", id: Id = None) -> Fresh:
    """How old what is known of these lines is: when their suppliers last measured them."""
    return _fresh(_meters(level, id), _last_record(level, id))


def freshness_by_supplier() -> tuple[Fresh, ...]:
    """The same for each supplier the company has running lines of."""
    grouped = Meter.objects.filter(ended_at=None).values("supplier_code").order_by("supplier_code")
    return tuple(
        Fresh(newest=row["newest"], oldest=row["oldest"], supplier=row["supplier_code"], lines=row["lines"])
        for row in grouped.annotate(newest=Max("reading_at"), oldest=Min("reading_at"), lines=Count("pk"))
    )


def this_month() -> tuple[date, date]:
    """The first of this month and of the next (UTC)."""
    first = clock.now().date().replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def _of(level: Level, id: Id, since: date, until: date) -> QuerySet[Any]:
    rows: QuerySet[Any] = UsageDay.objects.filter(day__gte=since, day__lt=until, **_where(level, id))
    return rows


def _where(level: Level, id: Id) -> dict[str, Id]:
    return {} if level == "organization" else {_COLUMN[level]: id}


def _meters(level: Level, id: Id) -> QuerySet[Any]:
    running: QuerySet[Any] = Meter.objects.filter(ended_at=None)
    if level in ("organization", "country", "network"):
        return running
    if level == "line":
        return running.filter(line_id=id)
    held = Assignment.objects.filter(until=None, **{_COLUMN[level]: id})
    return running.filter(pk__in=held.values("meter_id"))


def _last_record(level: Level, id: Id) -> datetime | None:
    """Of suppliers that send records instead of readings: the newest of the last days."""
    recent = clock.now().date() - timedelta(days=3)
    found: datetime | None = UsageDay.objects.filter(day__gte=recent, **_where(level, id)).aggregate(at=Max("last_at"))[
        "at"
    ]
    return found


def _fresh(meters: QuerySet[Any], record: datetime | None) -> Fresh:
    found = meters.aggregate(newest=Max("reading_at"), oldest=Min("reading_at"), lines=Count("pk"))
    newest = max([one for one in (found["newest"], record) if one is not None], default=None)
    return Fresh(newest=newest, oldest=found["oldest"] or record, lines=found["lines"])
