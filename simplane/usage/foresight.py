"""Forecasts and strange days of the scope's company, from its roll-ups: the pure methods with the figures they need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Max, Sum
from django.db.models.functions import TruncMonth

from simplane.core import clock
from simplane.usage import anomalies, forecast, queries, spend
from simplane.usage.anomalies import Anomaly
from simplane.usage.forecast import Forecast
from simplane.usage.models import UsageDay
from simplane.usage.values import Level

PAST_DAYS = 112
LEAST_SHARE = 0.5
"""Of a strange day's bytes in one country, for the sentence to name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMonths:
    """Bytes of a line's last whole months since its first use, newest last, and where they were used."""

    months: tuple[int, ...]
    countries: frozenset[str]


def usage_at_month_end(level: Level = "organization", id: int | str | None = None) -> Forecast:
    """Bytes of this month when it is over (UTC)."""
    today = clock.now().date()
    days = queries.by_day(level, id, today - timedelta(days=PAST_DAYS), today + timedelta(days=1))
    return _month_end([one.bytes for one in days.rows])


def spend_at_month_end(currency: str) -> Forecast:
    """Minor units of one currency that this month will have cost."""
    today = clock.now().date()
    since = today - timedelta(days=PAST_DAYS)
    sums = spend.by_day(currency, since, today + timedelta(days=1))
    return _month_end([sums.get(since + timedelta(days=n), 0) for n in range(PAST_DAYS + 1)])


def strange_days(look: int = 1, line_ids: Iterable[int] | None = None) -> dict[int, Anomaly]:
    """Lines that used far more than they do on one of the last `look` whole days: the strangest day of each."""
    today = clock.now().date()
    since = today - timedelta(days=anomalies.WINDOW + look)
    suspects = _much_used(today - timedelta(days=look), today, line_ids)
    found: dict[int, Anomaly] = {}
    for line_id, days in queries.days_of("line", suspects, since, today).items():
        strange = anomalies.find(days, since, look=look)
        if strange:
            found[line_id] = max(strange, key=lambda one: one.score)
    return _with_countries(found)


def line_months(line_ids: Sequence[int], months: int = 3) -> dict[int, LineMonths]:
    """What `recommend` needs to know of lines; those that were never used have no months."""
    until = queries.this_month()[0]
    firsts = _firsts(until, months)
    rows = UsageDay.objects.filter(line_id__in=line_ids, day__gte=firsts[0], day__lt=until)
    used: dict[int, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    where: dict[int, set[str]] = defaultdict(set)
    grouped = rows.annotate(month=TruncMonth("day")).values_list("line_id", "month", "country")
    for line_id, month, country, total in grouped.annotate(total=Sum("bytes")):
        used[line_id][month] += total
        where[line_id] |= {country} - {""} if total else set()
    return {
        line_id: LineMonths(months=_since_first(used[line_id], firsts), countries=frozenset(where[line_id]))
        for line_id in line_ids
    }


def last_use(line_ids: Sequence[int]) -> dict[int, datetime]:
    """When each was last used, of those that were in the last months."""
    since = clock.now().date() - timedelta(days=PAST_DAYS)
    rows = UsageDay.objects.filter(line_id__in=line_ids, day__gte=since, bytes__gt=0)
    return dict(rows.values_list("line_id").annotate(at=Max("last_at")))


def _month_end(series: list[int]) -> Forecast:
    """`series` ends with today, which is not over."""
    today = clock.now().date()
    whole, so_far_today = series[:-1], series[-1]
    this_month = whole[len(whole) - (today.day - 1) :]
    begun = next((place for place, used in enumerate(whole) if used > 0), len(whole))
    ahead = (queries.this_month()[1] - today).days
    told = forecast.month_end(whole[begun:], so_far=sum(this_month), ahead=ahead)
    least = sum(this_month) + so_far_today
    if told.expected is None or told.low is None or told.high is None:
        return replace(told, so_far=least)
    low, expected, high = (max(one, least) for one in (told.low, told.expected, told.high))
    return replace(told, so_far=least, low=low, expected=expected, high=high)


def _much_used(since: date, until: date, line_ids: Iterable[int] | None) -> list[int]:
    rows = UsageDay.objects.filter(day__gte=since, day__lt=until)
    if line_ids is not None:
        rows = rows.filter(line_id__in=list(line_ids))
    sums = rows.values_list("line_id").annotate(total=Sum("bytes")).filter(total__gte=anomalies.ACTIVE_BYTES)
    return [line_id for line_id, _ in sums.order_by("line_id")]


def _with_countries(found: dict[int, Anomaly]) -> dict[int, Anomaly]:
    """Name the country where most of it was used."""
    days = {one.day for one in found.values()}
    rows = UsageDay.objects.filter(line_id__in=found, day__in=days).exclude(country="")
    most = rows.values_list("line_id", "day", "country").annotate(total=Sum("bytes")).order_by("total")
    for line_id, day, country, total in most:
        one = found[line_id]
        if one.day == day and total >= one.bytes * LEAST_SHARE:
            found[line_id] = anomalies.told(one, country)
    return found


def _firsts(until: date, months: int) -> list[date]:
    found = [until]
    for _ in range(months):
        found.insert(0, (found[0] - timedelta(days=1)).replace(day=1))
    return found[:-1]


def _since_first(used: dict[date, int], firsts: Sequence[date]) -> tuple[int, ...]:
    """Months before the first use say nothing; those after it do, also when they are empty."""
    return tuple(used.get(one, 0) for one in firsts if used and one >= min(used))
