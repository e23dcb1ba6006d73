"""Jobs: rows written in the caller's transaction, run at least once, and therefore safe to repeat.

Procrastinate's own notify trigger is off (a notifying commit takes a database-wide lock: docs/adr/0004); this process
sends one coalesced NOTIFY after commits instead. A job whose row of work carries a due time is only a hint, and inside
a worker it needs no row in the queue (docs/adr/0012).
"""

from __future__ import annotations

import inspect
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar

import psycopg
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from simplane.core import clock, context, telemetry
from simplane.core.db import in_thread
from simplane.core.log import logger
from simplane.core.metrics import JOB_SECONDS, JOBS

log = logger(__name__)
JobFunction = Callable[..., Awaitable[None]] | Callable[..., None]
Function = TypeVar("Function", bound=JobFunction)
Tick = Callable[..., Awaitable[None]]
QUEUES = ("intake", "supplier", "mail", "channel", "webhooks", "default")
CHANNEL = "procrastinate_queue_v1#"
"""And the name of a queue: where its workers listen."""
NUDGE_SECONDS = 0.05
_MESSAGE = '{"type":"job_inserted","job_id":0}'


@dataclass(frozen=True, slots=True)
class Registered:
    """A job by name: its queue, the function, and how often it is tried."""

    name: str
    queue: str
    function: JobFunction
    tries: int
    hint: bool = False
    """What it works on carries its own due time, so a lost one is found again by its sweep."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job to be run. `id`: its row in the queue, None of a hint that has none. `attempts`: how many came before."""

    name: str
    arguments: dict[str, Any]
    id: int | None = None
    attempts: int = 0

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two jobs the same, whichever request they belong to."""
        return self.name, *sorted((name, str(value)) for name, value in self.arguments.items() if name != "_rid")


class Here(Protocol):
    """The worker of this process, for jobs that arise in it. Called from any thread, after commit."""

    def room(self, queue: str) -> bool:
        """Whether it takes more hints of this queue; if not, rows let other workers have a share."""

    def take(self, queue: str, jobs: Iterable[Job]) -> None:
        """Run these when their turn comes."""

    def look(self, queue: str) -> None:
        """Rows were written for this queue."""


_registry: dict[str, Registered] = {}
_ticks: dict[str, tuple[str, Tick]] = {}
_on_last_failure: list[Callable[[str, dict[str, Any], BaseException], None]] = []


class _Process:
    """What this process is beside its web pages or tests."""

    worker: Here | None = None


class Temporary(Exception):
    """Raised by a job: nothing is wrong, try again (after `seconds` when given)."""

    def __init__(self, message: str, *, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


def job(name: str, *, queue: str, tries: int = 8, hint: bool = False) -> Callable[[Function], Function]:
    """Register a function as the job `name` (`package.verb`). It loads by id, checks, calls one action.

    `hint`: it may be lost, because a sweep finds what it works on by its due time.
    """
    if queue not in QUEUES:
        raise ValueError(f"no queue {queue!r}")

    def register(function: Function) -> Function:
        _registry[name] = Registered(name, queue, function, tries, hint)
        return function

    return register


def tick(name: str, queue: str, function: Tick) -> None:
    """Register a tick of the timetable: tried once, for the next tick comes anyway."""
    _ticks[name] = queue, function


def serve(here: Here | None) -> None:
    """Set the worker that runs in this process, or that it runs no more."""
    _Process.worker = here


async def perform(one: Job) -> float | None:
    """Run a job. Returns None when it is done, or after how many seconds to try again.

    Raises LookupError when nobody knows a job of this name, and the job's own error when it used all its tries.
    """
    if one.name in _ticks:
        await _ticks[one.name][1](**one.arguments)
        return None
    known = _registry.get(one.name)
    if known is None:
        raise LookupError(f"no job {one.name!r} is known")
    arguments = dict(one.arguments)
    rid = str(arguments.pop("_rid", "") or f"job-{one.id}")
    try:
        with context.belonging(rid, job=one.name, **_ids(arguments)), context.acting(f"job:{one.name}"):
            await _run_once(one.name, known.function, arguments, last=one.attempts + 1 >= known.tries)
    except Exception as error:
        pause = _pause(one.attempts, known.tries, error)
        if pause is None:
            raise
        return pause
    return None


def _pause(attempts: int, tries: int, error: Exception) -> float | None:
    """2, 4, 8 … seconds up to 10 minutes, with jitter; None after `tries`."""
    if attempts + 1 >= tries:
        return None
    wanted = error.seconds if isinstance(error, Temporary) else None
    wait = wanted if wanted is not None else min(600.0, 2.0 ** (attempts + 1))
    return wait * random.uniform(0.75, 1.25)


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
    """Write several jobs of one name in one statement. Hints that arise in a worker go straight to it, after commit.

    A job that belongs to another request than the present one says so by `_rid`.
    """
    registered, rid, here = _registry[name], context.request_id(), _Process.worker
    wanted = [{"_rid": rid, **arguments} for arguments in many]
    if not wanted:
        return
    if registered.hint and at is None and once_key is None and here is not None and here.room(registered.queue):
        taken = [Job(name, arguments) for arguments in wanted]
        transaction.on_commit(partial(here.take, registered.queue, taken))
        return
    rows = [Jsonb(arguments) for arguments in wanted]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args, scheduled_at)"
            " SELECT %s, %s, 0, %s, one, coalesce(%s, now()) FROM unnest(%s::jsonb[]) AS one"
            " ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING",
            [registered.queue, name, once_key, clock.real_time_of(at) if at else None, rows],
        )
    if at is None:
        transaction.on_commit(partial(wake_workers, registered.queue))


def enqueue_missing(name: str, argument: str, values: Sequence[int], /) -> None:
    """Write a job for each value of its one argument, but for those that wait or run already: for sweeps.

    What a sweep finds due was lost, or is only late; in a backlog a second job would only make it longer.
    """
    if not values:
        return
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [argument, name])
        waiting = {row[0] for row in cursor.fetchall()}
    enqueue_many(name, [{argument: one} for one in values if str(one) not in waiting])


WAITING = "SELECT args->>%s FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = %s"


def queue_of(name: str) -> str:
    """The queue a job or tick belongs to. Raises LookupError."""
    return _registry[name].queue if name in _registry else _ticks[name][0]


def registered() -> dict[str, Registered]:
    """All jobs by name."""
    return _registry


class _Nudge:
    """One thread a process that sends at most one NOTIFY every NUDGE_SECONDS, outside the business transactions."""

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
                    channels = [CHANNEL + self._queues.pop() for _ in range(len(self._queues))]
                    own.execute("SELECT pg_notify(one, %s) FROM unnest(%s::text[]) AS one", [_MESSAGE, channels])
                    pause.wait(NUDGE_SECONDS)
        except psycopg.Error as error:
            # The workers poll every second anyway; the next poke starts a new thread.
            log.warning("jobs.nudge_lost", error=str(error))


_nudge = _Nudge()


def wake_workers(queue: str) -> None:
    """Tell the workers of a queue that jobs are waiting. Call after commit.

    A worker tells itself; the others look every second, so it has help before it is far behind.
    """
    if _Process.worker is not None:
        _Process.worker.look(queue)
    else:
        _nudge.poke(queue)


def connection_parameters() -> dict[str, Any]:
    """How to reach the database beside Django's own connection: everything it tells libpq, TLS and time limits included."""
    parameters = dict(connection.get_connection_params())
    known = {one.keyword.decode() for one in psycopg.pq.Conninfo.get_defaults()}
    return {key: value for key, value in parameters.items() if key in known and value}
