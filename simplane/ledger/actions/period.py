"""Closing a month, so that reports about it stay true."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from simplane.core import audit, clock, context
from simplane.core.db import transaction
from simplane.ledger.errors import BadPosting
from simplane.ledger.models import Ledger, Period


def close_month(month: date, *, ledger: Ledger = Ledger.LIVE, reason: str = "") -> Period:
    """Nothing posts into this month any more. Closing it again changes nothing.

    Raises BadPosting for a month that is not over.
    """
    first = month.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    if clock.now() < datetime.combine(following, time.min, UTC):
        raise BadPosting(f"{first:%Y-%m} is not over", fix="close it next month")
    with transaction():
        # Waits for every posting under way and lets none begin meanwhile: none can slip in behind the lock.
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE ledger_transaction IN SHARE ROW EXCLUSIVE MODE")
        made, fresh = Period.objects.get_or_create(
            ledger=ledger, month=first, defaults={"closed_at": clock.now(), "closed_by": context.actor()[:120]}
        )
        if fresh:
            audit.note("ledger.month_closed", "period", f"{ledger} {first:%Y-%m}", reason=reason)
        return made
