"""What pgbench reaches with the same work: our one-order SQL function, and the same in separate prepared statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simplane.ops import pgbench
from simplane.ops.bench_orders_rows import PRODUCTS, RESELLERS

if TYPE_CHECKING:
    from simplane.ops.stage import Stage

KEY = "sha256(convert_to('sk_live_bench' || :n, 'UTF8'))"
UNIQUE = "md5(random()::text || clock_timestamp()::text || :client_id)"


def function(stage: Stage, connections: int, seconds: float, *, lines: int) -> float:
    """Orders a second of `simplane_place_order`, one commit each, prepared."""
    skus = ", ".join(f"'SKU-' || (1 + (:n + {number * 37}) % {PRODUCTS})" for number in range(lines))
    nothing = ", ".join(["NULL"] * lines)
    ones = ", ".join(["1"] * lines)
    script = (
        f"\\set n random(1, {RESELLERS})\n"
        f"SELECT code FROM simplane_place_order({KEY}, '127.0.0.1', {UNIQUE}, '\\x00'::bytea,"
        f" 'ord_' || substr({UNIQUE}, 1, 22), NULL, '', '', 'en', 'req', '', ARRAY[{skus}], ARRAY[{ones}],"
        f" ARRAY[{nothing}]::bigint[], ARRAY[{nothing}]::text[], now(), '2026-11-20T00:00:00.000Z', interval '60 seconds');\n"
    )
    return pgbench.rate(stage, script, connections, seconds)


def statements(stage: Stage, connections: int, seconds: float) -> float:
    """Orders a second of the same work, statement by statement."""
    return pgbench.rate(stage, f"\\set n random(1, {RESELLERS})\n{STATEMENTS}", connections, seconds)


STATEMENTS = f"""
BEGIN;
SELECT k.id AS key, o.id AS org, o.slug AS slug, w.account_id AS wallet, w.held_account_id AS held, {UNIQUE} AS one,
  substr({UNIQUE}, 1, 22) AS two
  FROM organizations_apikey k JOIN organizations_organization o ON o.id = k.organization_id
  JOIN catalog_terms t ON t.organization_id = o.id
  JOIN ledger_wallet w ON w.organization_id = o.id AND w.currency = t.currency WHERE k.hash = {KEY} \\gset
SELECT simplane_take_calls(:key, 60000000);
SELECT account_id FROM ledger_wallet WHERE account_id = :wallet FOR UPDATE;
SELECT status FROM core_storedanswer WHERE organization_id = :org AND key = :one::text;
SELECT p.id AS product, coalesce(
    (SELECT x.amount_minor FROM catalog_wholesaleprice x WHERE x.organization_id = :org AND x.product_id = p.id
       AND x.approved_at IS NOT NULL AND x.currency = 'EUR' AND x.valid_from <= now() ORDER BY x.valid_from DESC LIMIT 1),
    (SELECT x.amount_minor FROM catalog_price x WHERE x.product_id = p.id AND x.currency = 'EUR' AND x.valid_from <= now()
       ORDER BY x.valid_from DESC LIMIT 1)) AS price
  FROM catalog_product p WHERE p.sku = 'SKU-' || (1 + :n % {PRODUCTS}) \\gset
SELECT id FROM ordering_order WHERE book = 'wholesale' AND account = :slug::text AND external_id = :two::text;
SELECT id AS customer FROM ordering_customer WHERE organization_id = :org AND email = '' \\gset
INSERT INTO ordering_order (organization_id, public_id, book, account, external_id, name, customer_id, state, hold_reason,
  currency, total_minor, shown_currency, refunded_minor, is_test, locale, placed_at, paid_at, received_at,
  clock_started_at, clock_step, clock_next_at)
  VALUES (:org, 'ord_' || :two::text, 'wholesale', :slug, :two, :two, :customer, 'open', '', 'EUR', :price, '', 0, false,
    'en', now(), now(), now(), now(), 0, now()) RETURNING id AS order_id \\gset
INSERT INTO ordering_orderline (order_id, external_id, sku, variant, title, state, product_id, quantity, wanted,
  unit_price_minor) VALUES (:order_id, '1', 'SKU', '', 'Plan', 'mapped', :product, 1, 1, :price) RETURNING id AS line \\gset
INSERT INTO ordering_unit (due_at, attempts, organization_id, public_id, book, account, external_order, external_line,
  index, order_id, order_line_id, product_id, price_minor, currency, state, state_at, cancel_wanted, tried_groups, created_at)
  VALUES (now(), 0, :org, 'unt_' || :two::text || '-1', 'wholesale', :slug, :two, '1', 0, :order_id, :line, :product,
    :price, 'EUR', 'waiting', now(), '', '[]', now()) RETURNING id AS unit \\gset
INSERT INTO core_storedanswer (organization_id, key, request_hash, status, body, created_at)
  VALUES (:org, :one, '\\x00', 201, json_build_object('id', :two::text, 'total_minor', :price::bigint)::text, now());
INSERT INTO core_event (name, at, order_id, data, request_id)
  VALUES ('OrderReceived', now(), :order_id, '{{}}', ''), ('UnitsOwed', now(), :order_id, '{{}}', '');
INSERT INTO core_auditentry (at, actor, action, entity, entity_id, reason, request_id)
  VALUES (now(), 'bench', 'order.placed', 'order', :two, '', '');
INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)
  VALUES ('supplier', 'ordering.start', jsonb_build_object('order_id', :order_id::bigint), now());
INSERT INTO ledger_transaction (ledger, kind, key, at, subject, reason, actor)
  VALUES ('live', 'hold', 'hold:' || :two::text, now(), :two, '', 'bench') RETURNING id AS fact \\gset
INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency, at)
  VALUES (:fact, :wallet, -:price::bigint, 'EUR', now()), (:fact, :held, :price, 'EUR', now());
INSERT INTO ledger_hold (wallet_id, key, amount_minor, remaining_minor, captured_minor, state, subject, created_at)
  VALUES (:wallet, :two, :price, :price, 0, 'open', :two, now());
UPDATE ledger_wallet SET balance_minor = balance_minor - :price WHERE account_id = :wallet;
END;
"""  # noqa: S608  constants only
