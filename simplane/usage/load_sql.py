"""The SQL of a load: from `incoming` into raw records and, of what was new, into the days, in one statement.

`{few}`, `{held}`, `{known}`, `{conflict}` and `{roll}` stand for the parts below. Parameters: `supplier`, and `oldest` and
`newest`, moments between which a record is believed. Rows are written in the order of their keys, so that two loads never
wait for each other crosswise.
"""

from __future__ import annotations

COLUMNS = (
    "line text, source_id text, started_at timestamptz, bytes bigint, country text, network text, version smallint"
)
INCOMING = f"CREATE TEMP TABLE incoming ({COLUMNS}) ON COMMIT DROP"
COPY = "COPY incoming FROM STDIN"
LOCK_CLASS = 0x05A6E
"""First half of the advisory lock's key; the second is the supplier."""
LOCK = "SELECT pg_advisory_xact_lock(%(class)s, %(supplier)s)"
SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL default_statistics_target = 10"
# Without figures about a fresh temporary table the planner would look up a million meters one by one.
ANALYZE = "ANALYZE incoming"
FEW = f"incoming AS MATERIALIZED (SELECT * FROM json_to_recordset(%(rows)s::json) AS row ({COLUMNS})),"  # noqa: S608  ours
"""In place of the temporary table, for a handful."""

CONFLICT = "ON CONFLICT DO NOTHING"
"""Of a handful: any number at once. Many take the supplier's lock and leave out what is known before they insert, which
is twice as quick; one of theirs that comes at the same moment among a handful fails the load, and its repeat is right."""
KNOWN = """
     AND NOT EXISTS (
       SELECT FROM usage_event AS old
        WHERE old.organization_id = meter.organization_id AND old.meter_id = meter.id
          AND old.started_at = one.started_at AND old.source_id = one.source_id
          AND old.started_at BETWEEN %(oldest)s AND %(newest)s)
"""
HELD = """
  JOIN usage_meter AS meter ON meter.supplier_id = %(supplier)s AND meter.supplier_line_id = one.line
  JOIN usage_assignment AS held
    ON held.meter_id = meter.id AND one.started_at >= held.since
   AND one.started_at < coalesce(held.until, 'infinity')
"""
ROLL = """
owned AS MATERIALIZED (
  SELECT sums.*, held.line_id, held.employee_id, held.team_id, held.cost_centre_id
    FROM sums JOIN usage_assignment AS held ON held.id = sums.assignment_id),
rolled AS (
  INSERT INTO usage_day (organization_id, day, assignment_id, country, network, line_id, employee_id, team_id,
    cost_centre_id, bytes, records, last_at)
  SELECT organization_id, day, assignment_id, country, network, line_id, employee_id, team_id,
    cost_centre_id, bytes, records, last_at
    FROM owned ORDER BY organization_id, day, assignment_id, country, network
  ON CONFLICT (organization_id, day, assignment_id, country, network) DO UPDATE
    SET bytes = usage_day.bytes + EXCLUDED.bytes, records = usage_day.records + EXCLUDED.records,
        last_at = greatest(usage_day.last_at, EXCLUDED.last_at)),
marked AS (
  INSERT INTO usage_daytoroll (organization_id, day) SELECT DISTINCT organization_id, day FROM owned)
SELECT organization_id, array_agg(DISTINCT line_id), sum(records)::bigint, sum(touched)::bigint
  FROM owned GROUP BY organization_id ORDER BY organization_id
"""
NEW = """
WITH {few} fresh AS (
  INSERT INTO usage_event (organization_id, meter_id, started_at, bytes, assignment_id, version, country, network, source_id)
  SELECT DISTINCT ON (meter.organization_id, meter.id, one.started_at, one.source_id)
         meter.organization_id, meter.id, one.started_at, one.bytes, held.id, one.version, one.country, one.network,
         one.source_id
    FROM incoming AS one {held}
   WHERE one.started_at BETWEEN %(oldest)s AND %(newest)s {known}
   ORDER BY meter.organization_id, meter.id, one.started_at, one.source_id, one.version DESC
  {conflict}
  RETURNING organization_id, assignment_id, started_at, bytes, country, network),
sums AS (
  SELECT organization_id, (started_at AT TIME ZONE 'UTC')::date AS day, assignment_id, country, network,
         sum(bytes)::bigint AS bytes, count(*) AS records, count(*) AS touched, max(started_at) AS last_at
    FROM fresh GROUP BY 1, 2, 3, 4, 5),
{roll}"""
CORRECTED = """
WITH {few} newest AS MATERIALIZED (
  SELECT DISTINCT ON (line, started_at, source_id) * FROM incoming
   WHERE version > 1 AND started_at BETWEEN %(oldest)s AND %(newest)s
   ORDER BY line, started_at, source_id, version DESC),
known AS MATERIALIZED (
  SELECT old.organization_id, old.meter_id, old.started_at, old.source_id, old.assignment_id,
         old.bytes AS was_bytes, old.country AS was_country, old.network AS was_network,
         one.bytes, one.country, one.network, one.version
    FROM newest AS one
    JOIN usage_meter AS meter ON meter.supplier_id = %(supplier)s AND meter.supplier_line_id = one.line
    JOIN usage_event AS old
      ON old.organization_id = meter.organization_id AND old.meter_id = meter.id
     AND old.started_at = one.started_at AND old.source_id = one.source_id
   WHERE old.version < one.version
     AND old.started_at BETWEEN %(oldest)s AND %(newest)s
   ORDER BY 1, 2, 3, 4 FOR UPDATE OF old),
changed AS (
  UPDATE usage_event AS old SET bytes = known.bytes, country = known.country, network = known.network,
         version = known.version
    FROM known
   WHERE old.organization_id = known.organization_id AND old.meter_id = known.meter_id
     AND old.started_at = known.started_at AND old.source_id = known.source_id
     AND old.started_at BETWEEN %(oldest)s AND %(newest)s),
sums AS (
  SELECT organization_id, (started_at AT TIME ZONE 'UTC')::date AS day, assignment_id, country, network,
         sum(bytes)::bigint AS bytes, sum(records)::bigint AS records, sum(touched)::bigint AS touched,
         max(started_at) AS last_at
    FROM (
      SELECT organization_id, started_at, assignment_id, was_country AS country, was_network AS network,
             -was_bytes AS bytes, -1 AS records, 0 AS touched FROM known
      UNION ALL
      SELECT organization_id, started_at, assignment_id, country, network, bytes, 1, 1 FROM known
    ) AS both_ways GROUP BY 1, 2, 3, 4, 5),
{roll}"""
SEEN = """
WITH {few} believed AS (
  SELECT version, started_at, started_at BETWEEN %(oldest)s AND %(newest)s AS good FROM incoming)
SELECT count(*), count(*) FILTER (WHERE NOT good), coalesce(max(version), 1),
       min(started_at) FILTER (WHERE good), max(started_at) FILTER (WHERE good)
  FROM believed
"""
UNMETERED = """
WITH {few} by_line AS (
  SELECT line, count(*) AS records FROM incoming WHERE started_at BETWEEN %(oldest)s AND %(newest)s GROUP BY line)
SELECT coalesce(sum(records), 0)::bigint
  FROM by_line LEFT JOIN usage_meter AS meter
    ON meter.supplier_id = %(supplier)s AND meter.supplier_line_id = by_line.line
 WHERE meter.id IS NULL
"""
