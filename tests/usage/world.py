"""A company with metered lines, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from simplane.core.db import transaction
from simplane.organizations.models import Organization
from simplane.suppliers.models import Supplier
from simplane.usage.actions import set_meter
from simplane.usage.models import Meter
from simplane.usage.values import Holder, Record

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let it be this moment."""
    monkeypatch.setattr(settings, "SIMPLANE", settings.SIMPLANE.model_copy(update={"clock_freeze": moment}))


def metered(of: Organization, supplier: Supplier, key: str, **holder: Any) -> Meter:
    """A supplier line that the company's line has, whose holder may change by asking again."""
    with transaction():
        return set_meter(
            organization_id=of.pk,
            supplier_id=supplier.pk,
            supplier_code=supplier.code,
            supplier_line_id=key,
            holder=Holder(**{"line_id": 1, **holder}),
        )


def record(number: int, used: int, when: datetime = NOON, **fields: Any) -> Record:
    """A supplier's record of line `L1`."""
    return Record(**{"line": "L1", "source_id": f"cdr-{number}", "started_at": when, "bytes": used, **fields})


def rows(sql: str) -> list[tuple[Any, ...]]:
    """What the database itself says."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


DAYS_DIFFER = """
SELECT * FROM (
  SELECT organization_id, (started_at AT TIME ZONE 'UTC')::date AS day, assignment_id, country, network,
         sum(bytes) AS bytes, count(*) AS records FROM usage_event GROUP BY 1, 2, 3, 4, 5) AS raw
  FULL JOIN (SELECT organization_id, day, assignment_id, country, network, bytes, records FROM usage_day
              WHERE records > 0) AS rolled
    USING (organization_id, day, assignment_id, country, network)
 WHERE (raw.bytes, raw.records) IS DISTINCT FROM (rolled.bytes, rolled.records)
"""
HOURS_DIFFER = (
    DAYS_DIFFER.replace("(started_at AT TIME ZONE 'UTC')::date AS day", "date_trunc('hour', started_at) AS day")
    .replace("SELECT organization_id, day, assignment_id", "SELECT organization_id, hour AS day, assignment_id")
    .replace("FROM usage_day", "FROM usage_hour")
)
"""Roll-ups that are not the sums of the raw records; none, always."""
