"""Days on which a line used far more than it does: measured on the logarithm of its active days, said in a sentence.

Pure; reference: libraries, "Anomalies".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from simplane.core.late import Late
from simplane.ui.templatetags.show import size

if TYPE_CHECKING:
    import numpy as np
else:
    np = Late("numpy")

FAR = 3.5
LEAST_ACTIVE, WINDOW = 7, 56
ACTIVE_BYTES = 1_000_000
"""Less is a phone saying hello."""
LEAST_SPREAD = 0.25
"""Of the logarithm: a line that uses the same every day is not strange at a tenth more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """`usual`: the median of the active days before. `words`: a sentence without a subject, for after the line's name."""

    day: date
    bytes: int
    usual: int
    score: float
    words: str


def told(strange: Anomaly, country: str) -> Anomaly:
    """The same with the country in its sentence where most of it was used."""
    return replace(strange, words=_words(strange.day, strange.bytes, strange.usual, country))


def find(days: Sequence[int], first: date, *, look: int = 1) -> tuple[Anomaly, ...]:
    """Strange ones among the last `look` days of a daily series that begins at `first`, each held against those before it.

    Fewer than seven active days before: nothing is said.
    """
    found = (_judge(days, place, first) for place in range(max(0, len(days) - look), len(days)))
    return tuple(one for one in found if one is not None)


def _judge(days: Sequence[int], place: int, first: date) -> Anomaly | None:
    used = days[place]
    before = np.asarray(days[max(0, place - WINDOW) : place], dtype=np.float64)
    active = np.log(before[before >= ACTIVE_BYTES])
    if used < ACTIVE_BYTES or len(active) < LEAST_ACTIVE:
        return None
    middle = float(np.median(active))
    spread = max(1.4826 * float(np.median(np.abs(active - middle))), LEAST_SPREAD)
    score = (float(np.log(used)) - middle) / spread
    if score <= FAR:
        return None
    day, usual = first + timedelta(days=place), round(float(np.exp(middle)))
    return Anomaly(day=day, bytes=used, usual=usual, score=round(score, 1), words=_words(day, used, usual))


def _words(day: date, used: int, usual: int, country: str = "") -> str:
    where = f", mostly in {country}" if country else ""
    when, times = f"{day:%A} {day.day} {day:%B}", f"{used / usual:.0f}"
    return f"used {size(used)} on {when}{where}: {times} times its usual active day ({size(usual)})"
