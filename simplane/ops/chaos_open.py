"""What is still under way here: everything that owes a step, and when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from simplane.ops.stage import Stage

_WORK = """
SELECT 'units', count(*), min(due_at) FROM ordering_unit
  WHERE due_at IS NOT NULL OR state IN ('waiting', 'routed', 'buying', 'pending', 'unknown')
UNION ALL SELECT 'webhooks', count(*), min(due_at) FROM core_inboxmessage WHERE due_at IS NOT NULL
UNION ALL SELECT 'mails', count(*), min(due_at) FROM delivery_message WHERE due_at IS NOT NULL
UNION ALL SELECT 'write-backs', count(*), min(due_at) FROM channels_writeback WHERE due_at IS NOT NULL
UNION ALL SELECT 'refunds', count(*), min(due_at) FROM channels_refund WHERE due_at IS NOT NULL
UNION ALL SELECT 'compensations', count(*), min(due_at) FROM ordering_compensation WHERE due_at IS NOT NULL
UNION ALL SELECT 'wishes', count(*), min(due_at) FROM fleet_operation WHERE state IN ('requested', 'sent', 'unknown')
"""
_JOBS = """
SELECT count(*) FILTER (WHERE status = 'doing' OR coalesce(scheduled_at, now()) <= now()) AS now,
  count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()) AS later,
  min(scheduled_at) FILTER (WHERE status = 'todo' AND scheduled_at > now()) - now() AS wait
FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name NOT LIKE 'schedule.%'
"""


@dataclass(frozen=True, slots=True)
class Open:
    """Counts by kind, and the seconds until the first of them is due (0: something is being done now)."""

    counts: dict[str, int]
    wait: float

    @property
    def total(self) -> int:
        """Everything together."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in self.counts.items() if count) or "nothing"


def look(stage: Stage, now: datetime) -> Open:
    """The present state. `now`: the time as our processes see it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_WORK)
        rows = list(cursor.fetchall())
        cursor.execute(_JOBS)
        busy, later, until = cursor.fetchone() or (0, 0, None)
    counts = {name: count for name, count, _ in rows}
    waits = [(due - now).total_seconds() for _, count, due in rows if count and due is not None]
    counts["jobs"] = busy + later
    if later:
        waits.append(_seconds(until))
    counts["deliveries"], first = _deliveries(stage, now)
    if counts["deliveries"]:
        waits.append(first)
    return Open(counts, 0.0 if busy or not waits else max(0.0, min(waits)))


def few_units(most: float) -> bool:
    """Whether at most so many units are still to be bought or handed over; False while the database is away."""
    from django.db import DatabaseError, close_old_connections

    from simplane.core.models import InboxMessage
    from simplane.ordering.models import Unit

    close_old_connections()
    try:
        waiting = (
            Unit.objects.filter(due_at__isnull=False).count() + InboxMessage.objects.filter(state="received").count()
        )
    except DatabaseError:
        return False
    return waiting <= most


def _seconds(wait: timedelta | None) -> float:
    return wait.total_seconds() if wait is not None else 0.0


def _deliveries(stage: Stage, now: datetime) -> tuple[int, float]:
    """Webhooks the shop will still send (forged ones are refused for ever and not waited for), seconds to the first."""
    rows = stage.control("shopify", "deliveries?limit=1000000", method="GET")["deliveries"]
    due = [row["due_ms"] for row in rows if row["state"] == "due" and row["signature"] == "right"]
    return len(due), min(due) / 1000 - now.timestamp() if due else 0.0
