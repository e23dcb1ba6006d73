"""Following the news for units that belong to companies' lines (docs/adr/0017): orders of others pay nothing for it."""

from __future__ import annotations

from django.db import connection

from simplane.core import following, jobs
from simplane.core.db import transaction

READER = "fleet"
UNITS = ("UnitMoved", "UnitDelivered", "UnitDied", "UnitEnded")
CONCERNS = (*UNITS, "LineMoved", "UsageReached", "LineEnded", "PlanChanged", "ProfileSwapped")


def read_news() -> int:
    """Read on; each unit of a company's line that the news is about gets one look. Returns how much is left to read."""
    with transaction():
        following.begin(READER)
    return following.read_on(READER, _look)


def _look(after: int, upto: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(CONCERNED, [after, upto, list(CONCERNS)])
        units = [row[0] for row in cursor.fetchall()]
    jobs.enqueue_missing("fleet.learn", "unit_id", units)
    return upto


CONCERNED = """
SELECT DISTINCT e.unit_id FROM core_event AS e JOIN fleet_operation AS o ON o.unit_id = e.unit_id
WHERE e.id > %s AND e.id <= %s AND e.name = ANY(%s)
"""
