"""Keeping lines up to date: by asking their supplier, or by what it tells."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from simplane.core import clock, jobs
from simplane.core.db import in_thread, needs_transaction, transaction
from simplane.lines.actions import apply_read
from simplane.lines.models import Line, PlanState
from simplane.lines.queries import supplier_ref
from simplane.suppliers import registry
from simplane.suppliers.outcomes import NotReady, Ok, Retryable, Unknown
from simplane.suppliers.values import LineStatus
from simplane.usage.meters import end_meter, metered, note_reading, set_meter
from simplane.usage.spend import record_purchase

__all__ = ["end_meter", "record_purchase", "set_meter"]

CHECK_EVERY = timedelta(hours=24)
CHECK_RUNNING_EVERY = timedelta(hours=6)
MOST_A_RUN = 2000


async def refresh_line(line_id: int) -> bool:
    """Read one line at its supplier and keep what it shows. True when it changed. Raises Temporary when nobody answers."""
    line = await in_thread(_load, line_id)
    if line is None or not line.supplier.active:
        return False
    found = await registry.adapter(line.supplier).get_line(supplier_ref(line))
    match found:
        case Ok(status):
            return await in_thread(_keep, line, status)
        case Retryable() | NotReady() | Unknown():
            raise jobs.Temporary(f"line {line_id}: {found.name}")
        case _:
            # Refused for good (key, ICCID): the supplier's own pages and alerts say more than this line can.
            return False


def _load(line_id: int) -> Line | None:
    return Line.objects.select_related("supplier", "purchase__offer").filter(pk=line_id).first()


def _keep(line: Line, status: LineStatus) -> bool:
    with transaction():
        changed = apply_read(line, status)
        note_reading_of(line)
    return changed


@needs_transaction
def note_reading_of(line: Line) -> None:
    """After a line was read or heard of: book what it used, when a company has it."""
    if metered(line.supplier_id, line.supplier_line_id):
        note_reading(line.pk)


def refresh_soon(line_ids: list[int]) -> None:
    """Have these lines read (inside a transaction); a line already waiting is not queued twice."""
    for line_id in line_ids:
        jobs.enqueue("usage.refresh_line", once_key=f"refresh-line:{line_id}", line_id=line_id)


def lines_to_check() -> list[int]:
    """Lines whose last reading is old: running ones every 6 hours, others daily, expired ones until that is confirmed."""
    now = clock.now()
    never = Q(checked_at__isnull=True, issued_at__lt=now - CHECK_EVERY)
    running = Q(plan_state=PlanState.ACTIVE, checked_at__lt=now - CHECK_RUNNING_EVERY)
    old = Q(checked_at__lt=now - CHECK_EVERY)
    over = Q(expires_at__lt=now) & (Q(checked_at__isnull=True) | Q(checked_at__lt=now - timedelta(hours=1)))
    found = Line.objects.filter(ended_at__isnull=True).filter(never | running | old | over)
    return list(found.order_by("checked_at").values_list("pk", flat=True)[:MOST_A_RUN])
