"""Resellers, prices and full wallets for `simplane bench orders`, and the counts afterwards."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.db import connection

from simplane.core import clock

RESELLERS = 1_000
PRODUCTS = 200
SECRET = "sk_live_bench{}"  # noqa: S105  of nobody


def make_rows() -> None:
    """Resellers, prices and money, then statistics of what is filled: a server that thinks tables empty scans them."""
    _make_resellers()
    _make_prices()
    with connection.cursor() as cursor:
        for statement in MONEY:
            cursor.execute(statement, {"resellers": RESELLERS})
        cursor.execute(f"ANALYZE {FILLED}")


def _make_resellers() -> None:
    from simplane.catalog.models import Terms
    from simplane.organizations.models import ApiKey, Organization

    now, numbers = clock.now(), range(1, RESELLERS + 1)
    Organization.objects.bulk_create(
        Organization(pk=n, kind="reseller", slug=f"bench-{n}", name=f"Bench {n}", created_at=now) for n in numbers
    )
    ApiKey.objects.bulk_create(
        ApiKey(
            organization_id=n, public_id=f"key_{n}", name="bench", prefix="sk_live_benc", scopes=["orders:write"],
            hash=hashlib.sha256(SECRET.format(n).encode()).digest(), rate_per_minute=60_000_000, created_at=now,
            created_by="bench",
        )
        for n in numbers
    )  # fmt: skip
    Terms.objects.bulk_create(Terms(organization_id=n, currency="EUR") for n in numbers)


def _make_prices() -> None:
    """A list price of every product, and one in ten of its own for every reseller."""
    from simplane.catalog.models import Price, Product, WholesalePrice

    now = clock.now()
    before = now - timedelta(days=1)
    products = Product.objects.bulk_create(
        Product(sku=f"SKU-{n}", name=f"Plan {n}", countries=["DE"], data_bytes=10**9, days=7)
        for n in range(1, PRODUCTS + 1)
    )
    Price.objects.bulk_create(
        Price(product=one, currency="EUR", amount_minor=500 + one.pk, valid_from=before) for one in products
    )
    WholesalePrice.objects.bulk_create(
        WholesalePrice(
            product=one, organization_id=n, currency="EUR", amount_minor=450 + one.pk, valid_from=before,
            proposed_by="bench", approved_by="bench", approved_at=now,
        )
        for one in products
        for n in range(1, RESELLERS + 1)
        if one.pk % 10 == n % 10
    )  # fmt: skip


def counts() -> dict[str, int]:
    """What was written for every order; all five are equal when nothing was lost or doubled."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        row = cursor.fetchone()
    return dict(zip(("orders", "holds", "jobs", "answers", "events"), row, strict=True))


def mismatched() -> dict[str, Any]:
    """Wallets that differ from their entries, and transactions that do not sum to zero (the chain is not walked)."""
    from simplane.ledger.verify import CHECKS

    problems = 0
    with connection.cursor() as cursor:
        for _, query in CHECKS:
            cursor.execute(query)
            problems += len(cursor.fetchall())
    return {"mismatched_wallets": problems, **counts()}


FILLED = (
    "organizations_organization, organizations_apikey, catalog_terms, catalog_product, catalog_price, catalog_wholesaleprice,"
    " ordering_customer, ledger_account, ledger_wallet, ledger_transaction, ledger_entry"
)
MONEY = (
    "INSERT INTO ordering_customer (organization_id, email, name, phone, locale, created_at, hold_reason)"
    " SELECT n, '', '', '', 'en', now(), '' FROM generate_series(1, %(resellers)s) AS n",
    "INSERT INTO ledger_account (ledger, organization_id, kind, subject, currency)"
    " SELECT 'live', n, kind, '', 'EUR' FROM generate_series(1, %(resellers)s) AS n,"
    " (VALUES ('wallet'), ('held')) AS kinds (kind)",
    "INSERT INTO ledger_account (ledger, kind, subject, currency) VALUES ('live', 'bank', '', 'EUR')",
    "INSERT INTO ledger_wallet (account_id, held_account_id, organization_id, currency, balance_minor, credit_limit_minor)"
    " SELECT w.id, h.id, w.organization_id, 'EUR', 1000000000000, 0 FROM ledger_account AS w JOIN ledger_account AS h"
    " ON h.organization_id = w.organization_id AND h.kind = 'held' WHERE w.kind = 'wallet'",
    "WITH facts AS (INSERT INTO ledger_transaction (ledger, kind, key, at, subject, reason, actor)"
    " SELECT 'live', 'top_up', 'bench:' || account_id, now(), '', '', 'bench' FROM ledger_wallet RETURNING id, key, at)"
    " INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency, at)"
    " SELECT f.id, side.account, side.sign * 1000000000000, 'EUR', f.at FROM facts AS f CROSS JOIN LATERAL (VALUES"
    " (substr(f.key, 7)::bigint, 1), ((SELECT id FROM ledger_account WHERE kind = 'bank'), -1)) AS side (account, sign)",
)
COUNTS = """
SELECT (SELECT count(*) FROM ordering_order), (SELECT count(*) FROM ledger_hold),
  (SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'ordering.start'),
  (SELECT count(*) FROM core_storedanswer WHERE status = 201), (SELECT count(*) FROM core_event WHERE name = 'UnitsOwed')
"""
