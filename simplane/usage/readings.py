"""Suppliers count up; companies pay by the day: a cumulative reading becomes what was used since the one before. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Bytes used so far of one plan, as the supplier measured them at a moment."""

    used: int
    at: datetime
    plan: str
    """What is counted; with another one counting may begin again."""


def used_since(last: Reading | None, now: Reading) -> int | None:
    """Bytes used between two readings, or None for one that says nothing new.

    More at the very moment of the last one counts: what a supplier measured before it sold the line is taken as of the sale,
    so for hours every reading has that moment. Less than before means a new count when the plan is another one; of the same
    plan the supplier corrected itself, and the difference is negative.
    """
    if last is None:
        return now.used
    if now.at < last.at or (now.at == last.at and now.used <= last.used):
        return None
    if now.used < last.used and now.plan != last.plan:
        return now.used
    return now.used - last.used
