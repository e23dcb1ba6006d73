"""What rules ask of usage: sums since a month began in the company's own time zone. Plain SQL, one query each.

Works in the organization's scope and outside all. Of the day in which the month began only its hours count, so the figure is
exact to the hour, and for that one day up to a minute behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from simplane.policies.values import Level, LineMonth
from simplane.usage.partitions import bounds

COLUMN = {"team": "team_id", "cost_centre": "cost_centre_id", "employee": "employee_id", "line": "line_id"}
SEEN_BACK = timedelta(days=62)
"""How far back the country and moment of last use are looked for."""
USED = """
  SELECT line_id, employee_id, team_id, cost_centre_id, bytes FROM usage_day
   WHERE organization_id = %(organization)s AND day >= %(whole)s
  UNION ALL
  SELECT line_id, employee_id, team_id, cost_centre_id, bytes FROM usage_hour
   WHERE organization_id = %(organization)s AND hour >= %(since)s AND hour < %(whole_at)s
"""
SUMS = """
SELECT {column}, sum(bytes)::bigint FROM ({used}) AS used WHERE {column} = ANY(%(ids)s) GROUP BY 1
"""
WHOLE = "SELECT 0, coalesce(sum(bytes), 0)::bigint FROM ({used}) AS used"
LINES = """
WITH held AS (
  SELECT DISTINCT ON (held.line_id) held.line_id, held.employee_id, held.team_id, held.cost_centre_id,
         meter.reading, meter.reading_total, meter.metered_at
    FROM usage_meter AS meter JOIN usage_assignment AS held ON held.meter_id = meter.id AND held.until IS NULL
   WHERE meter.organization_id = %(organization)s AND meter.ended_at IS NULL
     AND (%(ids)s::bigint[] IS NULL OR meter.line_id = ANY(%(ids)s))
   ORDER BY held.line_id, meter.id DESC),
used AS ({used}),
of_line AS (SELECT line_id, sum(bytes) AS bytes FROM used GROUP BY 1),
of_employee AS (SELECT employee_id, sum(bytes) AS bytes FROM used WHERE employee_id IS NOT NULL GROUP BY 1),
of_team AS (SELECT team_id, sum(bytes) AS bytes FROM used WHERE team_id IS NOT NULL GROUP BY 1),
last AS (
  SELECT DISTINCT ON (line_id) line_id, country, last_at FROM usage_day
   WHERE organization_id = %(organization)s AND line_id IN (SELECT line_id FROM held) AND day >= %(seen)s AND bytes > 0
   ORDER BY line_id, last_at DESC)
SELECT held.line_id, held.employee_id, held.team_id, held.cost_centre_id,
       coalesce(of_line.bytes, 0)::bigint, coalesce(of_employee.bytes, 0)::bigint, coalesce(of_team.bytes, 0)::bigint,
       (SELECT coalesce(sum(bytes), 0)::bigint FROM used), held.reading_total, held.reading,
       coalesce(last.country, ''), last.last_at, held.metered_at
  FROM held LEFT JOIN of_line USING (line_id) LEFT JOIN of_employee USING (employee_id)
  LEFT JOIN of_team USING (team_id) LEFT JOIN last USING (line_id)
 ORDER BY held.line_id
"""


def used_since(organization_id: int, level: Level, ids: Sequence[int], since: datetime) -> dict[int, int]:
    """Bytes by id; 0 of those that used nothing. Of level `company` the id is 0."""
    if level == "company":
        return dict(_run(WHOLE.format(used=USED), organization_id, since))
    rows = _run(SUMS.format(column=COLUMN[level], used=USED), organization_id, since, ids)
    return dict.fromkeys(ids, 0) | dict(rows)


def lines_since(organization_id: int, line_ids: Sequence[int] | None, since: datetime) -> list[LineMonth]:
    """These lines of a company, or all that run, with what they and theirs used since then."""
    names = (
        *("line_id", "employee_id", "team_id", "cost_centre_id", "line_bytes", "employee_bytes", "team_bytes"),
        *("company_bytes", "plan_bytes", "plan_used_bytes", "country", "last_use_at", "since"),
    )
    rows = _run(LINES.format(used=USED), organization_id, since, line_ids)
    return [LineMonth(**dict(zip(names, row, strict=True))) for row in rows]


def _run(sql: str, organization_id: int, since: datetime, ids: Sequence[int] | None = None) -> list[tuple[Any, ...]]:
    whole = _first_whole_day(since)
    given: dict[str, Any] = {
        "organization": organization_id,
        "since": since,
        "whole": whole,
        "whole_at": bounds(whole)[0],
        "seen": since.date() - SEEN_BACK,
        "ids": None if ids is None else list(ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return list(cursor.fetchall())


def _first_whole_day(since: datetime) -> date:
    day = since.astimezone(UTC).date()
    return day if bounds(day)[0] >= since else day + timedelta(days=1)
