"""Leases on rows that owe a step. One worker at a time; a killed worker's lease runs out and another goes on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection

from simplane.core import clock, rows
from simplane.core.models import WorkItem

W = TypeVar("W", bound=WorkItem)


def claim(model: type[W], pk: int, *, seconds: float, durable: bool = False) -> W | None:
    """Take the row for `seconds`, or None when it owes nothing or another worker holds it. Call outside a transaction.

    While held, `due_at` equals the end of the lease: should this process die, the sweep finds the row again. The commit
    does not wait for the disk unless `durable`: a lease that a power cut undoes was not yet followed by anything that
    was committed. Durable is for what is done at once after it, outside, with no other commit in between.
    """
    quick = "" if durable else ", set_config('synchronous_commit', 'off', true)"
    sql, params = _taking(model, pk, seconds, f" RETURNING {rows.columns(model, 't')}{quick}")
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row = cursor.fetchone()
    return rows.built(model, row[: rows.width(model)]) if row else None


def take(model: type[WorkItem], pk: int, *, seconds: float) -> bool:
    """As `claim`, for callers that load the row themselves."""
    sql, params = _taking(model, pk, seconds, "")
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return bool(cursor.rowcount)


def _taking(model: type[WorkItem], pk: int, seconds: float, returning: str) -> tuple[str, list[Any]]:
    table = connection.ops.quote_name(model._meta.db_table)
    now = clock.now()
    until = now + timedelta(seconds=seconds)
    sql = (
        f"UPDATE {table} AS t SET lease_until = %s, due_at = %s WHERE t.id = %s AND t.due_at IS NOT NULL"  # noqa: S608
        f" AND (t.lease_until IS NULL OR t.lease_until <= %s){returning}"
    )
    return sql, [until, until, pk, now]


def release(row: WorkItem, *, due_at: datetime | None) -> bool:
    """Give the row back: due again at `due_at`, or never (None: no step is owed).

    False when the lease ran out and another worker has the row: then nothing changes.
    """
    mine = [row.pk, row.lease_until]
    still = "id = %s AND lease_until IS NOT DISTINCT FROM %s"
    if not rows.change(type(row), still, mine, lease_until=None, due_at=due_at):
        return False
    row.lease_until, row.due_at = None, due_at
    return True


def take_due(model: type[WorkItem], *, limit: int = 500, hold_seconds: float = 60) -> list[int]:
    """Ids of rows that are due and not held; their `due_at` moves on so that the next sweep does not list them again.

    The caller enqueues one job a row. Several sweeps at once share the rows (SKIP LOCKED).
    """
    table = connection.ops.quote_name(model._meta.db_table)
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(  # the table's name is a model's own
            f"UPDATE {table} SET due_at = %s WHERE id IN (SELECT id FROM {table} WHERE due_at <= %s"  # noqa: S608
            " AND (lease_until IS NULL OR lease_until <= %s) ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)"
            " RETURNING id",
            [now + timedelta(seconds=hold_seconds), now, now, limit],
        )
        return [row[0] for row in cursor.fetchall()]
