"""What the two functions that place orders have in common."""

POLICY = """
CREATE FUNCTION ordering_policy(p_organization bigint, p_most bigint, p_total bigint, p_units int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN p_total > p_most THEN 'order_too_large' END $$;
"""
CALLS = """
CREATE FUNCTION simplane_take_calls(p_key bigint, p_per_minute int, OUT taken int, OUT lead double precision)
LANGUAGE plpgsql AS $$
DECLARE v_arrival timestamptz; v_now timestamptz; v_pause double precision := 60.0 / p_per_minute;
BEGIN
  SELECT theoretical_arrival INTO v_arrival FROM core_ratelimit WHERE key = 'api:' || p_key FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO core_ratelimit (key, theoretical_arrival) VALUES ('api:' || p_key, clock_timestamp()) ON CONFLICT DO NOTHING;
    SELECT theoretical_arrival INTO v_arrival FROM core_ratelimit WHERE key = 'api:' || p_key FOR UPDATE;
  END IF;
  v_now := clock_timestamp();
  lead := greatest(0, extract(epoch FROM v_arrival - v_now));
  taken := CASE WHEN lead / v_pause <= greatest(1, p_per_minute / 10) - 1 + 1e-6 THEN 1 ELSE 0 END;
  IF taken = 1 THEN
    lead := lead + v_pause;
    UPDATE core_ratelimit SET theoretical_arrival = v_now + make_interval(secs => lead) WHERE key = 'api:' || p_key;
  END IF;
END $$;
COMMENT ON FUNCTION simplane_take_calls IS 'One call of an API key (GCRA: a tenth of a minute''s calls at once). '
  'taken: 1 or 0; lead: seconds by which the key is then ahead of its rate.';
"""
VALID = """ AND x.currency = {currency} AND x.valid_from <= p_now AND (x.valid_until IS NULL OR x.valid_until > p_now)
        ORDER BY x.valid_from DESC LIMIT 1"""
PRICE = (
    """coalesce(
      (SELECT x.amount_minor FROM catalog_wholesaleprice AS x WHERE x.organization_id = {pricing}
        AND x.product_id = p.id AND x.approved_at IS NOT NULL"""
    + VALID
    + """),
      (SELECT x.amount_minor FROM catalog_wholesaleprice AS x WHERE x.tier_id = {tier}
        AND x.product_id = p.id AND x.approved_at IS NOT NULL"""
    + VALID
    + """),
      (SELECT x.amount_minor FROM catalog_price AS x WHERE x.product_id = p.id"""
    + VALID
    + """))"""
)
USED = """UPDATE organizations_apikey SET last_used_at = p_now WHERE id IN (
    SELECT k.id FROM organizations_apikey AS k WHERE k.hash {which} AND k.revoked_at IS NULL
      AND (k.last_used_at IS NULL OR k.last_used_at < p_now - interval '1 minute') FOR UPDATE SKIP LOCKED);"""
QUOTED = """CASE WHEN l.quote IS NULL THEN NULL
           WHEN q.id IS NULL OR q.product_id <> p.id OR q.currency <> {currency} THEN 'unknown_quote'
           WHEN q.used_at IS NOT NULL THEN 'quote_used' WHEN q.expires_at <= p_now THEN 'quote_expired'
           WHEN q.quantity <> l.quantity THEN 'quote_quantity' END"""
ACCESS = """
      CASE WHEN k.id IS NULL OR k.revoked_at IS NOT NULL OR k.expires_at <= p_now
             OR r.revoked_at IS NOT NULL OR r.expires_at <= p_now THEN 'unauthorized'
           WHEN cardinality(k.allowed_networks) > 0 AND NOT {ip} <<= ANY (k.allowed_networks::inet[])
             OR cardinality(r.allowed_networks) > 0 AND NOT {ip} <<= ANY (r.allowed_networks::inet[]) THEN 'wrong_network'
           WHEN NOT 'orders:write' = ANY (k.scopes) THEN 'missing_scope'
           WHEN o.state <> 'active' THEN 'account_' || o.state
      END"""
"""`r`: of an access token, the key it was got with."""
COUNTED = "k.refused IS DISTINCT FROM 'unauthorized'"
"""A known key's call costs its rate, also when it is refused for its scope, its network or its account."""
SHORT = """json_build_object('type', 'urn:simplane:problem:insufficient_funds', 'title', 'The wallet does not cover this order',
      'status', 402, 'code', 'insufficient_funds', 'detail', 'Top up the wallet, then send the order again with a new key',
      'needed_minor', {total}, 'available_minor', {room}, 'currency', {currency}, 'request_id', {rid})::text"""
ANSWER = """json_build_object('id', {public}, 'object', 'order', 'reference', {reference}, 'state', 'open', 'test', {test},
      'currency', {currency}, 'total_minor', {total}, 'created_at', p_stamp, 'lines', {lines})::text"""

PLANS = "SET plan_cache_mode = 'force_generic_plan' SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off"
"""Planned once a connection, for tables of any size: what is best for the first order into empty ones reads all of the full
ones. So: every row by its index."""
