"""The rows of the queue as one worker uses them: many a statement, over one connection that is never in a transaction.

Its commits do not wait for the disk: what a power cut undoes is a job taken or handed in, which is then run again.

The table, its worker heartbeats and its timetable are Procrastinate's; its locks between jobs are not used by us, so
taking rows needs no look at other rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from simplane.core import jobs
from simplane.core.jobs import Job

STALLED_SECONDS = 20


class QueueRows:
    """The rows one worker holds. Every method is one statement."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], worker_id: int) -> None:
        self._connection = connection
        self._worker_id = worker_id

    @classmethod
    async def open(cls) -> QueueRows:
        """Connect and register a worker."""
        connection = await psycopg.AsyncConnection.connect(
            **jobs.connection_parameters(), autocommit=True, prepare_threshold=2
        )
        await connection.execute("SET synchronous_commit TO off")
        cursor = await connection.execute("SELECT worker_id FROM procrastinate_register_worker_v1()")
        row = await cursor.fetchone()
        assert row is not None
        return cls(connection, row[0])

    async def exchange(self, queues: Sequence[str], most: int, done: Sequence[int]) -> list[Job]:
        """Hand in the jobs that are done and take at most `most` others."""
        given = {"queues": list(queues), "most": most, "done": list(done), "worker": self._worker_id}
        cursor = await self._connection.execute(EXCHANGE, given)
        return [Job(name, dict(args), pk, attempts) for pk, name, attempts, args in await cursor.fetchall()]

    async def again(self, job: Job, seconds: float) -> None:
        """Have a job tried once more; a hint becomes a row, so that its tries are counted."""
        if job.id is not None:
            await self._connection.execute(AGAIN, [seconds, job.id])
        else:
            await self._write(job, job.attempts + 1, seconds)

    async def _write(self, hint: Job, attempts: int, seconds: float) -> None:
        queue = jobs.queue_of(hint.name)
        await self._connection.execute(WRITE, [queue, hint.name, Jsonb(hint.arguments), attempts, seconds])

    async def failed(self, job_id: int) -> None:
        """A job that used all its tries; its dead letter is written."""
        await self._connection.execute(FAILED, [job_id])

    async def give_back(self, hints: Sequence[Job]) -> None:
        """At the end: what is not done belongs to nobody, hints included."""
        await self._connection.execute(GIVE_BACK, [self._worker_id])
        for hint in hints:
            await self._write(hint, hint.attempts, 0.0)

    async def alive(self) -> None:
        """Tell that this worker lives, and forget those that do not."""
        await self._connection.execute("SELECT procrastinate_update_heartbeat_v1(%s)", [self._worker_id])
        await self._connection.execute("SELECT procrastinate_prune_stalled_workers_v1(%s)", [STALLED_SECONDS])

    async def close(self) -> None:
        """Unregister and disconnect."""
        await self._connection.execute("SELECT procrastinate_unregister_worker_v1(%s)", [self._worker_id])
        await self._connection.close()


EXCHANGE = """
WITH finished AS (DELETE FROM procrastinate_jobs WHERE id = ANY(%(done)s::bigint[])), taken AS (
  SELECT id FROM procrastinate_jobs
  WHERE status = 'todo' AND queue_name = ANY(%(queues)s::text[]) AND (scheduled_at IS NULL OR scheduled_at <= now())
  ORDER BY priority DESC, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE procrastinate_jobs AS job SET status = 'doing', worker_id = %(worker)s FROM taken WHERE job.id = taken.id
RETURNING job.id, job.task_name, job.attempts, job.args
"""
# The lock of a key only saves work: another job of the same key may wait by now, and must not keep this one from waiting.
AGAIN = """
UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1, worker_id = NULL, queueing_lock = NULL,
  scheduled_at = now() + make_interval(secs => %s) WHERE id = %s
"""
WRITE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, attempts, scheduled_at)
VALUES (%s, %s, 0, %s, %s, now() + make_interval(secs => %s))
"""
FAILED = "UPDATE procrastinate_jobs SET status = 'failed', attempts = attempts + 1, worker_id = NULL WHERE id = %s"
GIVE_BACK = """
UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL, queueing_lock = NULL, scheduled_at = now()
WHERE worker_id = %s AND status = 'doing'
"""
