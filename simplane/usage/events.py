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
