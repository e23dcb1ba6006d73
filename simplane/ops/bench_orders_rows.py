"""Resellers, prices and full wallets for `simplane bench orders`, and the counts afterwards."""

from __future__ import annotations

from typing import Any

from django.db import connection

RESELLERS = 1_000
PRODUCTS = 200
SECRET = "sk_live_bench{}"  # noqa: S105  of nobody


def make_rows() -> None:
    """All in a few statements, then statistics: a server that thinks the tables empty scans them."""
    with connection.cursor() as cursor:
        for statement in ROWS:
            cursor.execute(statement, {"resellers": RESELLERS, "products": PRODUCTS})
        cursor.execute("ANALYZE")


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


ROWS = (
    "INSERT INTO organizations_organization (id, kind, slug, name, state, is_test, created_at) OVERRIDING SYSTEM VALUE"
    " SELECT n, 'reseller', 'bench-' || n, 'Bench ' || n, 'active', false, now() FROM generate_series(1, %(resellers)s) AS n",
    "INSERT INTO organizations_apikey (organization_id, public_id, name, prefix, hash, scopes, allowed_networks,"
    " rate_per_minute, created_at, created_by) SELECT n, 'key_' || n, 'bench', 'sk_live_benc',"
    " sha256(convert_to('sk_live_bench' || n, 'UTF8')), ARRAY['orders:write'], '{}', 60000000, now(), 'bench'"
    " FROM generate_series(1, %(resellers)s) AS n",
    "INSERT INTO catalog_terms (organization_id, currency, tier_pinned)"
    " SELECT n, 'EUR', false FROM generate_series(1, %(resellers)s) AS n",
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
    "INSERT INTO catalog_product (sku, name, countries, data_bytes, daily, days, clock_start, top_up, hotspot,"
    " voice_minutes, sms_count, carrier, min_margin_minor, active, created_at) SELECT 'SKU-' || n, 'Plan ' || n, ARRAY['DE'],"
    " 1000000000, false, 7, 'first_use', false, false, 0, 0, '', 0, true, now() FROM generate_series(1, %(products)s) AS n",
    "INSERT INTO catalog_price (product_id, currency, amount_minor, valid_from, reason)"
    " SELECT id, 'EUR', 500 + id, now() - interval '1 day', '' FROM catalog_product",
    "INSERT INTO catalog_wholesaleprice (product_id, organization_id, currency, amount_minor, valid_from, reason,"
    " proposed_by, approved_by, approved_at) SELECT p.id, n, 'EUR', 450 + p.id, now() - interval '1 day', '', 'bench',"
    " 'bench', now() FROM catalog_product AS p, generate_series(1, %(resellers)s) AS n WHERE p.id %% 10 = n %% 10",
)
COUNTS = """
SELECT (SELECT count(*) FROM ordering_order), (SELECT count(*) FROM ledger_hold),
  (SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'ordering.start'),
  (SELECT count(*) FROM core_storedanswer WHERE status = 201), (SELECT count(*) FROM core_event WHERE name = 'UnitsOwed')
"""
