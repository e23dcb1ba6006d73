"""Asking suppliers, on schedule, what companies' lines used: as many at once and as often as each can tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from simplane.core import clock, jobs, tenancy
from simplane.core.db import in_thread, transaction
from simplane.lines.actions import apply_read
from simplane.lines.models import Line
from simplane.lines.queries import supplier_ref
from simplane.suppliers import registry
from simplane.suppliers.models import Supplier
from simplane.suppliers.outcomes import NotReady, Ok, Retryable, Unknown
from simplane.suppliers.values import LineStatus, UsageReading
from simplane.usage import meters
from simplane.usage.models import Meter

ASK_EVERY = timedelta(minutes=15)
"""Or as late as the supplier itself knows, when that is longer."""
AFTER_THE_END = timedelta(days=3)
"""So long an ended line is still asked for what its supplier learned late."""
LINES_A_JOB = 20
MOST_A_RUN = 4000


def ask_due() -> dict[str, int]:
    """Enqueue a pull of every meter whose time has come. Counts by supplier."""
    asked: dict[str, int] = {}
    for supplier in Supplier.objects.filter(active=True):
        can = registry.capabilities(supplier)
        if not can.usage_batch:
            continue
        every = max(ASK_EVERY, timedelta(seconds=can.usage_lag_seconds))
        with transaction(), tenancy.everywhere():
            due = _claim(supplier, clock.now() - every)
            size = max(LINES_A_JOB, can.usage_batch)
            jobs.enqueue_many(
                "usage.pull",
                [{"supplier_id": supplier.pk, "meter_ids": due[k : k + size]} for k in range(0, len(due), size)],
            )
        if due:
            asked[supplier.code] = len(due)
    return asked


def _claim(supplier: Supplier, before: datetime) -> list[int]:
    waiting = Meter.objects.filter(Q(asked_at=None) | Q(asked_at__lt=before), supplier=supplier, ended_at=None)
    due = list(
        waiting.order_by("asked_at").select_for_update(skip_locked=True).values_list("pk", flat=True)[:MOST_A_RUN]
    )
    Meter.objects.filter(pk__in=due).update(asked_at=clock.now())
    return due


async def pull(supplier_id: int, meter_ids: Sequence[int]) -> int:
    """Read these meters at their supplier. Returns how many said something new. Raises Temporary when nobody answers."""
    supplier, lines = await in_thread(_lines, supplier_id, meter_ids)
    if supplier is None or not lines:
        return 0
    adapter = registry.adapter(supplier)
    batch = registry.capabilities(supplier).usage_batch
    new = 0
    for start in range(0, len(lines), batch):
        part = lines[start : start + batch]
        found = await adapter.fetch_usage([supplier_ref(line) for line in part])
        match found:
            case Ok(readings):
                new += await in_thread(_keep, part, readings)
            case Retryable() | NotReady() | Unknown():
                raise jobs.Temporary(f"usage at {supplier.code}: {found.name}")
            case _:
                continue  # refused for good: the supplier's own pages say more than these lines can
    return new


def _lines(supplier_id: int, meter_ids: Sequence[int]) -> tuple[Supplier | None, list[Line]]:
    """The lines that can still say something; the meters of the others end here."""
    supplier = Supplier.objects.filter(pk=supplier_id, active=True).first()
    with tenancy.everywhere():
        wanted = Meter.objects.filter(pk__in=meter_ids, supplier_id=supplier_id, ended_at=None)
        keys = list(wanted.values_list("supplier_line_id", flat=True))
    known = Line.objects.select_related("purchase__offer").filter(supplier_id=supplier_id, supplier_line_id__in=keys)
    lines: list[Line] = []
    gone: list[Line] = []
    for line in known:
        over = line.ended_at is not None and line.ended_at < clock.now() - AFTER_THE_END
        (gone if over else lines).append(line)
    if gone:
        _end(supplier_id, [line.supplier_line_id for line in gone])
    return supplier, lines


def _end(supplier_id: int, keys: Sequence[str]) -> None:
    with transaction(), tenancy.everywhere():
        Meter.objects.filter(supplier_id=supplier_id, supplier_line_id__in=keys).update(ended_at=clock.now())


def _keep(lines: Sequence[Line], readings: Sequence[UsageReading]) -> int:
    by_key = {line.supplier_line_id: line for line in lines}
    return sum(_keep_one(by_key[one.line_id], one) for one in readings if one.line_id in by_key)


def _keep_one(line: Line, reading: UsageReading) -> bool:
    status = LineStatus(at=reading.at, usage_at=reading.at, data_used=reading.used, data_total=reading.total)
    with transaction():
        apply_read(line, status)
        return meters.note_reading(line.pk)
