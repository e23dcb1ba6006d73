"""What policies must be told by packages above them. `config/wiring.py` sets these once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from simplane.policies.values import Level, LineMonth


@dataclass(slots=True)
class Ports:
    """Where the answers come from."""

    month_to_date: Callable[[int, Sequence[int] | None, datetime], Sequence[LineMonth]] = lambda *_: ()
    """(organization, fleet lines, the month's start) -> those lines; None: all that are not ended. One query."""
    used: Callable[[int, Level, Sequence[int], datetime], dict[int, int]] = lambda *_: {}
    """(organization, level, ids, the month's start) -> bytes by id; of the company the id is 0."""
    price_now: Callable[[int, str, str], int | None] = lambda *_: None
    """(organization, kind, subject of an approval) -> minor units as of now; None: unknown."""


ports = Ports()
