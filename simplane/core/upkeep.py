"""Housekeeping of the queue, the inbox and the audit trail: rescue, retry, seal, clean up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection

from simplane.core import clock, deadletters, jobs, seals, work
from simplane.core.db import transaction
from simplane.core.models import InboxMessage
from simplane.core.schedule import scheduled

STALLED_SECONDS = 20
ENDED = "status IN ('failed', 'cancelled', 'aborted', 'succeeded')"
KEPT_JOBS = 1000
RESCUE = """
WITH dead AS (
  SELECT id FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => %s)
)
UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1, worker_id = NULL, scheduled_at = NULL,
  queueing_lock = NULL
WHERE status = 'doing' AND (worker_id IS NULL OR worker_id IN (SELECT id FROM dead))
"""
"""The lock of a key only saves work; of two jobs with one key it would keep all dead jobs from being rescued."""


@scheduled("stalled_jobs", cron="* * * * *", title="Jobs of dead workers, started again", most_seconds=60)
def stalled_jobs() -> dict[str, Any]:
    """A worker killed with -9 leaves its jobs `doing` for ever; every job is safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute(RESCUE, [STALLED_SECONDS])
        rescued = cursor.rowcount
    if rescued:
        for queue in jobs.QUEUES:
            jobs.wake_workers(queue)
    return {"rescued": rescued}


@scheduled("failed_webhooks", cron="*/5 * * * *", title="Webhooks that failed, worked on again", most_seconds=120)
def failed_webhooks() -> dict[str, Any]:
    """Messages whose next try is due (their own pauses grow to 5 minutes), or whose job was lost."""
    return _work_on_due()


@scheduled("webhooks_due", cron="* * * * * */10", title="Webhooks due now", most_seconds=60)
def webhooks_due() -> dict[str, Any]:
    """The quick sister of `failed_webhooks`: a message that could not be handled for a moment waits seconds, not minutes."""
    return _work_on_due()


def _work_on_due() -> dict[str, Any]:
    with transaction():
        due = work.take_due(InboxMessage, hold_seconds=300)
        jobs.enqueue_missing("core.handle_message", "message_id", due)
    return {"messages": len(due)}


@scheduled("audit.seal", cron="* * * * *", title="Companies' new audit entries chained", most_seconds=300)
def seal_audit() -> dict[str, int]:
    """So that none of them can be changed unseen."""
    return seals.seal_new()


@scheduled("clean_up", cron="17 3 * * *", title="Old rows removed", most_seconds=1800)
def clean_up() -> dict[str, Any]:
    """All but the newest jobs that ended badly (their dead letters stay; a job that succeeds goes at once), worked-on
    webhook rows after 90 days (their delivery key is needed 30), events of no order after 400, stored answers after 30, cache
    entries that ended.
    """
    now = clock.now()
    counts: dict[str, Any] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM procrastinate_jobs WHERE {ENDED} AND id <="  # noqa: S608  a constant
            f" (SELECT id FROM procrastinate_jobs WHERE {ENDED} ORDER BY id DESC OFFSET %s LIMIT 1)",
            [KEPT_JOBS],
        )
        counts["jobs"] = cursor.rowcount
        cursor.execute(
            "DELETE FROM core_inboxmessage WHERE state IN ('done', 'ignored') AND received_at < %s",
            [now - timedelta(days=90)],
        )
        counts["inbox"] = cursor.rowcount
        cursor.execute("DELETE FROM core_event WHERE at < %s AND order_id IS NULL", [now - timedelta(days=400)])
        counts["events"] = cursor.rowcount
        cursor.execute("DELETE FROM core_storedanswer WHERE created_at < %s", [now - timedelta(days=30)])
        counts["answers"] = cursor.rowcount
        cursor.execute("DELETE FROM core_cacheentry WHERE expires_at <= %s", [now])
        counts["cache"] = cursor.rowcount
    return counts


def job_gave_up(name: str, arguments: dict[str, Any], error: BaseException) -> None:
    """A job has used all its tries: a dead letter says which, and offers to run it again."""
    if name.startswith("schedule."):
        return
    subject = f"{name}:{':'.join(f'{key}={value}' for key, value in sorted(arguments.items()))}"[:64]
    with transaction():
        deadletters.open_letter(
            "job",
            subject,
            cause="job_keeps_failing",
            summary=f"{name}: {type(error).__name__}: {error}"[:500],
            order_id=arguments.get("order_id"),
            detail={"job": name, "arguments": arguments},
        )


jobs.on_last_failure(job_gave_up)
