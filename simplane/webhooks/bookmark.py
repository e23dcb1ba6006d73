"""Where reading the news begins, and what the table of news looks like just now."""

from __future__ import annotations

from django.db import connection

from simplane.core.db import needs_transaction
from simplane.webhooks.models import Bookmark


@needs_transaction
def begin() -> None:
    """With the first endpoint there is: what happens from now on is read. Later calls change nothing."""
    newest, _, next_transaction = look()
    mark = Bookmark(last_event=newest, seen_event=newest, seen_xid=next_transaction)
    Bookmark.objects.bulk_create([mark], ignore_conflicts=True)


def look() -> tuple[int, int, int]:
    """The newest number there is, the oldest transaction under way, and the next one to begin."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK)
        row = cursor.fetchone()
    assert row is not None
    return row[0], row[1], row[2]


LOOK = """
SELECT coalesce((SELECT max(id) FROM core_event), 0), pg_snapshot_xmin(now_seen)::text::bigint,
  pg_snapshot_xmax(now_seen)::text::bigint
FROM pg_current_snapshot() AS now_seen
"""
