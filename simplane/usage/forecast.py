"""How much it will be at the month's end: the median of the last four same weekdays, with bands from its own past errors.

Pure. Works on any daily series (bytes, minor units of one currency); reference: libraries, "Forecast".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simplane.core.late import Late

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Series = NDArray[np.float64]
else:
    np = Late("numpy")

WEEK, LOOK_BACK = 7, 4
LEAST_DAYS = 7
"""Below this nothing is foretold."""
ENOUGH_DAYS = 28
LEAST_TRIES = 14
MOST_TRIES = 84
BAND = (0.04, 0.96)
"""Wider than the 80 % that are promised: past errors overlap, so they look calmer than they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """In 8 of 10 cases the end lies between `low` and `high`. All None: too little is known to say anything."""

    so_far: int
    expected: int | None
    low: int | None
    high: int | None
    days_known: int
    sure: bool
    """False: history is short, and the band rests on a rule of thumb instead of past errors."""
    words: str


def month_end(past: Sequence[int], *, so_far: int, ahead: int) -> Forecast:
    """What a month will come to: `so_far` in it, and `ahead` days that follow the `past` ones (whole days, oldest first).

    Days before the first use should not be in `past`: they say nothing of the days to come.
    """
    series = np.asarray(past, dtype=np.float64)
    if ahead <= 0:
        return _told(so_far, 0.0, (0.0, 0.0), len(series), sure=True, words="The month is over.")
    if len(series) < LEAST_DAYS:
        words = f"Only {len(series)} days are known; a forecast needs {LEAST_DAYS}."
        return Forecast(
            so_far=so_far, expected=None, low=None, high=None, days_known=len(series), sure=False, words=words
        )
    if len(series) < ENOUGH_DAYS:
        return _short(series, so_far, ahead)
    actual, said = _tries(series, ahead)
    if len(actual) < LEAST_TRIES:
        return _short(series, so_far, ahead)
    bias = _bias(actual, said)
    rest = float(weekdays(series, ahead).sum()) * bias if said.sum() else float(series[-ENOUGH_DAYS:].mean()) * ahead
    errors = actual - said * bias
    low, high = (float(one) for one in np.quantile(errors, BAND))
    words = f"From the last {LOOK_BACK} of each weekday; the band is how wrong that was on {len(actual)} days before."
    return _told(so_far, rest, (low, high), len(series), sure=True, words=words)


def weekdays(series: Series, ahead: int) -> Series:
    """Each day to come: the median of the same weekday in the last four weeks, or in as many as there are."""
    weeks = series[-(len(series) // WEEK) * WEEK :].reshape(-1, WEEK)[-LOOK_BACK:]
    medians = np.median(weeks, axis=0)
    return np.asarray(np.resize(medians, ahead), dtype=np.float64)


def _tries(series: Series, ahead: int) -> tuple[Series, Series]:
    """Totals of `ahead` days as they were and as they would have been foretold, on each past day that allows it."""
    first = LOOK_BACK * WEEK
    ends = range(max(first, len(series) - ahead - MOST_TRIES), len(series) - ahead + 1)
    actual = [series[day : day + ahead].sum() for day in ends]
    said = [weekdays(series[:day], ahead).sum() for day in ends]
    return np.asarray(actual, dtype=np.float64), np.asarray(said, dtype=np.float64)


def _bias(actual: Series, said: Series) -> float:
    """A median forgets the days of much use; totals must not."""
    return float(np.clip(actual.sum() / said.sum(), 0.5, 3.0)) if said.sum() else 1.0


def _short(series: Series, so_far: int, ahead: int) -> Forecast:
    """Little history: the mean carried on, the band twice what the days' own spread would make it."""
    rest = float(series.mean()) * ahead
    spread = 2.0 * 1.28 * float(series.std(ddof=1)) * np.sqrt(ahead * (1 + ahead / len(series)))
    words = f"From the mean of {len(series)} days; the band is wide because that is little history."
    return _told(so_far, rest, (-float(spread), float(spread)), len(series), sure=False, words=words)


def _told(so_far: int, rest: float, band: tuple[float, float], days: int, *, sure: bool, words: str) -> Forecast:
    low, high = (max(0.0, rest + edge) for edge in (min(band[0], 0.0), max(band[1], 0.0)))
    return Forecast(
        so_far=so_far,
        expected=so_far + round(rest),
        low=so_far + round(low),
        high=so_far + round(high),
        days_known=days,
        sure=sure,
        words=words,
    )
