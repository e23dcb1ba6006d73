"""Months, quarters and years as a company's calendar has them: they begin at midnight of its own time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from simplane.policies.errors import BadRule

Every = Literal["month", "quarter", "year"]
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """`first`: its first day in the company's calendar. It lasts from `since` up to, not including, `until` (UTC)."""

    first: date
    since: datetime
    until: datetime
    label: str
    """`2026-11`, `2026-Q4` or `2026`."""


def period(every: Every, at: datetime, zone: str) -> Period:
    """The period in which the moment `at` lies. A day may have 23 or 25 hours; a period never begins inside one."""
    here = ZoneInfo(zone)
    local = at.astimezone(here).date()
    months = _MONTHS[every]
    month = (local.month - 1) // months * months + 1
    first = date(local.year, month, 1)
    after = month + months
    following = date(local.year + (after - 1) // 12, (after - 1) % 12 + 1, 1)
    return Period(first, _midnight(first, here), _midnight(following, here), _label(every, first))


def local_date(at: datetime, zone: str) -> date:
    """The day it is there."""
    return at.astimezone(ZoneInfo(zone)).date()


def known_zone(name: str) -> str:
    """An IANA name such as Europe/Berlin. Raises BadRule."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadRule(f"{name!r} is no time zone", fix="write an IANA name such as Europe/Berlin") from None
    return name


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Where clocks jump over midnight, the moment to which they jump."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _label(every: Every, first: date) -> str:
    if every == "year":
        return f"{first:%Y}"
    return f"{first:%Y-%m}" if every == "month" else f"{first:%Y}-Q{(first.month + 2) // 3}"
