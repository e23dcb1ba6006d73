"""News of suppliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierBlocked(News):
    """No new purchases at this supplier until somebody acts (money, key, address) or the pause ends."""

    supplier_id: int
    supplier: str
    why: str
    job_fields: ClassVar[tuple[str, ...]] = ("supplier_id", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierRecovered(News):
    """The supplier sells again."""

    supplier_id: int
    supplier: str
    job_fields: ClassVar[tuple[str, ...]] = ("supplier_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatLow(News):
    """Our balance at a supplier fell below its threshold."""

    supplier_id: int
    supplier: str
    balance: str
    job_fields: ClassVar[tuple[str, ...]] = ("supplier_id", "balance")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignOrders(News):
    """Orders in a supplier's books that no purchase of ours explains; somebody buys beside us."""

    supplier_id: int
    supplier: str
    order_ids: list[str]
    job_fields: ClassVar[tuple[str, ...]] = ("supplier_id", "order_ids")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRefused(News):
    """A supplier refused an offer as out of date; it waits for review and a fresh catalogue."""

    supplier_id: int
    offer_id: int
    why: str
    job_fields: ClassVar[tuple[str, ...]] = ("supplier_id",)
