"""A bulk whose wishes a job writes down: kept as rows first, so that asking is quick and a kill loses nothing."""

from __future__ import annotations

from collections.abc import Sequence

from simplane.core import clock, jobs, tenancy
from simplane.core.db import transaction
from simplane.core.errors import Refusal
from simplane.fleet import bulk
from simplane.fleet.models import Bulk, BulkRow

AT_ONCE = 100
"""Rows a turn of the job: others get their turn in between."""


def ask(kind: bulk.Kind, wanted: Sequence[bulk.Wanted], *, asked_by: str, key: str) -> Bulk:
    """Keep many wishes and have a job write them down. In the company's scope; a key asks once. Raises BadInput."""
    known: Bulk | None = Bulk.objects.filter(idempotency_key=key).first() if key else None
    if known is not None:
        return known
    with transaction():
        made = bulk.opened(kind, len(wanted), asked_by=asked_by, key=key)
        BulkRow.objects.bulk_create(
            BulkRow(
                bulk=made,
                number=number,
                subject=one.subject,
                plan=one.plan,
                label=one.label[:80],
                note=one.note[:254],
            )
            for number, one in enumerate(wanted)
        )
        jobs.enqueue("fleet.run_bulk", organization_id=made.organization_id, bulk_id=made.pk)
    return made


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
    one = bulk.Wanted(row.subject, row.plan, row.note, row.label)
    try:
        bulk.ask_for(found, one, f"{found.public_id}:{row.number}", found.asked_by, "")
    except Refusal as refusal:
        row.refused = str(refusal)[:300]
    row.taken_at = clock.now()
    row.save(update_fields=["taken_at", "refused"])
