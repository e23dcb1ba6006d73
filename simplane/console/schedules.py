"""Jobs and the timetable: what runs when, how it went last, how full the queues are."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.console.shell import page
from simplane.core import audit, clock, jobs, queue_stats
from simplane.core.db import transaction
from simplane.core.models import Schedule
from simplane.core.schedule import Scheduled, timetable
from simplane.ui.outcomes import attempt


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """An entry of the timetable with its last run, if it ever ran."""

    entry: Scheduled
    last: Schedule | None

    @property
    def state(self) -> str:
        if self.last is None or self.last.last_started_at is None:
            return "never ran"
        if self.last.lease_until is not None:
            return "running" if self.last.lease_until > clock.now() else "failed"
        return "ok" if self.last.last_ok else "failed"

    @property
    def problem(self) -> str:
        if self.last is None or self.state != "failed":
            return ""
        return self.last.last_problem or "it began and never ended"


@require_safe
def jobs_page(request: HttpRequest) -> HttpResponse:
    """The timetable and the queues."""
    last = Schedule.objects.in_bulk()
    return page(
        request,
        "jobs",
        "jobs",
        {
            "rows": [ScheduleRow(entry, last.get(name)) for name, entry in sorted(timetable().items())],
            "queues": queue_stats.depths(),
            "workers": queue_stats.workers(),
            "failed": queue_stats.failed_jobs(),
        },
    )


@require_POST
def run_now(request: HttpRequest, name: str) -> HttpResponse:
    """Have a worker run one entry of the timetable now."""
    if name not in timetable():
        raise Http404
    attempt(request, f"{timetable()[name].title}: a worker runs it now.", lambda: ask_worker(name))
    return redirect(f"{reverse('console:jobs')}#{name}")


def ask_worker(name: str) -> None:
    """Have a worker run an entry of the timetable; asked again before it began, it runs once."""
    with transaction():
        jobs.enqueue("console.run_schedule", schedule=name, once_key=f"console.run_schedule:{name}")
        audit.note("schedule.run_now", "schedule", name)
