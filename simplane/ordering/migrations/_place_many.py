"""`simplane_place_orders`: many orders in one statement."""

from simplane.ordering.migrations._place_parts import ACCESS, ANSWER, COUNTED, PLANS, PRICE, QUOTED, SHORT, USED

MANY = f"""
CREATE OR REPLACE FUNCTION simplane_place_orders(
  p_hash bytea[], p_ip inet[], p_key text[], p_request bytea[], p_public text[], p_reference text[], p_email text[],
  p_name text[], p_locale text[], p_rid text[], p_fault text[],
  p_line_of int[], p_line_sku text[], p_line_quantity int[], p_line_most bigint[], p_line_quote text[],
  p_now timestamptz, p_stamp text, p_late interval
) RETURNS TABLE (n int, code text, status int, body text, detail jsonb, per_minute int, lead double precision)
LANGUAGE plpgsql {PLANS} AS $$
#variable_conflict use_column
DECLARE v_clock timestamptz;
BEGIN
  -- Whoever moves a wallet's money locks it first, in the order of ids. The statement below then sees all that came before.
  PERFORM FROM ledger_wallet AS w WHERE w.organization_id IN (
    SELECT k.organization_id FROM organizations_apikey AS k WHERE k.hash = ANY (p_hash)
  ) ORDER BY w.account_id FOR UPDATE;
  {USED.format(which="= ANY (p_hash)")}
  INSERT INTO core_ratelimit (key, theoretical_arrival) SELECT DISTINCT 'api:' || coalesce(k.parent_id, k.id), now()
    FROM organizations_apikey AS k WHERE k.hash = ANY (p_hash)
      AND NOT EXISTS (SELECT FROM core_ratelimit AS x WHERE x.key = 'api:' || coalesce(k.parent_id, k.id))
    ORDER BY 1 ON CONFLICT DO NOTHING;
  v_clock := clock_timestamp();
  RETURN QUERY WITH
  known AS MATERIALIZED (
    SELECT u.n::int AS n, u.key, u.request, u.public, u.reference, coalesce(u.reference, u.public) AS external,
      u.email, u.name, u.locale, u.rid, u.fault, k.public_id AS actor,
      coalesce(r.id, k.id) AS root, coalesce(r.rate_per_minute, k.rate_per_minute) AS rate, o.id AS org, o.slug, o.is_test,
      coalesce(o.twin_of_id, o.id) AS pricing, t.currency, t.tier_id AS tier, t.max_order_minor AS most,
      w.account_id AS wallet, w.held_account_id AS held, w.balance_minor + w.credit_limit_minor AS room,
      {ACCESS.format(ip="u.ip")} AS refused
    FROM unnest(p_hash, p_ip, p_key, p_request, p_public, p_reference, p_email, p_name, p_locale, p_rid, p_fault)
      WITH ORDINALITY AS u (hash, ip, key, request, public, reference, email, name, locale, rid, fault, n)
    LEFT JOIN organizations_apikey AS k ON k.hash = u.hash
    LEFT JOIN organizations_apikey AS r ON r.id = k.parent_id
    LEFT JOIN organizations_organization AS o ON o.id = k.organization_id
    LEFT JOIN catalog_terms AS t ON t.organization_id = coalesce(o.twin_of_id, o.id)
    LEFT JOIN ledger_wallet AS w ON w.organization_id = o.id AND w.currency = t.currency
  ),
  rates AS MATERIALIZED (  -- the function below for many calls of a key at once
    SELECT c.root, x.key, 60.0::double precision / c.rate AS pause,
      greatest(0, extract(epoch FROM x.theoretical_arrival - v_clock))::double precision AS before,
      least(c.wanted, greatest(0, floor(greatest(1, c.rate / 10)
        - greatest(0, extract(epoch FROM x.theoretical_arrival - v_clock)) * c.rate / 60.0 + 1e-6)))::int AS taken
    FROM (SELECT k.root, k.rate, count(*) AS wanted FROM known AS k WHERE {COUNTED}
      GROUP BY k.root, k.rate ORDER BY k.root) AS c
    CROSS JOIN LATERAL (
      SELECT x.key, x.theoretical_arrival FROM core_ratelimit AS x WHERE x.key = 'api:' || c.root FOR UPDATE) AS x
  ),
  put_rates AS (
    UPDATE core_ratelimit AS x SET theoretical_arrival = v_clock + make_interval(secs => s.before + s.taken * s.pause)
    FROM rates AS s WHERE x.key = s.key AND s.taken > 0
  ),
  asked AS MATERIALIZED (
    SELECT k.n, k.key, k.request, k.public, k.reference, k.external, k.email, k.name, k.locale, k.rid, k.fault, k.actor,
      k.org, k.slug, k.is_test, k.pricing, k.currency, k.tier, k.most, k.wallet, k.held, k.room, k.rate,
      s.before + least(s.taken, row_number() OVER same) * s.pause AS lead,
      CASE WHEN {COUNTED} AND row_number() OVER same > s.taken THEN 'rate_limited' ELSE k.refused END AS refused
    FROM known AS k LEFT JOIN rates AS s ON s.root = k.root AND {COUNTED}
    WINDOW same AS (PARTITION BY k.root, {COUNTED} ORDER BY k.n)
  ),
  wanted AS MATERIALIZED (
    SELECT a.n, l.i, l.sku, l.quantity, l.most, l.quote, p.id AS product, p.name AS title,
      {QUOTED.format(currency="a.currency")} AS quote_problem,
      CASE WHEN l.quote IS NOT NULL THEN q.amount_minor
        ELSE {PRICE.format(pricing="a.pricing", tier="a.tier", currency="a.currency")} END AS minor
    FROM unnest(p_line_of, p_line_sku, p_line_quantity, p_line_most, p_line_quote)
      WITH ORDINALITY AS l (n, sku, quantity, most, quote, i)
    JOIN asked AS a ON a.n = l.n AND a.refused IS NULL
    LEFT JOIN catalog_product AS p ON p.sku = l.sku AND p.active
    LEFT JOIN catalog_quote AS q ON q.public_id = l.quote AND q.organization_id = a.org
  ),
  baskets AS MATERIALIZED (
    SELECT l.n, sum(l.quantity * l.minor)::bigint AS total, sum(l.quantity)::int AS units,
      jsonb_agg(l.sku ORDER BY l.i) FILTER (WHERE l.product IS NULL) AS unknown,
      jsonb_agg(l.sku ORDER BY l.i) FILTER (WHERE l.minor IS NULL) AS unpriced,
      CASE WHEN count(l.quote) > count(DISTINCT l.quote) THEN 'quote_used' ELSE min(l.quote_problem) END AS quote_problem,
      jsonb_agg(l.quote ORDER BY l.i) FILTER (WHERE l.quote IS NOT NULL) AS quotes,
      jsonb_agg(jsonb_build_object('sku', l.sku, 'price_minor', l.minor, 'max_price_minor', l.most) ORDER BY l.i)
        FILTER (WHERE l.minor > l.most) AS dearer
    FROM wanted AS l GROUP BY l.n
  ),
  judged AS MATERIALIZED (
    SELECT a.*, b.total, b.units, b.unknown, b.unpriced, b.quotes, b.dearer, s.status AS stored_status, s.body AS stored_body,
      CASE WHEN a.refused IS NOT NULL THEN a.refused
           WHEN s.id IS NOT NULL THEN CASE WHEN s.request_hash = a.request THEN 'replayed' ELSE 'key_reused' END
           WHEN EXISTS (SELECT FROM asked AS x WHERE x.n < a.n AND x.org = a.org AND x.key = a.key) THEN 'again'
           WHEN a.wallet IS NULL THEN 'no_wallet'
           WHEN a.fault <> '' AND NOT a.is_test THEN 'test_fault_live'
           WHEN b.unknown IS NOT NULL THEN 'unknown_sku'
           WHEN b.quotes IS NOT NULL AND EXISTS (
             SELECT FROM wanted AS mine JOIN wanted AS other ON other.quote = mine.quote AND other.n < mine.n
             WHERE mine.n = a.n) THEN 'again'
           WHEN b.quote_problem IS NOT NULL THEN b.quote_problem
           WHEN b.unpriced IS NOT NULL THEN 'no_price'
           WHEN b.dearer IS NOT NULL THEN 'price_above_max'
           WHEN ordering_policy(a.org, a.most, b.total, b.units) IS NOT NULL
             THEN ordering_policy(a.org, a.most, b.total, b.units)
           -- No EXISTS: that may be planned as a hash of the whole table.
           WHEN (SELECT true FROM ordering_order AS x WHERE x.book = 'wholesale' AND x.account = a.slug
                   AND x.external_id = a.external LIMIT 1) THEN 'reference_taken'
           WHEN EXISTS (SELECT FROM asked AS x WHERE x.n < a.n AND x.org = a.org AND x.external = a.external) THEN 'again'
           WHEN b.total > a.room THEN 'insufficient_funds'
      END AS code
    FROM asked AS a
    LEFT JOIN baskets AS b ON b.n = a.n
    LEFT JOIN LATERAL (SELECT x.id, x.request_hash, x.status, x.body FROM core_storedanswer AS x
      WHERE x.organization_id = a.org AND x.key = a.key AND a.refused IS NULL LIMIT 1) AS s ON true
  ),
  fits AS MATERIALIZED (  -- what a wallet covers, in the order they came; the others are asked again when it is known
    SELECT j.*, c.id AS customer, nextval('ordering_order_id_seq') AS order_id, nextval('ledger_transaction_id_seq') AS fact_id
    FROM (SELECT j.*, sum(j.total) OVER (PARTITION BY j.wallet ORDER BY j.n) AS run FROM judged AS j WHERE j.code IS NULL) AS j
    LEFT JOIN LATERAL (
      SELECT x.id FROM ordering_customer AS x WHERE x.organization_id = j.org AND x.email = j.email LIMIT 1) AS c ON true
    WHERE j.run <= j.room
  ),
  lines AS MATERIALIZED (
    SELECT f.n, f.order_id, f.public, f.org, f.slug, f.external, f.currency, l.i, l.sku, l.title, l.product, l.quantity,
      l.minor, l.quote, nextval('ordering_orderline_id_seq') AS line_id,
      row_number() OVER (PARTITION BY l.n ORDER BY l.i) AS place,
      sum(l.quantity) OVER (PARTITION BY l.n ORDER BY l.i) - l.quantity AS before
    FROM fits AS f JOIN wanted AS l ON l.n = f.n
  ),
  units AS MATERIALIZED (
    SELECT l.*, g.index, nextval('ordering_unit_id_seq') AS unit_id,
      'unt_' || substr(l.public, 5) || '-' || (l.before + g.index + 1) AS unit_public
    FROM lines AS l CROSS JOIN LATERAL generate_series(0, l.quantity - 1) AS g (index)
  ),
  line_lists AS MATERIALIZED (
    SELECT t.n, json_agg(t.text ORDER BY t.i) AS lines FROM (
      SELECT u.n, u.i, json_build_object('sku', min(u.sku), 'quantity', count(*), 'unit_price_minor', min(u.minor),
        'units', json_agg(u.unit_public ORDER BY u.index)) AS text FROM units AS u GROUP BY u.n, u.i) AS t
    GROUP BY t.n
  ),
  unit_lists AS MATERIALIZED (SELECT u.n, jsonb_agg(u.unit_id ORDER BY u.unit_id) AS ids FROM units AS u GROUP BY u.n),
  done AS MATERIALIZED (
    SELECT f.n, f.org, f.key, f.request, f.order_id, f.external, f.rid, u.ids, {
    ANSWER.format(
        public="f.public",
        reference="f.reference",
        test="f.is_test",
        currency="f.currency",
        total="f.total",
        lines="t.lines",
    )
} AS body FROM fits AS f JOIN line_lists AS t ON t.n = f.n JOIN unit_lists AS u ON u.n = f.n
  ),
  shorts AS MATERIALIZED (
    SELECT j.n, {SHORT.format(total="j.total", room="j.room", currency="j.currency", rid="j.rid")} AS body
    FROM judged AS j WHERE j.code = 'insufficient_funds'
  ),
  people AS (
    INSERT INTO ordering_customer (organization_id, email, name, phone, locale, created_at, hold_reason)
    SELECT DISTINCT ON (f.org, f.email) f.org, f.email, f.name, '', f.locale, p_now, '' FROM fits AS f
    WHERE f.customer IS NULL
    ORDER BY f.org, f.email, f.n ON CONFLICT DO NOTHING RETURNING id, organization_id, email
  ),
  put_orders AS (
    INSERT INTO ordering_order (id, organization_id, public_id, book, account, external_id, name, customer_id, state,
      hold_reason, currency, total_minor, shown_currency, refunded_minor, is_test, locale, placed_at, paid_at, received_at,
      clock_started_at, clock_step, clock_next_at, test_fault)
    OVERRIDING SYSTEM VALUE
    SELECT f.order_id, f.org, f.public, 'wholesale', f.slug, f.external, f.external,
      coalesce(f.customer, p.id), 'open', '', f.currency, f.total, '', 0, f.is_test, f.locale, p_now, p_now, p_now, p_now, 0,
      p_now + p_late, f.fault
    FROM fits AS f LEFT JOIN people AS p ON p.organization_id = f.org AND p.email = f.email
  ),
  put_lines AS (
    INSERT INTO ordering_orderline (id, order_id, external_id, sku, variant, title, state, product_id, quantity, wanted,
      unit_price_minor)
    OVERRIDING SYSTEM VALUE
    SELECT l.line_id, l.order_id, l.place::text, l.sku, '', l.title, 'mapped', l.product, l.quantity, l.quantity, l.minor
    FROM lines AS l
  ),
  put_units AS (
    INSERT INTO ordering_unit (id, due_at, attempts, organization_id, public_id, book, account, external_order,
      external_line, index, order_id, order_line_id, product_id, price_minor, currency, state, state_at, cancel_wanted,
      tried_groups, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT u.unit_id, p_now, 0, u.org, u.unit_public, 'wholesale', u.slug, u.external, u.place::text, u.index, u.order_id,
      u.line_id, u.product, u.minor, u.currency, 'waiting', p_now, '', '[]', p_now
    FROM units AS u
  ),
  put_answers AS (
    INSERT INTO core_storedanswer (organization_id, key, request_hash, status, body, created_at)
    SELECT d.org, d.key, d.request, 201, d.body, p_now FROM done AS d
    UNION ALL
    SELECT j.org, j.key, j.request, 402, s.body, p_now FROM shorts AS s JOIN judged AS j ON j.n = s.n
  ),
  put_facts AS (
    INSERT INTO ledger_transaction (id, ledger, kind, key, at, subject, reason, actor)
    OVERRIDING SYSTEM VALUE
    SELECT f.fact_id, CASE WHEN f.is_test THEN 'test' ELSE 'live' END, 'hold', 'hold:' || f.public, p_now, f.public, '',
      'api_key:' || f.actor
    FROM fits AS f WHERE f.total > 0
  ),
  put_entries AS (
    INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency, at)
    SELECT f.fact_id, side.account, side.sign * f.total, f.currency, p_now
    FROM fits AS f CROSS JOIN LATERAL (VALUES (f.wallet, -1), (f.held, 1)) AS side (account, sign) WHERE f.total > 0
  ),
  put_holds AS (
    INSERT INTO ledger_hold (wallet_id, key, amount_minor, remaining_minor, captured_minor, state, subject, created_at)
    SELECT f.wallet, f.public, f.total, f.total, 0, 'open', f.public, p_now FROM fits AS f WHERE f.total > 0
  ),
  put_wallets AS (
    UPDATE ledger_wallet AS w SET balance_minor = w.balance_minor - spent.total
    FROM (SELECT f.wallet, sum(f.total) AS total FROM fits AS f GROUP BY f.wallet) AS spent WHERE w.account_id = spent.wallet
  ),
  put_news AS (
    INSERT INTO core_event (name, at, order_id, data, request_id)
    SELECT news.name, p_now, d.order_id, news.data, d.rid FROM done AS d CROSS JOIN LATERAL (VALUES
      ('OrderReceived', jsonb_build_object('source', 'api', 'state', 'open', 'name', d.external)),
      ('UnitsOwed', jsonb_build_object('unit_ids', d.ids))) AS news (name, data)
  ),
  put_audit AS (
    INSERT INTO core_auditentry (at, actor, action, entity, entity_id, after, reason, request_id)
    SELECT p_now, 'api_key:' || f.actor, 'order.placed', 'order', f.public,
      jsonb_build_object('total_minor', f.total, 'currency', f.currency, 'units', f.units), '', f.rid FROM fits AS f
  ),
  put_jobs AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)
    SELECT 'supplier', 'ordering.start', jsonb_build_object('order_id', f.order_id, '_rid', f.rid), now() FROM fits AS f
  )
  SELECT j.n, coalesce(j.code, CASE WHEN d.n IS NULL THEN 'again' ELSE 'created' END),
    CASE WHEN d.n IS NOT NULL THEN 201 WHEN j.code = 'insufficient_funds' THEN 402
         WHEN j.code = 'replayed' THEN j.stored_status END,
    CASE WHEN d.n IS NOT NULL THEN d.body WHEN j.code = 'insufficient_funds' THEN s.body
         WHEN j.code = 'replayed' THEN j.stored_body END,
    CASE j.code WHEN 'unknown_sku' THEN jsonb_build_object('skus', j.unknown)
                WHEN 'no_price' THEN jsonb_build_object('skus', j.unpriced, 'currency', j.currency)
                WHEN 'price_above_max' THEN jsonb_build_object('lines', j.dearer, 'currency', j.currency)
                WHEN 'order_too_large' THEN jsonb_build_object('total_minor', j.total, 'most_minor', j.most)
                WHEN 'unknown_quote' THEN jsonb_build_object('quotes', j.quotes)
                WHEN 'quote_used' THEN jsonb_build_object('quotes', j.quotes)
                WHEN 'quote_expired' THEN jsonb_build_object('quotes', j.quotes)
                WHEN 'quote_quantity' THEN jsonb_build_object('quotes', j.quotes)
                WHEN 'reference_taken' THEN jsonb_build_object('reference', j.external) END, j.rate, j.lead
  FROM judged AS j LEFT JOIN done AS d ON d.n = j.n LEFT JOIN shorts AS s ON s.n = j.n
  ORDER BY j.n;
  IF cardinality(array_remove(p_line_quote, NULL)) > 0 THEN
    UPDATE catalog_quote AS q SET used_at = p_now FROM unnest(p_line_of, p_line_quote) AS l (n, quote)
      WHERE q.public_id = l.quote AND EXISTS (SELECT FROM ordering_order AS x WHERE x.public_id = p_public[l.n]);
  END IF;
END $$;
"""
