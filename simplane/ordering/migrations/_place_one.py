"""`simplane_place_order`: one order."""

from simplane.ordering.migrations._place_parts import ACCESS, ANSWER, PLANS, PRICE, QUOTED, SHORT, USED

ONE = f"""
CREATE OR REPLACE FUNCTION simplane_place_order(
  p_hash bytea, p_ip inet, p_key text, p_request bytea, p_public text, p_reference text, p_email text, p_name text,
  p_locale text, p_rid text, p_fault text, p_sku text[], p_quantity int[], p_most bigint[], p_quote text[],
  p_now timestamptz, p_stamp text, p_late interval,
  OUT code text, OUT status int, OUT body text, OUT detail jsonb, OUT per_minute int, OUT lead double precision
) LANGUAGE plpgsql {PLANS} AS $$
DECLARE
  v record; v_stored record; v_basket record; v_customer bigint; v_order bigint; v_units bigint[]; v_lines json;
  v_wallet bigint; v_held bigint; v_room bigint; v_fact bigint; v_taken int; v_external text := coalesce(p_reference, p_public);
BEGIN
  SELECT k.public_id AS actor, o.id AS org, o.slug, o.is_test, coalesce(o.twin_of_id, o.id) AS pricing, t.currency,
      t.tier_id AS tier, t.max_order_minor AS most, coalesce(r.id, k.id) AS root,
      coalesce(r.rate_per_minute, k.rate_per_minute) AS rate, {ACCESS.format(ip="p_ip")} AS refused INTO v
    FROM (SELECT) AS nothing
    LEFT JOIN organizations_apikey AS k ON k.hash = p_hash
    LEFT JOIN organizations_apikey AS r ON r.id = k.parent_id
    LEFT JOIN organizations_organization AS o ON o.id = k.organization_id
    LEFT JOIN catalog_terms AS t ON t.organization_id = coalesce(o.twin_of_id, o.id);
  per_minute := v.rate;
  IF v.refused = 'unauthorized' THEN code := v.refused; RETURN; END IF;
  IF v.refused IS NOT NULL THEN  -- Known, but it may not: that costs the key's rate as every call does.
    SELECT t.taken, t.lead INTO v_taken, lead FROM simplane_take_calls(v.root, v.rate) AS t;
    code := CASE WHEN v_taken = 0 THEN 'rate_limited' ELSE v.refused END;
    RETURN;
  END IF;
  {USED.format(which="= p_hash")}
  SELECT w.account_id, w.held_account_id, w.balance_minor + w.credit_limit_minor INTO v_wallet, v_held, v_room
    FROM ledger_wallet AS w WHERE w.organization_id = v.org AND w.currency = v.currency FOR UPDATE;
  -- After the wallet, as in a batch: who takes two locks takes them in one order.
  SELECT t.taken, t.lead INTO v_taken, lead FROM simplane_take_calls(v.root, v.rate) AS t;
  IF v_taken = 0 THEN code := 'rate_limited'; RETURN; END IF;
  SELECT s.request_hash, s.status, s.body INTO v_stored
    FROM core_storedanswer AS s WHERE s.organization_id = v.org AND s.key = p_key;
  IF FOUND THEN
    IF v_stored.request_hash = p_request THEN
      code := 'replayed'; status := v_stored.status; body := v_stored.body;
    ELSE
      code := 'key_reused';
    END IF;
    RETURN;
  END IF;
  IF v_wallet IS NULL THEN code := 'no_wallet'; RETURN; END IF;
  IF p_fault <> '' AND NOT v.is_test THEN code := 'test_fault_live'; RETURN; END IF;
  SELECT sum(l.quantity * l.minor)::bigint AS total, sum(l.quantity)::int AS units,
      jsonb_agg(l.sku ORDER BY l.i) FILTER (WHERE l.product IS NULL) AS unknown,
      jsonb_agg(l.sku ORDER BY l.i) FILTER (WHERE l.minor IS NULL) AS unpriced,
      CASE WHEN count(l.quote) > count(DISTINCT l.quote) THEN 'quote_used' ELSE min(l.quote_problem) END AS quote_problem,
      jsonb_agg(l.quote ORDER BY l.i) FILTER (WHERE l.quote IS NOT NULL) AS quotes,
      jsonb_agg(jsonb_build_object('sku', l.sku, 'price_minor', l.minor, 'max_price_minor', l.most) ORDER BY l.i)
        FILTER (WHERE l.minor > l.most) AS dearer,
      array_agg(l.product ORDER BY l.i) AS products, array_agg(l.title ORDER BY l.i) AS titles,
      array_agg(l.minor ORDER BY l.i) AS prices INTO v_basket
    FROM (SELECT l.*, p.id AS product, p.name AS title, {QUOTED.format(currency="v.currency")} AS quote_problem,
        CASE WHEN l.quote IS NOT NULL THEN q.amount_minor
          ELSE {PRICE.format(pricing="v.pricing", tier="v.tier", currency="v.currency")} END AS minor
      FROM unnest(p_sku, p_quantity, p_most, p_quote) WITH ORDINALITY AS l (sku, quantity, most, quote, i)
      LEFT JOIN catalog_product AS p ON p.sku = l.sku AND p.active
      LEFT JOIN catalog_quote AS q ON q.public_id = l.quote AND q.organization_id = v.org) AS l;
  code := CASE WHEN v_basket.unknown IS NOT NULL THEN 'unknown_sku'
    WHEN v_basket.quote_problem IS NOT NULL THEN v_basket.quote_problem WHEN v_basket.unpriced IS NOT NULL THEN 'no_price'
    WHEN v_basket.dearer IS NOT NULL THEN 'price_above_max'
    ELSE ordering_policy(v.org, v.most, v_basket.total, v_basket.units) END;
  IF code IS NULL AND EXISTS (
    SELECT FROM ordering_order AS x WHERE x.book = 'wholesale' AND x.account = v.slug AND x.external_id = v_external
  ) THEN
    code := 'reference_taken';
  END IF;
  IF code IS NOT NULL THEN
    detail := CASE code WHEN 'unknown_sku' THEN jsonb_build_object('skus', v_basket.unknown)
      WHEN 'no_price' THEN jsonb_build_object('skus', v_basket.unpriced, 'currency', v.currency)
      WHEN 'price_above_max' THEN jsonb_build_object('lines', v_basket.dearer, 'currency', v.currency)
      WHEN 'order_too_large' THEN jsonb_build_object('total_minor', v_basket.total, 'most_minor', v.most)
      WHEN 'reference_taken' THEN jsonb_build_object('reference', v_external)
      ELSE jsonb_build_object('quotes', v_basket.quotes) END;
    RETURN;
  END IF;
  IF v_basket.total > v_room THEN
    code := 'insufficient_funds'; status := 402;
    body := {SHORT.format(total="v_basket.total", room="v_room", currency="v.currency", rid="p_rid")};
    INSERT INTO core_storedanswer (organization_id, key, request_hash, status, body, created_at)
      VALUES (v.org, p_key, p_request, 402, body, p_now);
    RETURN;
  END IF;
  SELECT c.id INTO v_customer FROM ordering_customer AS c WHERE c.organization_id = v.org AND c.email = p_email;
  IF v_customer IS NULL THEN
    INSERT INTO ordering_customer (organization_id, email, name, phone, locale, created_at, hold_reason)
      VALUES (v.org, p_email, p_name, '', p_locale, p_now, '') RETURNING id INTO v_customer;
  END IF;
  INSERT INTO ordering_order (organization_id, public_id, book, account, external_id, name, customer_id, state, hold_reason,
      currency, total_minor, shown_currency, refunded_minor, is_test, locale, placed_at, paid_at, received_at,
      clock_started_at, clock_step, clock_next_at, test_fault)
    VALUES (v.org, p_public, 'wholesale', v.slug, v_external, v_external, v_customer, 'open', '', v.currency,
      v_basket.total, '', 0, v.is_test, p_locale, p_now, p_now, p_now, p_now, 0, p_now + p_late,
      p_fault) RETURNING id INTO v_order;
  WITH lines AS (
    INSERT INTO ordering_orderline (order_id, external_id, sku, variant, title, state, product_id, quantity, wanted,
      unit_price_minor)
    SELECT v_order, l.i::text, l.sku, '', l.title, 'mapped', l.product, l.quantity, l.quantity, l.minor
    FROM unnest(p_sku, p_quantity, v_basket.products, v_basket.titles, v_basket.prices)
      WITH ORDINALITY AS l (sku, quantity, product, title, minor, i) ORDER BY l.i
    RETURNING id, external_id, sku, product_id, quantity, unit_price_minor
  ), placed AS (
    SELECT l.*, l.external_id::int AS i,
      sum(l.quantity) OVER (ORDER BY l.external_id::int) - l.quantity AS before FROM lines AS l
  ), made AS (
    INSERT INTO ordering_unit (due_at, attempts, organization_id, public_id, book, account, external_order, external_line,
      index, order_id, order_line_id, product_id, price_minor, currency, state, state_at, cancel_wanted, tried_groups,
      created_at)
    SELECT p_now, 0, v.org, 'unt_' || substr(p_public, 5) || '-' || (l.before + g.index + 1), 'wholesale', v.slug,
      v_external, l.external_id, g.index, v_order, l.id, l.product_id, l.unit_price_minor, v.currency, 'waiting', p_now,
      '', '[]', p_now
    FROM placed AS l CROSS JOIN LATERAL generate_series(0, l.quantity - 1) AS g (index) ORDER BY l.i, g.index
    RETURNING id, public_id, order_line_id, index
  ), texts AS (
    SELECT l.i, json_build_object('sku', l.sku, 'quantity', l.quantity, 'unit_price_minor', l.unit_price_minor, 'units',
      (SELECT json_agg(m.public_id ORDER BY m.index) FROM made AS m WHERE m.order_line_id = l.id)) AS text FROM placed AS l
  )
  SELECT (SELECT json_agg(t.text ORDER BY t.i) FROM texts AS t), (SELECT array_agg(m.id ORDER BY m.id) FROM made AS m)
    INTO v_lines, v_units;
  code := 'created'; status := 201;
  body := {
    ANSWER.format(
        public="p_public",
        reference="p_reference",
        test="v.is_test",
        currency="v.currency",
        total="v_basket.total",
        lines="v_lines",
    )
};
  INSERT INTO core_storedanswer (organization_id, key, request_hash, status, body, created_at)
    VALUES (v.org, p_key, p_request, 201, body, p_now);
  INSERT INTO core_event (name, at, order_id, data, request_id) VALUES
    ('OrderReceived', p_now, v_order, jsonb_build_object('source', 'api', 'state', 'open', 'name', v_external), p_rid),
    ('UnitsOwed', p_now, v_order, jsonb_build_object('unit_ids', v_units), p_rid);
  INSERT INTO core_auditentry (at, actor, action, entity, entity_id, after, reason, request_id)
    VALUES (p_now, 'api_key:' || v.actor, 'order.placed', 'order', p_public,
      jsonb_build_object('total_minor', v_basket.total, 'currency', v.currency, 'units', v_basket.units), '', p_rid);
  INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)
    VALUES ('supplier', 'ordering.start', jsonb_build_object('order_id', v_order, '_rid', p_rid), now());
  IF v_basket.total > 0 THEN
    INSERT INTO ledger_transaction (ledger, kind, key, at, subject, reason, actor)
      VALUES (CASE WHEN v.is_test THEN 'test' ELSE 'live' END, 'hold', 'hold:' || p_public, p_now, p_public, '',
        'api_key:' || v.actor) RETURNING id INTO v_fact;
    INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency, at) VALUES
      (v_fact, v_wallet, -v_basket.total, v.currency, p_now), (v_fact, v_held, v_basket.total, v.currency, p_now);
    INSERT INTO ledger_hold (wallet_id, key, amount_minor, remaining_minor, captured_minor, state, subject, created_at)
      VALUES (v_wallet, p_public, v_basket.total, v_basket.total, 0, 'open', p_public, p_now);
    UPDATE ledger_wallet SET balance_minor = balance_minor - v_basket.total WHERE account_id = v_wallet;
  END IF;
  IF v_basket.quotes IS NOT NULL THEN
    UPDATE catalog_quote SET used_at = p_now WHERE public_id = ANY (p_quote);
  END IF;
END $$;
"""
