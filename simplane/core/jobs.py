"""The queue. The only module that knows Procrastinate.

Jobs are rows written in the caller's transaction, run at least once, and therefore safe to repeat. Procrastinate's own
notify trigger is off (a notifying commit takes a database-wide lock: docs/adr/0004); this process sends one coalesced
NOTIFY after commits instead.
"""

from __future__ import annotations

import inspect
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
import structlog
from django.db import connection, transaction
from procrastinate import JobContext, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy

from simplane.core import clock, context, telemetry
from simplane.core.db import in_thread
from simplane.core.log import logger
from simplane.core.metrics import JOB_SECONDS, JOBS

log = logger(__name__)
JobFunction = Callable[..., Awaitable[None]] | Callable[..., None]
QUEUES = ("intake", "supplier", "mail", "channel", "default")
_CHANNEL = "procrastinate_queue_v1#"
"""A worker of named queues listens on one channel a queue, not on the one for all."""
_MESSAGE = '{"type":"job_inserted","job_id":0}'


@dataclass(frozen=True, slots=True)
class Registered:
    """A job by name: its queue, the function, and how often it is tried."""

    name: str
    queue: str
    function: JobFunction
    tries: int


_registry: dict[str, Registered] = {}
_on_last_failure: list[Callable[[str, dict[str, Any], BaseException], None]] = []


class Temporary(Exception):
    """Raised by a job: nothing is wrong, try again (after `seconds` when given)."""

    def __init__(self, message: str, *, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class _Backoff(BaseRetryStrategy):
    """2, 4, 8 … seconds up to 10 minutes, with jitter; gives up after `tries`."""

    def __init__(self, tries: int) -> None:
        self.tries = tries

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts + 1 >= self.tries:
            return None
        wanted = exception.seconds if isinstance(exception, Temporary) else None
        wait = wanted if wanted is not None else min(600.0, 2.0 ** (job.attempts + 1))
        return RetryDecision(retry_in={"milliseconds": int(1000 * wait * random.uniform(0.75, 1.25))})


def job(name: str, *, queue: str, tries: int = 8) -> Callable[[JobFunction], JobFunction]:
    """Register a function as the job `name` (`package.verb`). It loads by id, checks, calls one action."""
    if queue not in QUEUES:
        raise ValueError(f"no queue {queue!r}")

    def register(function: JobFunction) -> JobFunction:
        _registry[name] = Registered(name, queue, function, tries)
        app.task(name=name, queue=queue, retry=_Backoff(tries), pass_context=True)(_runner(name, function, tries))
        return function

    return register


def _runner(name: str, function: JobFunction, tries: int) -> Callable[..., Awaitable[None]]:
    async def run(job_context: JobContext, **arguments: Any) -> None:
        rid = str(arguments.pop("_rid", "") or f"job-{job_context.job.id}")
        bound = structlog.contextvars.bound_contextvars(request_id=rid, job=name, **_ids(arguments))
        with bound, context.acting(f"job:{name}"):
            await _run_once(name, function, arguments, last=job_context.job.attempts + 1 >= tries)

    return run


async def _run_once(name: str, function: JobFunction, arguments: dict[str, Any], *, last: bool) -> None:
    started = time.perf_counter()
    outcome = "failed"
    try:
        with telemetry.job(name, context.request_id(), **_ids(arguments)):
            if inspect.iscoroutinefunction(function):
                await function(**arguments)
                _done(started)
            else:
                await in_thread(_in_thread, function, arguments, started)
        outcome = "done"
    except Temporary as wait:
        outcome = "later"
        log.info("job.later", why=str(wait), last=last)
        if last:
            await in_thread(_gave_up, name, arguments, wait)
        raise
    except Exception as error:
        log.exception("job.failed", last=last)
        if last:
            await in_thread(_gave_up, name, arguments, error)
        raise
    finally:
        JOBS.labels(name, outcome).inc()
        JOB_SECONDS.labels(name).observe(time.perf_counter() - started)


def _in_thread(function: JobFunction, arguments: dict[str, Any], started: float) -> None:
    """The line is written here, where the ids that the job found out (its order) are bound."""
    function(**arguments)
    _done(started)


def _done(started: float) -> None:
    log.info("job.done", ms=round((time.perf_counter() - started) * 1000))


def _gave_up(name: str, arguments: dict[str, Any], error: BaseException) -> None:
    for hook in _on_last_failure:
        hook(name, arguments, error)


def on_last_failure(hook: Callable[[str, dict[str, Any], BaseException], None]) -> None:
    """Have `hook(job name, arguments, error)` called when a job has used all its tries (it opens a dead letter)."""
    _on_last_failure.append(hook)


def _ids(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if key.endswith("_id")}


def enqueue(name: str, /, *, at: datetime | None = None, once_key: str | None = None, **arguments: Any) -> None:
    """Write a job into the present transaction. `once_key`: while one with this key waits, a second is not written."""
    enqueue_many(name, [arguments], at=at, once_key=once_key)


def enqueue_many(
    name: str, many: Iterable[dict[str, Any]], /, *, at: datetime | None = None, once_key: str | None = None
) -> None:
    """Write several jobs of one name in one statement."""
    registered = _registry[name]
    rid = context.request_id()
    rows = [psycopg.types.json.Jsonb({**arguments, "_rid": rid}) for arguments in many]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args, scheduled_at)"
            " SELECT %s, %s, 0, %s, one, coalesce(%s, now()) FROM unnest(%s::jsonb[]) AS one"
            " ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING",
            [registered.queue, name, once_key, clock.real_time_of(at) if at else None, rows],
        )
    if at is None:
        transaction.on_commit(partial(wake_workers, registered.queue))


def registered() -> dict[str, Registered]:
    """All jobs by name."""
    return _registry


class _Nudge:
    """One thread a process that sends at most one NOTIFY every 20 ms, outside the business transactions."""

    def __init__(self) -> None:
        self._queues: set[str] = set()
        self._wanted = threading.Event()
        self._started = threading.Lock()
        self._thread: threading.Thread | None = None

    def poke(self, queue: str) -> None:
        self._queues.add(queue)
        self._wanted.set()
        if self._thread is None or not self._thread.is_alive():
            with self._started:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="nudge", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        try:
            with psycopg.connect(**connection_parameters(), autocommit=True) as own:
                while True:
                    self._wanted.wait()
                    self._wanted.clear()
                    channels = [_CHANNEL + self._queues.pop() for _ in range(len(self._queues))]
                    own.execute("SELECT pg_notify(one, %s) FROM unnest(%s::text[]) AS one", [_MESSAGE, channels])
                    pause.wait(0.02)
        except psycopg.Error as error:
            # The workers poll every second anyway; the next poke starts a new thread.
            log.warning("jobs.nudge_lost", error=str(error))


_nudge = _Nudge()


def wake_workers(queue: str) -> None:
    """Tell the workers of a queue that jobs are waiting. Call after commit."""
    _nudge.poke(queue)


def connection_parameters() -> dict[str, Any]:
    """How to reach the database beside Django's own connection."""
    parameters = dict(connection.get_connection_params())
    return {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
