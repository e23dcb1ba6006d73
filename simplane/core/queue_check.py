"""Whether the queue works as we left it: its triggers quiet (docs/adr/0004), somebody at work, nothing left lying."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

_LOUD = """
SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = 'procrastinate_jobs'::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'D'
  AND (p.prosrc ILIKE '%%pg_notify%%' OR p.prosrc ILIKE '%%procrastinate_events%%') AND t.tgname NOT LIKE '%%abort%%'
ORDER BY t.tgname
"""
_PULSE = """
SELECT count(*) FILTER (WHERE w.last_heartbeat > now() - interval '20 seconds'),
  count(*) FILTER (WHERE w.last_heartbeat <= now() - interval '20 seconds'),
  (SELECT count(*) FROM procrastinate_jobs j WHERE j.status = 'doing' AND NOT EXISTS (SELECT 1 FROM
    procrastinate_workers alive WHERE alive.id = j.worker_id AND alive.last_heartbeat > now() - interval '20 seconds'))
FROM procrastinate_workers w
"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Worker loops that gave a sign of life in the last 20 s, those that did not, and jobs left `doing` by the dead."""

    alive: int
    silent: int
    stalled: int


def pulse() -> Pulse:
    """Who is at work."""
    with connection.cursor() as cursor:
        cursor.execute(_PULSE)
        row = cursor.fetchone()
    return Pulse(*row) if row else Pulse(0, 0, 0)


def loud_triggers() -> list[str]:
    """Triggers that notify or write a row for every job; must be none. Those of aborted jobs fire for nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(_LOUD, [])
        return [row[0] for row in cursor.fetchall()]
