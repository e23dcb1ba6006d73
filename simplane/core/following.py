"""Reading the table of news behind its writers, with a bookmark a reader (docs/adr/0017).

Numbers of news are taken before they are committed, so a smaller one may appear after a larger one. When all
transactions that were at work at one look are done, everything up to the newest number of that look is here or never
will be; only up to there a reader reads.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

from simplane.core.db import needs_transaction, transaction
from simplane.core.models import Bookmark


@needs_transaction
def begin(reader: str) -> None:
    """From now on `reader` follows the news. Later calls change nothing."""
    newest, _, next_transaction = _look()
    mark = Bookmark(reader=reader, last_event=newest, seen_event=newest, seen_xid=next_transaction)
    Bookmark.objects.bulk_create([mark], ignore_conflicts=True)


def read_on(reader: str, read: Callable[[int, int], int]) -> int:
    """Have `read(after, upto)` read on and return the number it came to, in the commit that moves the bookmark.

    Returns how much news is there and not read yet; 0 for a reader that never began.
    """
    with transaction():
        newest, oldest_running, next_transaction = _look()
        mark = Bookmark.objects.select_for_update().filter(reader=reader, last_event__lt=newest).first()
        if mark is None:
            return 0
        if oldest_running >= mark.seen_xid:
            if mark.last_event < mark.seen_event:
                mark.last_event = read(mark.last_event, mark.seen_event)
            if mark.last_event == mark.seen_event:
                mark.seen_event, mark.seen_xid = max(newest, mark.seen_event), next_transaction
            mark.save()
        return max(newest, mark.seen_event) - mark.last_event


def _look() -> tuple[int, int, int]:
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
