"""What crosses the border of usage. Frozen; bytes, aware UTC moments, UTC days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Level = Literal["organization", "employee", "team", "cost_centre", "line", "country", "network"]
"""What usage is asked of or grouped by. `organization` is all of it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One usage record of a supplier's file or call. Its identity is line, beginning and source id."""

    line: str
    """The supplier's key of the line."""
    source_id: str
    started_at: datetime
    bytes: int
    country: str = ""
    network: str = ""
    version: int = 1
    """Higher than that of a record stored before: corrects it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of a load. `unmetered` are records of lines that no company has; `refused` those of impossible times."""

    new: int = 0
    repeated: int = 0
    corrected: int = 0
    unmetered: int = 0
    refused: int = 0
    lines: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Lines whose sums changed, by organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who has a line, from now on."""

    line_id: int
    employee_id: int | None = None
    team_id: int | None = None
    cost_centre_id: int | None = None
    plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """How old figures are: of what they are made from, the oldest and newest moment a supplier has measured."""

    newest: datetime | None
    """None: nothing was ever measured."""
    oldest: datetime | None
    supplier: str = ""
    lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUse:
    """Bytes of one UTC day."""

    day: date
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Bytes of one team, country …: `key` is its id or code, None for what belongs to none."""

    key: int | str | None
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A series without gaps, oldest first."""

    rows: tuple[DayUse, ...]
    fresh: Fresh

    @property
    def bytes(self) -> int:
        """Of all days together."""
        return sum(row.bytes for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Largest first."""

    rows: tuple[Share, ...]
    fresh: Fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthToDate:
    """Bytes since the first of the month (UTC)."""

    since: date
    bytes: int
    fresh: Fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Something bought for a line, or given back (`amount_minor` negative, kind `refund`). Minor units."""

    key: str
    holder: Holder
    kind: Literal["provision", "change_plan", "top_up", "replace", "refund"]
    amount_minor: int
    currency: str
    at: datetime
    order_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Minor units of one currency; amounts of different currencies are never added."""

    month: date
    """Its first day (UTC)."""
    key: int | None
    """Cost centre, team, employee or line; None: of none."""
    currency: str
    amount_minor: int
    purchases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """What one cost centre (team …) had bought and used in a time. `spent`: minor units by currency, never added up."""

    key: int | None
    spent: Mapping[str, int]
    lines: int
    """That used data or had something bought."""
    bytes: int
