"""News of usage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseAnswered(News):
    """A supplier's webhook says that an order moved; its unit asks now instead of later."""

    purchase_id: int
    job_fields: ClassVar[tuple[str, ...]] = ("unit_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageStored(News):
    """Sums of these lines of a company changed (ids of the company's lines, at most 500)."""

    organization_id: int
    line_ids: list[int]
    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "line_ids")
