"""Charts of use: what the page's script draws, and the sentence that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, Literal

from simplane.core.money import Money
from simplane.ui.templatetags.show import size
from simplane.usage import queries
from simplane.usage.forecast import Forecast
from simplane.usage.values import DayUse

GB = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`words` is what the picture says. Values of `data` are gigabytes; None where a line has no point."""

    name: str
    """Of its data on the page."""
    kind: Literal["bars", "month"]
    title: str
    words: str
    data: dict[str, Any] = field(default_factory=dict)
    note: str = ""


def days_chart(days: Sequence[DayUse], strange: set[date]) -> Chart:
    """Bars by day; strange days are marked."""
    most = max(days, key=lambda one: one.bytes, default=None)
    words = "Nothing was used."
    if most is not None and most.bytes > 0:
        total = sum(one.bytes for one in days)
        words = f"{size(total)} from {days[0].day} to {days[-1].day}; most on {most.day} with {size(most.bytes)}."
    marked = [str(one.day) for one in days if one.day in strange]
    data = {"days": [str(one.day) for one in days], "used": [_gb(one.bytes) for one in days], "strange": marked}
    return Chart(name="days", kind="bars", title="By day", words=words, data=data)


def month_chart(days: Sequence[DayUse], told: Forecast) -> Chart:
    """What was used since the first, and from today to the last day the likely way with its band."""
    first, after = queries.this_month()
    dates = [first + timedelta(days=n) for n in range((after - first).days)]
    so_far = list(accumulate(one.bytes for one in days))
    here, ahead = len(so_far) - 1, len(dates) - len(so_far)
    data: dict[str, Any] = {
        "days": [str(one) for one in dates],
        "used": [_gb(one) for one in so_far] + [None] * ahead,
    }
    if told.expected is not None and told.low is not None and told.high is not None and ahead:
        for name, end in (("expected", told.expected), ("low", told.low), ("high", told.high)):
            steps = [so_far[here] + (end - so_far[here]) * n // ahead for n in range(ahead + 1)]
            data[name] = [None] * here + [_gb(one) for one in steps]
    return Chart(
        name="month", kind="month", title="This month and its end", words=_said(told), data=data, note=told.words
    )


def months_chart(sums: Sequence[tuple[date, int]], currency: str) -> Chart:
    """Minor units of one currency by month, oldest first, as bars of whole units."""
    most, top = max(sums, key=lambda one: one[1])
    words = (
        f"{len(sums)} month{'s' if len(sums) != 1 else ''}; most in {most:%B %Y} with {Money(top, currency).shown()}."
    )
    data = {
        "days": [f"{month:%Y-%m}" for month, _ in sums],
        "used": [float(Money(minor, currency).decimal()) for _, minor in sums],
        "unit": currency,
        "name": "Spent",
    }
    return Chart(name=f"spent-{currency}", kind="bars", title=f"By month, {currency}", words=words, data=data)


def _said(told: Forecast) -> str:
    if told.expected is None or told.low is None or told.high is None:
        return f"{size(told.so_far)} so far."
    return (
        f"{size(told.so_far)} so far; about {size(told.expected)} at the month's end, in 8 of 10 cases between "
        f"{size(told.low)} and {size(told.high)}."
    )


def _gb(used: int) -> float:
    return round(used / GB, 3)
