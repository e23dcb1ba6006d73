"""The days of raw records: made ahead; what came for a day without one waits in the default and is moved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.db import connection

from simplane.core import clock
from simplane.core.db import needs_transaction, transaction

AHEAD_DAYS = 14
BEHIND_DAYS = 2
LOCK_WAIT = "SET LOCAL lock_timeout = '3s'"
"""A partition is joined under a lock that loads hold too; the next run tries again."""
EXISTING = """
SELECT part.relname FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
 WHERE inhparent = 'usage_event'::regclass AND part.relname <> 'usage_event_default' ORDER BY 1
"""
WAITING = "SELECT DISTINCT (started_at AT TIME ZONE 'UTC')::date FROM usage_event_default ORDER BY 1"
MAKE = """
CREATE TABLE {name} (LIKE usage_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES,
  CONSTRAINT bounds CHECK (started_at >= '{since}' AND started_at < '{until}'));
WITH moved AS (
  DELETE FROM usage_event_default WHERE started_at >= '{since}' AND started_at < '{until}' RETURNING *)
INSERT INTO {name} SELECT * FROM moved;
ALTER TABLE usage_event ATTACH PARTITION {name} FOR VALUES FROM ('{since}') TO ('{until}');
ALTER TABLE {name} DROP CONSTRAINT bounds;
"""


def make_ahead() -> int:
    """Make the partitions of the days around today and of all days that wait in the default. How many are new."""
    today = clock.now().date()
    wanted = {today + timedelta(days=n) for n in range(-BEHIND_DAYS, AHEAD_DAYS + 1)} | _waiting()
    missing = sorted(wanted - set(days()))
    for day in missing:
        with transaction():
            make(day)
    return len(missing)


def days() -> list[date]:
    """UTC days that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(EXISTING)
        return [
            date.fromisoformat(name.removeprefix("usage_event_").replace("_", "-")) for (name,) in cursor.fetchall()
        ]


def name_of(day: date) -> str:
    """The table of a day's records."""
    return f"usage_event_{day:%Y_%m_%d}"


def bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a UTC day and that of the next."""
    since = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return since, since + timedelta(days=1)


@needs_transaction
def make(day: date) -> None:
    """Make one day's partition, with the rows of it that wait in the default."""
    since, until = bounds(day)
    with connection.cursor() as cursor:
        cursor.execute(LOCK_WAIT)
        # Nobody may add a row of this day to the default between the move and the joining.
        cursor.execute("LOCK TABLE usage_event_default IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(MAKE.format(name=name_of(day), since=since.isoformat(), until=until.isoformat()))


def _waiting() -> set[date]:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return {day for (day,) in cursor.fetchall()}
