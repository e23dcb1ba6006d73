"""Catalogues for tests: rows as an adapter would give them, and pulling them without a network."""

from __future__ import annotations

from typing import Any

from simplane.core import clock
from simplane.core.money import Money
from simplane.suppliers import catalog_sync
from simplane.suppliers.models import CatalogRun, Offer, Supplier
from simplane.suppliers.values import CatalogOffer, CatalogRow, UnreadableRow


def row(code: str = "es-1", **given: Any) -> CatalogOffer:
    """1 GB in Spain for 7 days at 1.00 USD."""
    fields: dict[str, Any] = {
        "code": code,
        "name": f"Spain {code}",
        "countries": ("ES",),
        "data_bytes": 1_000_000_000,
        "daily": False,
        "days": 7,
        "clock_start": "first_use",
        "top_up": True,
        "hotspot": None,
        "voice_minutes": 0,
        "sms_count": 0,
        "networks": ({"country": "ES", "operator": "Movistar", "technology": "5G"},),
        "unused_days": 180,
        "cost": Money(100, "USD"),
        "supplier_price": "1.00",
        "raw": {"code": code},
    }
    return CatalogOffer(**fields | given)


def priced(code: str, minor: int, **given: Any) -> CatalogOffer:
    """The same at another price."""
    return row(code, cost=Money(minor, "USD"), supplier_price=f"{minor / 100:.2f}", **given)


def unreadable(code: str, reason: str = "no price") -> UnreadableRow:
    """A row the adapter could not understand."""
    return UnreadableRow(code=code, reason=reason, raw={"code": code})


def many(count: int) -> list[CatalogOffer]:
    """`many-0`, `many-1`, ..."""
    return [row(f"many-{number}") for number in range(count)]


def pull(supplier: Supplier, *rows: CatalogRow, accept_loss: bool = False) -> CatalogRun:
    """Apply a catalogue of these rows as a sync does once it has read them."""
    run = CatalogRun.objects.create(supplier=supplier, started_at=clock.now())
    with catalog_sync.spooled() as spool:
        spool.add(rows)
        catalog_sync.apply(supplier, run, spool, accept_loss=accept_loss)
    return run


def offer(supplier: Supplier, code: str) -> Offer:
    """The stored offer."""
    return Offer.objects.get(supplier=supplier, code=code)
