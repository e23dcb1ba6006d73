"""Small steps of the real worker, for tests that look at what stands between them."""

from __future__ import annotations

import asyncio

from simplane.core import schedule
from simplane.core.worker import run_worker
from simplane.ordering import jobs  # noqa: F401  the timetable
from tests.world import World


def turn(world: World, *, later: float = 0) -> None:
    """Move the clock on, list what is due, and do the jobs that wait now."""
    if later:
        world.later(later)
    asyncio.run(_turn())


async def _turn() -> None:
    await schedule.run_now("due_units")
    await run_worker(once=True)


def do(work: object) -> None:
    """Run one coroutine of the code under test."""
    asyncio.run(work)  # type: ignore[arg-type]
