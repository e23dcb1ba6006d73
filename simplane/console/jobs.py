"""Jobs of the console."""

from __future__ import annotations

from simplane.core import jobs
from simplane.core.schedule import run_now, timetable


@jobs.job("console.run_schedule", queue="default", tries=1)
async def run_schedule(schedule: str) -> None:
    """A person wants one entry of the timetable now; does nothing while another worker is at it."""
    if schedule in timetable():
        await run_now(schedule)
