"""The work: is somebody at it, is the timetable kept, what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator

from simplane.core import clock
from simplane.core.models import Schedule
from simplane.core.queue_check import pulse
from simplane.core.queue_stats import depths
from simplane.core.schedule import late, timetable
from simplane.ops.doctor_machine import Said
from simplane.ordering.letters import waiting

QUEUE_SECONDS = 120


def worker() -> Iterator[Said]:
    """Signs of life, jobs left lying, queues that grow old."""
    found = pulse()
    if found.alive:
        yield "ok", f"{found.alive} worker loops are alive", ""
    else:
        yield (
            "fail",
            "no worker is alive: nothing is bought, mailed or told",
            "start `simplane worker` (`simplane run` does, with everything else)",
        )
    if found.stalled:
        fix = "a running worker starts them again within a minute"
        yield "warn", f"{found.stalled} jobs were left by workers that died", fix
    for queue in depths():
        seconds = queue.oldest.total_seconds() if queue.oldest else 0.0
        if seconds > QUEUE_SECONDS:
            text = f"queue {queue.queue}: {queue.waiting} jobs wait, the oldest for {seconds:.0f} s"
            yield "fail", text, "start more workers, or look at what is slow: console, Jobs"


def schedules() -> Iterator[Said]:
    """Scheduled work that is late or fails."""
    now = clock.now()
    rows = Schedule.objects.in_bulk()
    never = [name for name in timetable() if name not in rows]
    overdue = [name for name, entry in timetable().items() if name in rows and late(entry, rows[name], now)]
    failing = [row for row in rows.values() if row.last_ok is False and row.name in timetable()]
    if never:
        names = ", ".join(sorted(never))
        yield "note", f"never ran yet: {names}", "normal on a new installation; a running worker keeps the timetable"
    if overdue:
        yield "fail", f"overdue: {', '.join(sorted(overdue))}", "is a worker running, and is its clock right?"
    for row in failing:
        yield "warn", f"{row.name} failed: {row.last_problem[:160]}", "console, Jobs shows it and starts it again"
    if not overdue and not failing and len(never) < len(timetable()):
        yield "ok", f"{len(timetable()) - len(never)} of {len(timetable())} scheduled works ran as they should", ""


def letters() -> Iterator[Said]:
    """What waits for a person's decision."""
    count = waiting().count()
    if count:
        yield "note", f"{count} dead letters wait for a person", "console, Stuck: by cause, with the next safe action"
    else:
        yield "ok", "nothing waits for a person", ""
