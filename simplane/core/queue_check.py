"""Whether the queue's own triggers are as quiet as we left them (docs/adr/0004); an upgrade may switch them on again."""

from __future__ import annotations

from django.db import connection

_LOUD = """
SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = 'procrastinate_jobs'::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'D'
  AND (p.prosrc ILIKE '%%pg_notify%%' OR p.prosrc ILIKE '%%procrastinate_events%%') AND t.tgname NOT LIKE '%%abort%%'
ORDER BY t.tgname
"""


def loud_triggers() -> list[str]:
    """Triggers that notify or write a row for every job; must be none. Those of aborted jobs fire for nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(_LOUD, [])
        return [row[0] for row in cursor.fetchall()]
