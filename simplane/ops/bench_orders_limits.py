"""What pgbench reaches with the same work: our one-order SQL function, and the same in separate prepared statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simplane.ops import pgbench
from simplane.ops.bench_orders_rows import PRODUCTS, RESELLERS

if TYPE_CHECKING:
    from simplane.ops.stage import Stage

KEY = "sha256(convert_to('sk_live_bench' || :n, 'UTF8'))"
UNIQUE = "md5(random()::text || clock_timestamp()::text || :client_id)"
SORTABLE = f"to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint) || substr({UNIQUE}, 1, 11)"
"""22 characters, the time first, as our ids: random ones would spread what the limit writes over all pages of the indexes."""


def function(stage: Stage, connections: int, seconds: float, *, lines: int) -> float:
    """Orders a second of `simplane_place_order`, one commit each, prepared."""
    skus = ", ".join(f"'SKU-' || (1 + (:n + {number * 37}) % {PRODUCTS})" for number in range(lines))
    nothing = ", ".join(["NULL"] * lines)
    ones = ", ".join(["1"] * lines)
    script = (
        f"\\set n random(1, {RESELLERS})\n"
        f"SELECT code FROM simplane_place_order({KEY}, '127.0.0.1', {UNIQUE}, '\\x00'::bytea,"
        f" 'ord_' || {SORTABLE}, NULL, '', '', 'en', 'req', '', ARRAY[{skus}], ARRAY[{ones}],"
        f" ARRAY[{nothing}]::bigint[], ARRAY[{nothing}]::text[], now(), '2026-11-20T00:00:00.000Z', interval '60 seconds');\n"
    )
    return pgbench.rate(stage, script, connections, seconds)


def statements(stage: Stage, connections: int, seconds: float) -> float:
    """Orders a second of the same work, statement by statement."""
    return pgbench.rate(stage, f"\\set n random(1, {RESELLERS})\n{STATEMENTS}", connections, seconds)


STATEMENTS = f"""
BEGIN;
SELECT k.id AS key, coalesce(r.rate_per_minute, k.rate_per_minute) AS rate, k.public_id AS actor, o.id AS org, o.slug AS slug,
  o.is_test AS test, t.currency AS currency, coalesce(t.tier_id, 0) AS tier, {UNIQUE} AS one, {SORTABLE} AS two
  FROM organizations_apikey k LEFT JOIN organizations_apikey r ON r.id = k.parent_id
  JOIN organizations_organization o ON o.id = k.organization_id
  JOIN catalog_terms t ON t.organization_id = coalesce(o.twin_of_id, o.id)
  WHERE k.hash = {KEY} AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    AND 'orders' || chr(58) || 'write' = ANY (k.scopes) AND o.state = 'active' \\gset
UPDATE organizations_apikey SET last_used_at = now() WHERE id = :key AND revoked_at IS NULL
  AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
SELECT w.account_id AS wallet, w.held_account_id AS held, w.balance_minor + w.credit_limit_minor AS room
  FROM ledger_wallet w WHERE w.organization_id = :org AND w.currency = :currency::text FOR UPDATE \\gset
SELECT taken, lead FROM simplane_take_calls(:key, :rate);
SELECT request_hash, status, body FROM core_storedanswer WHERE organization_id = :org AND key = :one::text;
SELECT p.id AS product, p.sku AS sku, p.name AS title, coalesce(
    (SELECT x.amount_minor FROM catalog_wholesaleprice x WHERE x.organization_id = :org AND x.product_id = p.id
       AND x.approved_at IS NOT NULL AND x.currency = :currency::text AND x.valid_from <= now()
       AND (x.valid_until IS NULL OR x.valid_until > now()) ORDER BY x.valid_from DESC LIMIT 1),
    (SELECT x.amount_minor FROM catalog_wholesaleprice x WHERE x.tier_id = :tier AND x.product_id = p.id
       AND x.approved_at IS NOT NULL AND x.currency = :currency::text AND x.valid_from <= now()
       AND (x.valid_until IS NULL OR x.valid_until > now()) ORDER BY x.valid_from DESC LIMIT 1),
    (SELECT x.amount_minor FROM catalog_price x WHERE x.product_id = p.id AND x.currency = :currency::text
       AND x.valid_from <= now() AND (x.valid_until IS NULL OR x.valid_until > now())
       ORDER BY x.valid_from DESC LIMIT 1)) AS price
  FROM catalog_product p WHERE p.sku = 'SKU-' || (1 + :n % {PRODUCTS}) AND p.active \\gset
SELECT ordering_policy(:org, t.max_order_minor, :price::bigint, 1) FROM catalog_terms t WHERE t.organization_id = :org;
SELECT id FROM ordering_order WHERE book = 'wholesale' AND account = :slug::text AND external_id = :two::text;
SELECT id AS customer FROM ordering_customer WHERE organization_id = :org AND email = '' \\gset
INSERT INTO ordering_order (organization_id, public_id, book, account, external_id, name, customer_id, state, hold_reason,
  currency, total_minor, shown_currency, refunded_minor, is_test, locale, placed_at, paid_at, received_at,
  clock_started_at, clock_step, clock_next_at, test_fault)
  VALUES (:org, 'ord_' || :two::text, 'wholesale', :slug, :two, :two, :customer, 'open', '', :currency, :price, '', 0, :test,
    'en', now(), now(), now(), now(), 0, now() + interval '60 seconds', '') RETURNING id AS order_id \\gset
INSERT INTO ordering_orderline (order_id, external_id, sku, variant, title, state, product_id, quantity, wanted,
  unit_price_minor) VALUES (:order_id, '1', :sku, '', :title, 'mapped', :product, 1, 1, :price) RETURNING id AS line \\gset
INSERT INTO ordering_unit (due_at, attempts, organization_id, public_id, book, account, external_order, external_line,
  index, order_id, order_line_id, product_id, price_minor, currency, state, state_at, cancel_wanted, tried_groups, created_at)
  VALUES (now(), 0, :org, 'unt_' || :two::text || '-1', 'wholesale', :slug, :two, '1', 0, :order_id, :line, :product,
    :price, :currency, 'waiting', now(), '', '[]', now()) RETURNING id AS unit \\gset
INSERT INTO core_storedanswer (organization_id, key, request_hash, status, body, created_at)
  VALUES (:org, :one, '\\x00', 201, json_build_object('id', 'ord_' || :two::text, 'object', 'order', 'reference', NULL,
    'state', 'open', 'test', :test::boolean, 'currency', :currency::text, 'total_minor', :price::bigint,
    'created_at', '2026-11-20T00:00:00.000Z', 'lines', json_build_array(json_build_object('sku', :sku::text, 'quantity', 1,
    'unit_price_minor', :price::bigint, 'units', json_build_array('unt_' || :two::text || '-1'))))::text, now());
INSERT INTO core_event (name, at, order_id, data, request_id) VALUES
  ('OrderReceived', now(), :order_id, jsonb_build_object('source', 'api', 'state', 'open', 'name', :two::text), 'req'),
  ('UnitsOwed', now(), :order_id, jsonb_build_object('unit_ids', jsonb_build_array(:unit::bigint)), 'req');
INSERT INTO core_auditentry (at, actor, action, entity, entity_id, after, reason, request_id)
  VALUES (now(), 'api_key:' || :actor::text, 'order.placed', 'order', 'ord_' || :two::text,
    jsonb_build_object('total_minor', :price::bigint, 'currency', :currency::text, 'units', 1), '', 'req');
INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)
  VALUES ('supplier', 'ordering.start', jsonb_build_object('order_id', :order_id::bigint, '_rid', 'req'), now());
INSERT INTO ledger_transaction (ledger, kind, key, at, subject, reason, actor)
  VALUES ('live', 'hold', 'hold:' || 'ord_' || :two::text, now(), 'ord_' || :two::text, '', 'api_key:' || :actor::text)
  RETURNING id AS fact \\gset
INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency, at)
  VALUES (:fact, :wallet, -:price::bigint, :currency, now()), (:fact, :held, :price, :currency, now());
INSERT INTO ledger_hold (wallet_id, key, amount_minor, remaining_minor, captured_minor, state, subject, created_at)
  VALUES (:wallet, 'ord_' || :two::text, :price, :price, 0, 'open', 'ord_' || :two::text, now());
UPDATE ledger_wallet SET balance_minor = balance_minor - :price WHERE account_id = :wallet;
END;
"""  # noqa: S608  constants only
"""What `simplane_place_order` does for an order of one line without a quote, each step a round trip of its own.

A colon within a text would name a variable to pgbench.
"""
