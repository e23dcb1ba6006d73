"""What crosses the border of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSpec:
    """A promise, as somebody writes it down. Fields as in `catalog.models.Product`."""

    sku: str
    name: str
    countries: tuple[str, ...]
    data_bytes: int | None
    """Total, or a day when `daily`; None = unlimited."""
    days: int
    daily: bool = False
    clock_start: str = "first_use"
    top_up: bool = False
    hotspot: bool = False
    voice_minutes: int = 0
    sms_count: int = 0
    carrier: str = ""
    min_margin_minor: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """What one write changed: the thing, and its fields before (None: it is new) and after. Holds no secret."""

    entity: str
    key: str
    before: dict[str, Any] | None
    after: dict[str, Any]
