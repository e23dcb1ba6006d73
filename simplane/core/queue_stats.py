"""How full the queues are and how long the oldest job waits: plain SQL on the queue's own table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from simplane.core.jobs import QUEUES

_DEPTHS = """
SELECT queue_name,
  count(*) FILTER (WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())) AS waiting,
  count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()) AS later,
  count(*) FILTER (WHERE status = 'doing') AS doing,
  count(*) FILTER (WHERE status = 'failed') AS failed,
  max(now() - scheduled_at) FILTER (WHERE status = 'todo' AND scheduled_at <= now()) AS oldest
FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed') GROUP BY queue_name
"""
_FAILED = """
SELECT id, queue_name, task_name, attempts, args::text FROM procrastinate_jobs WHERE status = 'failed'
ORDER BY id DESC LIMIT %s
"""
_WORKERS = "SELECT count(*), max(now() - last_heartbeat) FROM procrastinate_workers"


@dataclass(frozen=True, slots=True)
class Depth:
    """One queue: jobs due now, for later, being done, given up; the wait of the oldest due one (None: nothing is due)."""

    queue: str
    waiting: int = 0
    later: int = 0
    doing: int = 0
    failed: int = 0
    oldest: timedelta | None = None


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that used all its tries (or whose code is gone)."""

    id: int
    queue: str
    name: str
    attempts: int
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workers:
    """Worker processes that registered, and the age of the oldest sign of life among them."""

    count: int
    silent: timedelta | None


def depths() -> list[Depth]:
    """Every queue we have, in our order, then any other found in the table."""
    with connection.cursor() as cursor:
        cursor.execute(_DEPTHS)
        found = {row[0]: Depth(*row) for row in cursor.fetchall()}
    ours = [found.pop(name, Depth(name)) for name in QUEUES]
    return ours + [found[name] for name in sorted(found)]


def failed_jobs(limit: int = 50) -> list[FailedJob]:
    """The newest jobs that gave up. Their subjects have dead letters; this is for the developer."""
    with connection.cursor() as cursor:
        cursor.execute(_FAILED, [limit])
        return [
            FailedJob(pk, queue, name, tries, json.loads(args)) for pk, queue, name, tries, args in cursor.fetchall()
        ]


def workers() -> Workers:
    """Who works."""
    with connection.cursor() as cursor:
        cursor.execute(_WORKERS)
        row = cursor.fetchone()
    return Workers(*row) if row else Workers(0, None)
