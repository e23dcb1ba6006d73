"""What a timeline is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simplane.ordering.models import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. `raw` is what may be unfolded: pairs of a caption and a JSON value."""

    at: datetime
    icon: str
    tone: str
    title: str
    text: str = ""
    link: str = ""
    unit: str = ""
    """Which eSIM of the order, `1 of 3`; empty for the order as a whole."""
    raw: tuple[tuple[str, Any], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Cast:
    """The units of an order by key, with the name people call each."""

    units: Mapping[int, Unit]
    names: Mapping[int, str]

    @classmethod
    def of(cls, units: Iterable[Unit]) -> Cast:
        listed = list(units)
        many = len(listed)
        names = {unit.pk: f"{place} of {many}" if many > 1 else "" for place, unit in enumerate(listed, 1)}
        return cls({unit.pk: unit for unit in listed}, names)

    def name(self, unit_id: int | None) -> str:
        return self.names.get(unit_id, "") if unit_id else ""
