"""The worker process: one event loop that takes jobs of all queues, each queue group with its own bound."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress

import psycopg
from django.conf import settings
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app as django_app
from procrastinate.periodic import PeriodicDeferrer
from psycopg.sql import SQL, Identifier

from simplane.core import jobs
from simplane.core.groups import Group
from simplane.core.jobs import CHANNEL, Job
from simplane.core.queue import QueueRows

GROUPS: dict[tuple[str, ...], float] = {
    ("supplier",): 1.0,
    ("intake", "channel", "default"): 0.2,
    ("webhooks",): 0.2,
    ("mail",): 0.05,
}
"""Queues that share a bound, and their share of SIMPLANE_WORKER_CONCURRENCY: a slow supplier never holds up mail."""
GRACE_SECONDS = 60.0
HEARTBEAT_SECONDS = 5.0


async def run_worker(*, once: bool = False, stopping: threading.Event | None = None) -> None:
    """Take jobs until SIGTERM or SIGINT sets `stopping` (or, with `once`, until none waits). Running jobs may finish.

    Raises when the database is lost; whoever called waits and calls again.
    """
    rows = await QueueRows.open()
    groups = [Group(queues, _bound(share), rows) for queues, share in GROUPS.items()]
    jobs.serve(_Here(groups))
    loops = [asyncio.create_task(group.run()) for group in groups]
    if once:
        loops.append(asyncio.create_task(_all_rest(groups)))
    else:
        loops += [asyncio.create_task(one) for one in (_listen(groups), _live(rows), _keep_time())]
    if stopping is not None:
        _stop_on_signals(loops, stopping)
    try:
        done, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(loops, groups, rows)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _end(loops: list[asyncio.Task[None]], groups: list[Group], rows: QueueRows) -> None:
    for task in loops:
        task.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    beating = asyncio.create_task(_live(rows))
    jobs.serve(None)
    try:
        # With the database gone there is nothing to give back to; the sweeps find what was left.
        with suppress(psycopg.OperationalError):
            left = [hint for group in groups for hint in await group.finish(GRACE_SECONDS)]
            await rows.give_back(left)
            await rows.close()
    finally:
        beating.cancel()


def _bound(share: float) -> int:
    return max(2, int(settings.SIMPLANE.worker_concurrency * share))


class _Here:
    """This process' worker as jobs see it that arise on its threads (`jobs.Here`)."""

    def __init__(self, groups: list[Group]) -> None:
        self._loop = asyncio.get_running_loop()
        self._groups: Mapping[str, Group] = {queue: group for group in groups for queue in group.queues}

    def room(self, queue: str) -> bool:
        return self._groups[queue].room

    def take(self, queue: str, hints: Iterable[Job]) -> None:
        self._loop.call_soon_threadsafe(self._groups[queue].take, hints)

    def look(self, queue: str) -> None:
        self._loop.call_soon_threadsafe(self._groups[queue].look)


async def _all_rest(groups: list[Group]) -> None:
    while not all(group.resting.is_set() for group in groups):
        for group in groups:
            await group.resting.wait()


async def _listen(groups: list[Group]) -> None:
    """Look at once when another process says that it wrote rows."""
    by_channel = {CHANNEL + queue: group for group in groups for queue in group.queues}
    parameters = jobs.connection_parameters()
    async with await psycopg.AsyncConnection.connect(**parameters, autocommit=True) as connection:
        for channel in by_channel:
            await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
        async for notice in connection.notifies():
            by_channel[notice.channel].look()


async def _live(rows: QueueRows) -> None:
    while True:
        await rows.alive()
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def _keep_time() -> None:
    """Write the jobs of the timetable; the table lets each tick be written once, however many workers there are."""
    timekeeper = django_app.with_connector(
        PsycopgConnector(kwargs=jobs.connection_parameters(), min_size=1, max_size=2)
    )
    async with timekeeper.open_async():
        await PeriodicDeferrer(registry=timekeeper.periodic_registry, **timekeeper.periodic_defaults).worker()


def _stop_on_signals(tasks: list[asyncio.Task[None]], stopping: threading.Event) -> None:
    def stop() -> None:
        stopping.set()
        for task in tasks:
            task.cancel()

    running = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(name, stop)
