"""The catalogue's timetable."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simplane.catalog.models import Quote
from simplane.core import clock
from simplane.core.schedule import scheduled

QUOTES_KEPT = timedelta(days=90)


@scheduled("catalog.old_quotes", cron="37 3 * * *", title="Old quotes removed", most_seconds=600)
def old_quotes() -> dict[str, Any]:
    """Quotes that ended unused 90 days ago; a used one says for ever what its order was promised."""
    gone, _ = Quote.objects.filter(used_at__isnull=True, expires_at__lt=clock.now() - QUOTES_KEPT).delete()
    return {"quotes": gone}
