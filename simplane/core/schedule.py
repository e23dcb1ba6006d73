"""Scheduled work: runs once however many workers there are, and remembers its last run and result."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from croniter import croniter  # type: ignore[import-untyped]
from django.db.models import F, Q
from procrastinate.contrib.django import app

from simplane.core import clock, context, jobs
from simplane.core.db import in_thread
from simplane.core.log import logger
from simplane.core.models import Schedule

log = logger(__name__)
Result = dict[str, Any] | None
Work = Callable[[], Result] | Callable[[], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One entry of the timetable. `cron` has five fields, or six with the seconds last (as Procrastinate reads it)."""

    name: str
    cron: str
    title: str
    work: Work
    most_seconds: int
    queue: str


_timetable: dict[str, Scheduled] = {}


def scheduled(
    name: str, *, cron: str, title: str, most_seconds: int = 300, queue: str = "default"
) -> Callable[[Work], Work]:
    """Register work for the timetable. It returns a small dict of figures for the jobs page; it must be repeatable."""

    def register(function: Work) -> Work:
        entry = Scheduled(name, cron, title, function, most_seconds, queue)
        _timetable[name] = entry

        async def tick(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes it by name
            await run_now(name)

        jobs.tick(f"schedule.{name}", queue, tick)
        app.periodic(cron=cron)(app.task(name=f"schedule.{name}", queue=queue)(tick))
        return function

    return register


def late(entry: Scheduled, last: Schedule | None, now: datetime) -> bool:
    """Whether this work should have begun twice since it last did (one beginning may fall into a restart)."""
    if last is not None and last.lease_until is not None and last.lease_until > now:
        return False
    ticks = croniter(entry.cron, now)
    ticks.get_prev(datetime)
    expected: datetime = ticks.get_prev(datetime) - timedelta(seconds=30)
    return last is None or last.last_started_at is None or last.last_started_at < expected


def timetable() -> dict[str, Scheduled]:
    """All scheduled work by name."""
    return _timetable


async def run_now(name: str) -> bool:
    """Run one entry unless another worker is at it; its row keeps when, how and what came of it. True when it ran."""
    entry = _timetable[name]
    if not await in_thread(_start, entry):
        return False
    with context.acting(f"schedule:{name}"):
        try:
            result = await _call(entry.work)
        except Exception as error:
            log.exception("schedule.failed", schedule=name)
            await in_thread(_finish, name, None, f"{type(error).__name__}: {error}")
        else:
            await in_thread(_finish, name, result, "")
    return True


async def _call(work: Work) -> Result:
    if inspect.iscoroutinefunction(work):
        found: Result = await work()
        return found
    return await in_thread(work)  # type: ignore[arg-type]


def _start(entry: Scheduled) -> bool:
    now = clock.now()
    Schedule.objects.get_or_create(name=entry.name)
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    until = now + timedelta(seconds=entry.most_seconds)
    started = Schedule.objects.filter(free, name=entry.name).update(lease_until=until, last_started_at=now)
    return bool(started)


def _finish(name: str, result: Result, problem: str) -> None:
    now = clock.now()
    Schedule.objects.filter(name=name).update(
        lease_until=None,
        last_finished_at=now,
        last_success_at=F("last_success_at") if problem else now,
        last_ok=not problem,
        last_result=result,
        last_problem=problem,
        runs=F("runs") + 1,
        failures=F("failures") + (1 if problem else 0),
    )
