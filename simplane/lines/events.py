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
class LineEnded(News):
    """The line's plan or service is over."""

    line_id: int
    job_fields: ClassVar[tuple[str, ...]] = ("line_id",)
