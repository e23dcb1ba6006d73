"""Many lines at once: each wish stands for itself, is made once, and what is refused says why; the rest goes on.

They are kept as rows first, so that asking is quick and a kill loses nothing; a job makes an operation of each, under a key of
its own (`<bulk>:<n>`), and goes on where it was interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.db.models import Count, Q

from simplane.core import audit, clock, jobs, tenancy
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.core.ids import new_id
from simplane.fleet.actions import change_plan, provision, reactivate, replace, scheduling, suspend, terminate
from simplane.fleet.models import Bulk, BulkRow, Operation
from simplane.fleet.states import OPEN

MOST = 1_000
AT_ONCE = 100
"""Rows a turn of the job: others get their turn in between."""
Kind = Literal["provision", "suspend", "reactivate", "terminate", "replace", "change_plan"]
_SERVICE = {"suspend": suspend, "reactivate": reactivate, "terminate": terminate}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of many: a person who gets a line on a plan, or a line. `note`: how the caller names it in answers."""

    subject: str
    """public id of the employee (provision) or of the line."""
    plan: str = ""
    note: str = ""
    label: str = ""
    """Of a new line."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a bulk is. `refused`: they became no operations."""

    bulk: Bulk
    done: int
    failed: int
    open: int
    planned: int = 0
    """Wait for their day."""
    waiting: int = 0
    """Not yet written down."""
    refused: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing of it is under way any more; what waits for its day is on its way by then."""
        return self.open + self.waiting == 0


def ask(
    kind: Kind, wanted: Sequence[Wanted], *, asked_by: str, key: str, reason: str = "", on: date | None = None
) -> Bulk:
    """Keep many wishes and have a job write them down. In the company's scope; a key asks once. `on`: a later day (UTC).

    Raises BadInput, for none or more than 1,000.
    """
    known: Bulk | None = Bulk.objects.filter(idempotency_key=key).first() if key else None
    if known is not None:
        return known
    if not 1 <= len(wanted) <= MOST:
        raise BadInput(f"{len(wanted)} lines at once are not possible", fix=f"choose 1 to {MOST}")
    later = scheduling.later(on)
    with transaction():
        made: Bulk = Bulk.objects.create(
            public_id=new_id("bulk"),
            kind=kind,
            total=len(wanted),
            asked_by=asked_by[:120],
            asked_at=clock.now(),
            effective_on=later,
            reason=reason[:300],
            idempotency_key=key,
        )
        BulkRow.objects.bulk_create(_row(made, number, one) for number, one in enumerate(wanted))
        audit.note(f"bulk.{kind}", "bulk", made.public_id, after={"lines": len(wanted)}, reason=reason)
        jobs.enqueue("fleet.run_bulk", organization_id=made.organization_id, bulk_id=made.pk)
    return made


def _row(made: Bulk, number: int, one: Wanted) -> BulkRow:
    row = BulkRow(bulk=made, number=number, subject=one.subject, plan=one.plan)
    row.label, row.note = one.label[:80], one.note[:254]
    return row


def run(organization_id: int, bulk_id: int) -> None:
    """Write down the next rows, each in a transaction of its own; the job comes again while there are more.

    Acts for us. A row that was asked for just before a kill is found by its key, so none is asked for twice.
    """
    with tenancy.scope(organization_id):
        found: Bulk = Bulk.objects.get(pk=bulk_id)
        waiting = BulkRow.objects.filter(bulk=found, taken_at=None).order_by("number")
        for row in waiting[:AT_ONCE]:
            _take(found, row)
        if waiting.exists():
            with transaction():
                jobs.enqueue("fleet.run_bulk", organization_id=organization_id, bulk_id=bulk_id)


def _take(found: Bulk, row: BulkRow) -> None:
    try:
        _ask_for(found, row)
    except Refusal as refusal:
        row.refused = str(refusal)[:300]
    row.taken_at = clock.now()
    row.save(update_fields=["taken_at", "refused"])


def _ask_for(found: Bulk, row: BulkRow) -> None:
    """One wish of a bulk, once. Raises what its verb raises."""
    asked: Any = {"asked_by": found.asked_by, "reason": found.reason, "key": f"{found.public_id}:{row.number}"}
    asked["bulk"] = found
    if found.kind == "provision":
        provision(row.plan, row.subject, label=row.label, **asked)
    elif found.kind == "replace":
        replace(row.subject, **asked)
    elif found.kind == "change_plan":
        change_plan(row.subject, row.plan, on=found.effective_on, **asked)
    else:
        _SERVICE[found.kind](row.subject, on=found.effective_on, **asked)


def progress(public_id: str) -> Progress:
    """How far a bulk is. Raises NotFound."""
    bulk = Bulk.objects.filter(public_id=public_id).first()
    if bulk is None:
        raise NotFound("there is no such bulk request")
    states = Operation.objects.filter(bulk=bulk).order_by().values("state").annotate(many=Count("pk"))
    by_state = {row["state"]: row["many"] for row in states}
    done = by_state.get(Operation.State.DONE, 0)
    under_way = sum(by_state.get(state, 0) for state in OPEN)
    planned = by_state.get(Operation.State.SCHEDULED, 0)
    rows = BulkRow.objects.filter(bulk=bulk).aggregate(
        waiting=Count("pk", filter=Q(taken_at=None)), refused=Count("pk", filter=~Q(refused=""))
    )
    failed = sum(by_state.values()) - done - under_way - planned
    return Progress(bulk, done, failed, under_way, planned=planned, **rows)
