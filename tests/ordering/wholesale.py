"""Resellers, prices and quotes for tests of wholesale orders."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection

from simplane.catalog.models import Price, Product, Quote, Terms, Tier, WholesalePrice
from simplane.core.db import transaction
from simplane.ledger.actions import open_wallet, set_credit_limit
from simplane.ledger.models import Wallet
from simplane.ordering.placing import LineWanted, OrderWanted
from simplane.organizations.keys import create_key, hash_of
from simplane.organizations.models import Organization
from tests import factories
from tests.ledger.money import funded

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
_numbers = count(1)


@dataclass
class Reseller:
    """One reseller with a key, and how to ask for an order with it."""

    organization: Organization
    secret: str

    def order(self, *lines: LineWanted, **given: Any) -> OrderWanted:
        number = next(_numbers)
        fields: dict[str, Any] = {
            "key_hash": hash_of(self.secret),
            "address": "203.0.113.7",
            "idempotency_key": f"key-{number}",
            "request_hash": hashlib.sha256(str(lines).encode()).digest(),
            "public_id": f"ord_{number:022d}",
            "lines": lines or (LineWanted("EU-5", 1),),
            "request_id": f"req-{number}",
        }
        return OrderWanted(**fields | given)


def reseller(minor: int = 100_00, *, credit: int = 0, tier: Tier | None = None, **given: Any) -> Reseller:
    owner = factories.organization(kind="reseller", **given)
    Terms.objects.create(organization=owner, currency="EUR", tier=tier, max_order_minor=500_00)
    wallet = funded(minor, owner=owner) if minor else empty_wallet(owner)
    if credit:
        with transaction():
            set_credit_limit(wallet, credit, reason="known")
    return Reseller(owner, create_key(owner, "shop").secret)


def empty_wallet(owner: Organization) -> Wallet:
    with transaction():
        return open_wallet(owner, "EUR")


def sold(sku: str = "EU-5", minor: int | None = 4_50, **given: Any) -> Product:
    product = factories.product(sku=sku, name=f"Plan {sku}", **given)
    if minor is not None:
        Price.objects.create(product=product, currency="EUR", amount_minor=minor, valid_from=NOW - DAY)
    return product


def own_price(product: Product, minor: int, **given: Any) -> WholesalePrice:
    fields: dict[str, Any] = {
        "product": product, "currency": "EUR", "amount_minor": minor, "valid_from": NOW - DAY, "proposed_by": "me",
        "approved_by": "you", "approved_at": NOW - DAY,
    }  # fmt: skip
    return WholesalePrice.objects.create(**fields | given)


def quote(owner: Organization, product: Product, minor: int, quantity: int = 1, **given: Any) -> Quote:
    fields: dict[str, Any] = {
        "public_id": f"quo_{next(_numbers)}", "organization": owner, "product": product, "quantity": quantity,
        "currency": "EUR", "amount_minor": minor, "created_at": NOW, "expires_at": NOW + DAY,
    }  # fmt: skip
    return Quote.objects.create(**fields | given)


def start_jobs() -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args - '_rid' FROM procrastinate_jobs WHERE task_name = 'ordering.start' ORDER BY id")
        return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]
