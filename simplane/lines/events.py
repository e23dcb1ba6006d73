"""News of lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMoved(News):
    """One or more axes of a line changed: {"plan": "active"}."""

    line_id: int
    before: dict[str, str]
    after: dict[str, str]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReached(News):
    """A line's use rose past 75, 90 or 100 percent of its data. Bytes; the highest step of one measurement."""

    line_id: int
    percent: int
    data_used: int
    data_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilled(News):
    """Data was added to a line. `by_unit`: the unit that was bought for it."""

    line_id: int
    by_unit: int
    job_fields: ClassVar[tuple[str, ...]] = ("line_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged(News):
    """A line is on another plan. `by_unit`: the unit that was bought for it."""

    line_id: int
    by_unit: int
    job_fields: ClassVar[tuple[str, ...]] = ("line_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSwapped(News):
    """A line got another eSIM profile; the one before works no more."""

    line_id: int
    before: str
    after: str
    job_fields: ClassVar[tuple[str, ...]] = ("line_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEnded(News):
    """The line's plan or service is over."""

    line_id: int
    job_fields: ClassVar[tuple[str, ...]] = ("line_id",)
