"""The worker process: one event loop that takes jobs of all queues, each queue group with its own bound."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import Any

from django.conf import settings
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app as django_app
from procrastinate.periodic import PeriodicRegistry

from simplane.core.jobs import connection_parameters
from simplane.core.log import logger

log = logger(__name__)
GROUPS: dict[tuple[str, ...], float] = {("supplier",): 1.0, ("intake", "channel", "default"): 0.2, ("mail",): 0.05}
"""Queues that share a bound, and their share of SIMPLANE_WORKER_CONCURRENCY: a slow supplier never holds up mail."""


async def run_worker(*, once: bool = False, stopping: threading.Event | None = None) -> None:
    """Take jobs until SIGTERM or SIGINT sets `stopping` (or, with `once`, until none waits). Running jobs may finish."""
    connector = PsycopgConnector(kwargs=connection_parameters(), min_size=1, max_size=8)
    timekeeper = django_app.with_connector(connector)
    async with timekeeper.open_async():
        loops = [_group_app(timekeeper, periodic=first and not once) for first in _first_true(len(GROUPS))]
        tasks = [
            asyncio.create_task(_run_group(one, queues, share, once=once))
            for one, (queues, share) in zip(loops, GROUPS.items(), strict=True)
        ]
        if stopping is not None:
            _stop_on_signals(tasks, stopping)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.ALL_COMPLETED if once else asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error


def _first_true(count: int) -> list[bool]:
    return [index == 0 for index in range(count)]


def _group_app(app: App, *, periodic: bool) -> App:
    """The same tasks over the same connections; only one group keeps the timetable."""
    made = app.with_connector(app.connector)
    if not periodic:
        made.periodic_registry = PeriodicRegistry()  # type: ignore[no-untyped-call]
    return made


async def _run_group(app: App, queues: tuple[str, ...], share: float, *, once: bool) -> None:
    options: dict[str, Any] = {
        "queues": list(queues),
        "name": "+".join(queues),
        "concurrency": max(2, int(settings.SIMPLANE.worker_concurrency * share)),
        "wait": not once,
        "fetch_job_polling_interval": 1.0,
        "delete_jobs": "successful",
        "install_signal_handlers": False,
        "update_heartbeat_interval": 5.0,
        "stalled_worker_timeout": 20.0,
        "shutdown_graceful_timeout": 60.0,
        "listen_notify": not once,
        # Procrastinate's own would look after a connection of a thread that no job of ours uses.
        "task_middleware": [],
    }
    await app.run_worker_async(**options)


def _stop_on_signals(tasks: list[asyncio.Task[None]], stopping: threading.Event) -> None:
    def stop() -> None:
        stopping.set()
        for task in tasks:
            task.cancel()

    running = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(name, stop)
