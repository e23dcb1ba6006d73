"""Which company's line a supplier's line is, who has it, and what its readings say."""

from __future__ import annotations

from datetime import UTC, datetime

from simplane.core import clock, tenancy
from simplane.core.db import needs_transaction
from simplane.core.errors import Refusal
from simplane.lines.models import Line
from simplane.usage import load
from simplane.usage.models import Assignment, Meter
from simplane.usage.readings import Reading, used_since
from simplane.usage.values import Holder, Record

EVER = datetime(2020, 1, 1, tzinfo=UTC)
"""A line's first holder had it from the beginning: what it used before we heard of it is theirs."""


class MeteredElsewhere(Refusal):
    """This supplier line belongs to another line, or to another company."""

    code = "metered_elsewhere"
    status = 409


@needs_transaction
def set_meter(
    *, organization_id: int, supplier_id: int, supplier_code: str, supplier_line_id: str, holder: Holder
) -> Meter:
    """From now on what this supplier line uses is its holder's. Saying the same again changes nothing.

    In the organization's scope, or outside all. Raises MeteredElsewhere.
    """
    key = {"supplier_id": supplier_id, "supplier_line_id": supplier_line_id}
    with tenancy.scope(organization_id):
        Meter.objects.bulk_create(
            [Meter(**key, supplier_code=supplier_code, line_id=holder.line_id, metered_at=clock.now())],
            ignore_conflicts=True,
        )
        meter: Meter | None = Meter.objects.select_for_update().filter(**key).first()
        if meter is None or meter.line_id != holder.line_id:
            raise MeteredElsewhere(
                f"{supplier_code} line {supplier_line_id} is metered for another line",
                fix="end that line first; an eSIM never changes its line",
            )
        _assign(meter, holder)
    return meter


def _assign(meter: Meter, holder: Holder) -> None:
    wanted = {name: getattr(holder, name) for name in Holder.__slots__}
    now = clock.now()
    held = Assignment.objects.filter(meter=meter, until=None).first()
    if held is not None and all(getattr(held, name) == value for name, value in wanted.items()):
        return
    if held is not None and held.since == now:
        Assignment.objects.filter(pk=held.pk).update(**wanted)
        return
    if held is not None:
        Assignment.objects.filter(pk=held.pk).update(until=now)
    Assignment.objects.create(meter=meter, since=now if held else EVER, **wanted)


@needs_transaction
def end_meter(*, organization_id: int, supplier_id: int, supplier_line_id: str) -> None:
    """Ask for this line no more (it was ended or replaced); late records of it still count."""
    with tenancy.scope(organization_id):
        Meter.objects.filter(supplier_id=supplier_id, supplier_line_id=supplier_line_id, ended_at=None).update(
            ended_at=clock.now()
        )


@needs_transaction
def note_reading(line_id: int) -> bool:
    """Book what a line (of `lines`) used since its last reading, when a company has it. True when something was booked."""
    with tenancy.everywhere():
        line = Line.objects.select_related("purchase__offer").get(pk=line_id)
        meter = _meter(line)
        reading = _reading(line)
        if meter is None or reading is None:
            return False
        used = used_since(_last(meter), reading)
        if used is None:
            return False
        if used and not _book(meter, line, reading, used):
            return False
        Meter.objects.filter(pk=meter.pk).update(reading=reading.used, reading_at=reading.at, reading_of=reading.plan)
    return bool(used)


def metered(supplier_id: int, supplier_line_id: str) -> bool:
    """Whether a company has this supplier line."""
    with tenancy.everywhere():
        return bool(Meter.objects.filter(supplier_id=supplier_id, supplier_line_id=supplier_line_id).exists())


def _meter(line: Line) -> Meter | None:
    found = Meter.objects.select_for_update()
    mine: Meter | None = found.filter(supplier_id=line.supplier_id, supplier_line_id=line.supplier_line_id).first()
    return mine


def _last(meter: Meter) -> Reading | None:
    if meter.reading is None or meter.reading_at is None:
        return None
    return Reading(used=meter.reading, at=meter.reading_at, plan=meter.reading_of)


def _reading(line: Line) -> Reading | None:
    if line.data_used is None or line.usage_at is None:
        return None
    day = f" {line.usage_at:%Y-%m-%d}" if line.purchase.offer.daily else ""
    plan = f"{line.data_total} until {line.expires_at:%Y-%m-%dT%H:%M}" if line.expires_at else f"{line.data_total}"
    return Reading(used=line.data_used, at=line.usage_at, plan=plan + day)


def _again(meter: Meter, reading: Reading) -> str:
    """What tells two readings of one moment apart: a record of the same name would take the place of the first one."""
    return f":{reading.used}" if meter.reading_at == reading.at else ""


def _book(meter: Meter, line: Line, reading: Reading, used: int) -> bool:
    """False: the moment is too old to be believed, and the next reading brings it."""
    record = Record(
        line=meter.supplier_line_id,
        source_id=f"read:{reading.at.isoformat()}{_again(meter, reading)}",
        started_at=reading.at,
        bytes=used,
        country=line.country,
    )
    return load.store(meter.supplier_id, [record]).refused == 0
