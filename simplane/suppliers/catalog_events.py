"""News of the catalogues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogChanged(News):
    """A sync found something new, changed, gone or back; matches may be proposed or need a look."""

    supplier_id: int
    supplier: str
    run_id: int
    counts: dict[str, int]
    job_fields: ClassVar[tuple[str, ...]] = ("supplier_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRefused(News):
    """A sync could not be used; the offers stay as they were."""

    supplier_id: int
    supplier: str
    run_id: int
    why: str
    job_fields: ClassVar[tuple[str, ...]] = ("supplier_id", "why")
