"""Hours of the days whose records changed, made again whole: late and corrected records need no rule of their own."""

from __future__ import annotations

from datetime import date

from django.db import connection

from simplane.core.db import transaction
from simplane.usage.partitions import bounds

MARKS_A_ROUND = 2000
TAKE = """
WITH taken AS (
  DELETE FROM usage_daytoroll WHERE id IN (
    SELECT id FROM usage_daytoroll ORDER BY day, id LIMIT %s FOR UPDATE SKIP LOCKED)
  RETURNING organization_id, day)
SELECT day, array_agg(DISTINCT organization_id) FROM taken GROUP BY day ORDER BY day
"""
GONE = "DELETE FROM usage_hour WHERE organization_id = ANY(%s) AND hour >= %s AND hour < %s"
AGAIN = """
INSERT INTO usage_hour (organization_id, hour, assignment_id, country, network, line_id, employee_id, team_id,
  cost_centre_id, bytes, records, last_at)
SELECT sums.organization_id, hour, assignment_id, country, network, line_id, employee_id, team_id, cost_centre_id,
       bytes, records, last_at
  FROM (
    SELECT organization_id, date_trunc('hour', started_at, 'UTC') AS hour, assignment_id, country, network,
           sum(bytes)::bigint AS bytes, count(*) AS records, max(started_at) AS last_at
      FROM usage_event WHERE organization_id = ANY(%s) AND started_at >= %s AND started_at < %s
     GROUP BY 1, 2, 3, 4, 5) AS sums
  JOIN usage_assignment AS held ON held.id = sums.assignment_id
 ORDER BY sums.organization_id, hour
"""


def roll() -> int:
    """Make the hours of all marked days again. How many days of how many companies that were."""
    rolled = 0
    while found := _round():
        rolled += found
    return rolled


def _round() -> int:
    with transaction(), connection.cursor() as cursor:
        # One at a time: two rounds with the same company's day would both write its hours.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('usage.hours'))")
        cursor.execute(TAKE, [MARKS_A_ROUND])
        marked = cursor.fetchall()
        for day, organizations in marked:
            _again(day, organizations)
    return sum(len(organizations) for _, organizations in marked)


def _again(day: date, organizations: list[int]) -> None:
    """Marks of loads that have not committed yet are not seen: their days come again."""
    since, until = bounds(day)
    with connection.cursor() as cursor:
        cursor.execute(GONE, [organizations, since, until])
        cursor.execute(AGAIN, [organizations, since, until])
