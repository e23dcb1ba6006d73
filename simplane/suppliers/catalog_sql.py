"""The SQL of a catalogue sync: what came in is one temporary table, what differs another, each rule one statement.

All run in one transaction under one advisory lock. Parameters: `supplier`, `run`, `now`, `bps`.
"""

from __future__ import annotations

LOCK_CLASS = 0x0CA7A106
"""First half of the advisory lock's key; the second is the supplier."""

LOCK = "SELECT pg_advisory_xact_lock(%(class)s, %(supplier)s)"

SETTINGS = "SET LOCAL work_mem = '64MB'"

INCOMING = """
CREATE TEMP TABLE incoming (
  code text NOT NULL, problem text, name text, countries text[], data_bytes bigint, daily boolean, days smallint,
  clock_start text, top_up boolean, hotspot boolean, voice_minutes integer, sms_count integer, networks text,
  unused_days smallint, cost_minor bigint, currency text, supplier_price text, content_hash text, raw text
)
"""
# networks and raw stay text here: nearly all rows are unchanged, and theirs need not be parsed.

COPY = "COPY incoming FROM STDIN"

DOUBLES = "SELECT count(*) - count(DISTINCT code) FROM incoming"

CONFLICTING = """
UPDATE incoming SET problem = 'listed more than once, each time differently'
 WHERE code IN (
   SELECT code FROM incoming GROUP BY code
   HAVING count(DISTINCT (problem, content_hash, cost_minor, currency, supplier_price)) > 1)
"""

DROP_DOUBLES = (
    "DELETE FROM incoming AS later USING incoming AS first WHERE later.code = first.code AND later.ctid > first.ctid"
)

DIFFERENCE = """
CREATE TEMP TABLE difference AS
SELECT offer.id AS offer_id, coalesce(offer.code, incoming.code) AS code, offer.state AS was,
       offer.id IS NULL AS fresh,
       incoming.code IS NULL AS gone,
       offer.state = 'vanished' AND incoming.code IS NOT NULL AS back,
       offer.content_hash <> incoming.content_hash AS content,
       offer.networks IS DISTINCT FROM incoming.networks AS networks,
       (offer.cost_minor, offer.currency, offer.supplier_price)
         IS DISTINCT FROM (incoming.cost_minor, incoming.currency, incoming.supplier_price) AS price,
       (offer.cost_minor, offer.currency) IS DISTINCT FROM (incoming.cost_minor, incoming.currency) AS cost,
       offer.currency <> incoming.currency
         OR incoming.cost_minor * 10000 > offer.cost_minor * (10000 + %(bps)s) AS dearer
  FROM (SELECT id, code, state, name, content_hash, networks::text AS networks, cost_minor, currency, supplier_price
          FROM suppliers_offer WHERE supplier_id = %(supplier)s) AS offer
  FULL JOIN (SELECT code, name, content_hash, networks, cost_minor, currency, supplier_price
               FROM incoming WHERE problem IS NULL) AS incoming
    ON offer.code = incoming.code
 WHERE offer.id IS NULL
    OR (incoming.code IS NULL AND offer.state <> 'vanished')
    OR (incoming.code IS NOT NULL AND (
         offer.state = 'vanished'
         OR (offer.content_hash, offer.cost_minor, offer.currency, offer.supplier_price, offer.name)
            <> (incoming.content_hash, incoming.cost_minor, incoming.currency, incoming.supplier_price, incoming.name)
         OR CASE WHEN offer.networks <> incoming.networks
                 THEN offer.networks::jsonb <> incoming.networks::jsonb ELSE false END))
"""

COUNTS = """
SELECT (SELECT count(*) FROM incoming) AS rows,
       (SELECT count(*) FROM incoming WHERE problem IS NOT NULL) AS quarantined,
       (SELECT count(*) FROM suppliers_offer WHERE supplier_id = %(supplier)s AND state <> 'vanished') AS sold,
       count(*) FILTER (WHERE fresh) AS new,
       count(*) FILTER (WHERE gone) AS vanished,
       count(*) FILTER (WHERE back) AS back,
       count(*) FILTER (WHERE NOT fresh AND NOT gone AND content) AS content,
       count(*) FILTER (WHERE NOT fresh AND NOT gone AND price) AS price,
       count(*) FILTER (WHERE NOT fresh AND NOT gone AND networks) AS networks,
       count(*) FILTER (WHERE NOT fresh AND NOT gone AND (back OR content OR price OR networks)) AS changed
  FROM difference
"""

_CONTENT = """jsonb_build_object('countries', to_jsonb({0}.countries), 'data_bytes', {0}.data_bytes, 'daily', {0}.daily,
  'days', {0}.days, 'clock_start', {0}.clock_start, 'top_up', {0}.top_up, 'hotspot', {0}.hotspot,
  'voice_minutes', {0}.voice_minutes, 'sms_count', {0}.sms_count, 'unused_days', {0}.unused_days)"""
_COST = (
    "jsonb_build_object('cost_minor', {0}.cost_minor, 'currency', {0}.currency, 'supplier_price', {0}.supplier_price)"
)

NOTE_CHANGES = f"""
INSERT INTO suppliers_offerchange (offer_id, run_id, kind, before, after)
SELECT offer.id, %(run)s, 'price', {_COST.format("offer")}, {_COST.format("incoming")}
  FROM difference JOIN suppliers_offer AS offer ON offer.id = difference.offer_id
  JOIN incoming ON incoming.code = difference.code AND incoming.problem IS NULL
 WHERE difference.price
UNION ALL
SELECT offer.id, %(run)s, 'content', {_CONTENT.format("offer")}, {_CONTENT.format("incoming")}
  FROM difference JOIN suppliers_offer AS offer ON offer.id = difference.offer_id
  JOIN incoming ON incoming.code = difference.code AND incoming.problem IS NULL
 WHERE difference.content
UNION ALL
SELECT offer.id, %(run)s, 'networks', offer.networks, incoming.networks::jsonb
  FROM difference JOIN suppliers_offer AS offer ON offer.id = difference.offer_id
  JOIN incoming ON incoming.code = difference.code AND incoming.problem IS NULL
 WHERE difference.networks
UNION ALL
SELECT offer_id, %(run)s, 'back', NULL, NULL FROM difference WHERE back
UNION ALL
SELECT offer_id, %(run)s, 'vanished', jsonb_build_object('state', was),
       (SELECT jsonb_build_object('unreadable', problem) FROM incoming WHERE incoming.code = difference.code)
  FROM difference WHERE gone
"""  # noqa: S608  two constant texts, no input

CHANGE = """
UPDATE suppliers_offer AS offer
   SET name = incoming.name, countries = incoming.countries, data_bytes = incoming.data_bytes, daily = incoming.daily,
       days = incoming.days, clock_start = incoming.clock_start, top_up = incoming.top_up, hotspot = incoming.hotspot,
       voice_minutes = incoming.voice_minutes, sms_count = incoming.sms_count, networks = incoming.networks::jsonb,
       unused_days = incoming.unused_days, cost_minor = incoming.cost_minor, currency = incoming.currency,
       supplier_price = incoming.supplier_price, content_hash = incoming.content_hash, raw = incoming.raw::jsonb,
       last_seen_at = %(now)s,
       changed_at = CASE WHEN content OR price OR difference.networks OR back THEN %(now)s ELSE offer.changed_at END,
       review_reason = why.reason,
       state = CASE WHEN why.reason <> '' THEN 'review' WHEN back THEN 'active' ELSE offer.state END
  FROM difference
  JOIN incoming ON incoming.code = difference.code AND incoming.problem IS NULL
  JOIN suppliers_offer AS old ON old.id = difference.offer_id
  CROSS JOIN LATERAL (SELECT left(concat_ws('; ',
       NULLIF(old.review_reason, ''),
       CASE WHEN content THEN 'content changed' END,
       CASE WHEN old.currency <> incoming.currency
              THEN format('price in %%s, was in %%s', incoming.currency, old.currency)
            WHEN dearer THEN format('price rose by %%s %%%%',
              round((incoming.cost_minor - old.cost_minor) * 100.0 / greatest(old.cost_minor, 1), 1))
            WHEN back AND cost THEN 'came back with another price' END), 200) AS reason) AS why
 WHERE offer.id = difference.offer_id
"""

VANISH = """
UPDATE suppliers_offer AS offer
   SET state = 'vanished', changed_at = %(now)s,
       last_seen_at = greatest(offer.last_seen_at, (
         SELECT max(started_at) FROM suppliers_catalogrun
          WHERE supplier_id = %(supplier)s AND id <> %(run)s AND problem = '' AND finished_at IS NOT NULL))
  FROM difference WHERE difference.gone AND offer.id = difference.offer_id
"""

ADD = """
INSERT INTO suppliers_offer (supplier_id, code, name, countries, data_bytes, daily, days, clock_start, top_up, hotspot,
  voice_minutes, sms_count, networks, unused_days, cost_minor, currency, supplier_price, content_hash, raw,
  state, review_reason, first_seen_at, last_seen_at)
SELECT %(supplier)s, code, name, countries, data_bytes, daily, days, clock_start, top_up, hotspot,
  voice_minutes, sms_count, networks::jsonb, unused_days, cost_minor, currency, supplier_price, content_hash,
  raw::jsonb, 'active', '', %(now)s, %(now)s
  FROM incoming WHERE problem IS NULL AND code IN (SELECT code FROM difference WHERE fresh)
"""

NOTE_ADDED = """
INSERT INTO suppliers_offerchange (offer_id, run_id, kind, before, after)
SELECT offer.id, %(run)s, 'new', NULL, NULL
  FROM suppliers_offer AS offer JOIN difference ON difference.code = offer.code AND difference.fresh
 WHERE offer.supplier_id = %(supplier)s
"""

QUARANTINE = """
INSERT INTO suppliers_quarantinedoffer (supplier_id, code, reason, raw, first_seen_at, last_seen_at)
SELECT %(supplier)s, code, left(problem, 300), raw::jsonb, %(now)s, %(now)s FROM incoming WHERE problem IS NOT NULL
ON CONFLICT (supplier_id, code)
DO UPDATE SET reason = EXCLUDED.reason, raw = EXCLUDED.raw, last_seen_at = EXCLUDED.last_seen_at
"""

RELEASE_FROM_QUARANTINE = """
DELETE FROM suppliers_quarantinedoffer AS known WHERE supplier_id = %(supplier)s
   AND NOT EXISTS (SELECT FROM incoming WHERE incoming.code = known.code AND incoming.problem IS NOT NULL)
"""

CLEAR = "DROP TABLE incoming, difference"

ANALYZE = "ANALYZE suppliers_offer (supplier_id, code, state, days, data_bytes, daily, cost_minor, countries)"
