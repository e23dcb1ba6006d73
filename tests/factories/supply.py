"""What is promised, what suppliers sell, and how one is chosen for the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simplane.catalog.models import Price, Product
from simplane.core import clock
from simplane.core.ids import secret_token
from simplane.routing.models import Match, Receipt, Rule
from simplane.suppliers.models import CatalogRun, Offer, OfferChange, QuarantinedOffer, Supplier
from tests.factories.base import number


def product(**given: Any) -> Product:
    """1 GB in Spain for 7 days."""
    n = number()
    fields = {"sku": f"ES-1GB-7D-{n}", "name": f"Spain 1 GB 7 days ({n})", "countries": ["ES"], "days": 7}
    return Product.objects.create(**fields | {"data_bytes": 1_000_000_000} | given)


def price(**given: Any) -> Price:
    """9.00 EUR since yesterday."""
    fields = {"currency": "EUR", "amount_minor": 900, "valid_from": clock.now() - timedelta(days=1)}
    return Price.objects.create(**{"product": given.get("product") or product()} | fields | given)


def supplier(**given: Any) -> Supplier:
    """A stand-in account at eSIM Go that answers nowhere."""
    n = number()
    fields: dict[str, Any] = {
        "code": f"supplier-{n}",
        "vendor": "esimgo",
        "name": f"Supplier {n}",
        "base_url": "http://127.0.0.1:9",
        "credentials": {"api_key": f"key-{n}"},
        "webhook_token": secret_token(),
        "upstream_group": f"group-{n}",
        "is_stand_in": True,
    }
    return Supplier.objects.create(**fields | given)


def offer(**given: Any) -> Offer:
    """1 GB in Spain for 7 days at 3.00 USD."""
    n, now = number(), clock.now()
    fields: dict[str, Any] = {
        "supplier": given.get("supplier") or supplier(),
        "code": f"esim_1GB_7D_ES_{n}",
        "name": f"eSIM 1GB 7 days Spain {n}",
        "countries": ["ES"],
        "data_bytes": 1_000_000_000,
        "days": 7,
        "clock_start": "first_use",
        "cost_minor": 300,
        "currency": "USD",
        "supplier_price": "3.00",
        "content_hash": f"{n:064x}",
        "first_seen_at": now,
        "last_seen_at": now,
        "raw": {"name": f"esim_1GB_7D_ES_{n}"},
    }
    return Offer.objects.create(**fields | given)


def catalog_run(**given: Any) -> CatalogRun:
    """A finished pull that changed nothing."""
    now = clock.now()
    fields = {"started_at": now, "finished_at": now, "counts": {"rows": 1, "unchanged": 1}}
    return CatalogRun.objects.create(**{"supplier": given.get("supplier") or supplier()} | fields | given)


def offer_change(**given: Any) -> OfferChange:
    """A price that rose from 3.00 to 3.50."""
    changed = given.get("offer") or offer()
    run = given.get("run") or catalog_run(supplier=changed.supplier)
    fields = {
        "kind": "price",
        "before": {"cost_minor": 300, "currency": "USD"},
        "after": {"cost_minor": 350, "currency": "USD"},
    }
    return OfferChange.objects.create(**fields | {"offer": changed, "run": run} | given)


def quarantined(**given: Any) -> QuarantinedOffer:
    """A catalogue row without a price."""
    n, now = number(), clock.now()
    fields = {"code": f"bad-{n}", "reason": "no price", "raw": {}, "first_seen_at": now, "last_seen_at": now}
    return QuarantinedOffer.objects.create(**{"supplier": given.get("supplier") or supplier()} | fields | given)


def match(**given: Any) -> Match:
    """An approved equivalence."""
    served = given.get("offer") or offer()
    fields = {
        "product": given.get("product") or product(),
        "offer": served,
        "state": "approved",
        "score": 100,
        "offer_hash": served.content_hash,
        "proposed_at": clock.now(),
    }
    return Match.objects.create(**fields | given)


def rule(**given: Any) -> Rule:
    """A rule that excludes a supplier."""
    fields = {"kind": "exclude", "reason": "quality", "created_at": clock.now(), "created_by": "test"}
    return Rule.objects.create(**fields | given)


def receipt(**given: Any) -> Receipt:
    """A decision for one offer."""
    chosen = given.get("chosen") or offer()
    fields: dict[str, Any] = {
        "product": given.get("product") or product(),
        "decided_at": clock.now(),
        "chosen": chosen,
        "price_minor": 900,
        "currency": "EUR",
        "facts": {},
        "candidates": [
            {
                "offer_id": chosen.pk,
                "supplier": chosen.supplier.code,
                "code": chosen.code,
                "value_minor": 600,
                "verdict": "chosen",
                "reasons": [],
            }
        ],
        "version": 1,
    }
    return Receipt.objects.create(**fields | given)
