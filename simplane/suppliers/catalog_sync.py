"""Pulling a supplier's whole catalogue: pages go to a file, the file by COPY to the database, one transaction decides.

Nothing of a half-read catalogue is used, and one that suddenly lacks much is believed only when a person says so.
`last_seen_at` of an offer still listed is the start of its supplier's last good run: an unchanged row is not written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from simplane.core import clock, deadletters, events
from simplane.core.db import in_thread, needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.core.log import logger
from simplane.suppliers import catalog_sql as sql
from simplane.suppliers import registry
from simplane.suppliers.catalog_events import CatalogChanged, CatalogRefused
from simplane.suppliers.catalog_rows import copy_line
from simplane.suppliers.errors import CatalogUnavailable
from simplane.suppliers.models import CatalogRun, Supplier
from simplane.suppliers.values import CatalogRow, SupplierOptions

log = logger(__name__)
MOST_LOST_PERCENT = 30
LOSS_MATTERS_FROM = 10
"""Fewer offers than this may vanish at once, unless they are all there were."""
_CHUNK = 1 << 18


class _NotUsable(Exception):
    """This catalogue is not believed; `counts` says what it would have changed."""

    def __init__(self, cause: str, why: str, counts: dict[str, int]) -> None:
        super().__init__(why)
        self.cause, self.why, self.counts = cause, why, counts


@dataclass(slots=True)
class Spool:
    """Catalogue rows in a file, as COPY will read them: memory stays small however long the catalogue is."""

    file: IO[bytes]
    rows: int = 0

    def add(self, rows: Sequence[CatalogRow]) -> None:
        """Write rows to the end."""
        self.file.writelines(copy_line(row) for row in rows)
        self.rows += len(rows)


@contextmanager
def spooled() -> Iterator[Spool]:
    """A spool whose file goes away afterwards."""
    with tempfile.TemporaryFile() as file:
        yield Spool(file)


async def sync(supplier_id: int, *, accept_loss: bool = False) -> CatalogRun:
    """Pull and apply one supplier's catalogue. The run says what changed, or in `problem` why nothing was.

    `accept_loss`: a person saw that much is missing and wants it so. Raises NotFound for an unknown supplier.
    """
    supplier, run = await in_thread(_begin, supplier_id)
    with spooled() as spool:
        try:
            async for page in registry.adapter(supplier).sync_catalogue():
                await in_thread(spool.add, page)
            await in_thread(apply, supplier, run, spool, accept_loss=accept_loss)
        except CatalogUnavailable as error:
            await in_thread(_refuse, supplier, run, _NotUsable("catalog_unavailable", str(error), {"rows": spool.rows}))
        except Exception as error:
            await in_thread(_finish, run, {"rows": spool.rows}, f"{type(error).__name__}: {error}"[:2000])
            raise
    return run


def _begin(supplier_id: int) -> tuple[Supplier, CatalogRun]:
    supplier = Supplier.objects.filter(pk=supplier_id).first()
    if supplier is None:
        raise NotFound(f"there is no supplier {supplier_id}")
    now = clock.now()
    abandoned = CatalogRun.objects.filter(supplier=supplier, finished_at=None, started_at__lt=now - timedelta(hours=1))
    with transaction():
        abandoned.update(finished_at=now, problem="interrupted")
        return supplier, CatalogRun.objects.create(supplier=supplier, started_at=now)


def apply(supplier: Supplier, run: CatalogRun, spool: Spool, *, accept_loss: bool = False) -> None:
    """Bring the offers to what the spool says, all or nothing, and write the outcome into `run`."""
    try:
        with transaction():
            counts = _compare(supplier, run, spool)
            _believe(counts, accept_loss=accept_loss)
            _write(supplier, run)
            _finish(run, counts, "")
            deadletters.close_letter("catalog", supplier.code, resolution="synced")
            if counts["new"] or counts["vanished"] or counts["changed"]:
                news = CatalogChanged(supplier_id=supplier.pk, supplier=supplier.code, run_id=run.pk, counts=counts)
                events.record(news)
    except _NotUsable as refusal:
        _refuse(supplier, run, refusal)
        return
    log.info("catalog.synced", supplier=supplier.code, run_id=run.pk, **counts)
    if counts["new"] >= 1000:
        # Statistics of a table that was small mislead the planner until autovacuum comes by.
        with connection.cursor() as cursor:
            cursor.execute(sql.ANALYZE)


@needs_transaction
def _compare(supplier: Supplier, run: CatalogRun, spool: Spool) -> dict[str, int]:
    """Load the spool and work out what differs. Returns the counts of a CatalogRun, and `sold`: offers before."""
    bps = SupplierOptions.parse(supplier.options).price_tolerance_bps
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK, {"class": sql.LOCK_CLASS, "supplier": supplier.pk})
        if CatalogRun.objects.filter(
            supplier=supplier, started_at__gt=run.started_at, problem="", finished_at__isnull=False
        ):
            raise _NotUsable("", "a sync that began later finished first", {"rows": spool.rows})
        cursor.execute(sql.SETTINGS)
        cursor.execute(sql.INCOMING)
        copy(cursor, spool, sql.COPY)
        if _number(cursor, sql.DOUBLES):
            cursor.execute(sql.CONFLICTING)
            cursor.execute(sql.DROP_DOUBLES)
        cursor.execute(sql.DIFFERENCE, {"supplier": supplier.pk, "bps": bps})
        cursor.execute(sql.COUNTS, {"supplier": supplier.pk})
        row = cursor.fetchone()
        assert row is not None
        counts = dict(zip([column.name for column in cursor.description], row, strict=True))
    counts["unchanged"] = counts["rows"] - counts["quarantined"] - counts["new"] - counts["changed"]
    return counts


def copy(cursor: CursorWrapper, spool: Spool, statement: str) -> None:
    """Feed the spool to a COPY statement."""
    spool.file.seek(0)
    with cursor.copy(statement) as stream:
        while chunk := spool.file.read(_CHUNK):
            stream.write(chunk)


def _number(cursor: CursorWrapper, statement: str) -> int:
    cursor.execute(statement)
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def _believe(counts: dict[str, int], *, accept_loss: bool) -> None:
    readable = counts["rows"] - counts["quarantined"]
    if not readable:
        why = f"not one of {counts['rows']} rows could be read" if counts["rows"] else "the catalogue was empty"
        raise _NotUsable("catalog_unreadable", why, counts)
    lost, sold = counts["vanished"], counts["sold"]
    matters = lost >= LOSS_MATTERS_FROM or lost == sold
    if lost and matters and lost * 100 > sold * MOST_LOST_PERCENT and not accept_loss:
        why = f"{lost} of {sold} offers are missing ({lost * 100 // sold} %); nothing was changed"
        raise _NotUsable("catalog_shrunk", why, counts)


@needs_transaction
def _write(supplier: Supplier, run: CatalogRun) -> None:
    values: dict[str, Any] = {"supplier": supplier.pk, "run": run.pk, "now": run.started_at}
    # Changes are noted before the rows are overwritten: `before` is read from the table.
    steps = (
        sql.NOTE_CHANGES,
        sql.CHANGE,
        sql.VANISH,
        sql.ADD,
        sql.NOTE_ADDED,
        sql.QUARANTINE,
        sql.RELEASE_FROM_QUARANTINE,
    )
    with connection.cursor() as cursor:
        for statement in steps:
            cursor.execute(statement, values)
        cursor.execute(sql.CLEAR)


def _finish(run: CatalogRun, counts: dict[str, int], problem: str) -> None:
    run.counts, run.problem, run.finished_at = counts, problem, clock.now()
    run.save(update_fields=["counts", "problem", "finished_at"])


def _refuse(supplier: Supplier, run: CatalogRun, refusal: _NotUsable) -> None:
    log.warning("catalog.refused", supplier=supplier.code, run_id=run.pk, cause=refusal.cause, why=refusal.why)
    with transaction():
        _finish(run, refusal.counts, refusal.why)
        if not refusal.cause:
            return
        deadletters.open_letter(
            "catalog",
            supplier.code,
            cause=refusal.cause,
            summary=f"{supplier.name}: {refusal.why}"[:500],
            detail={"run": run.pk, "counts": refusal.counts},
        )
        events.record(CatalogRefused(supplier_id=supplier.pk, supplier=supplier.code, run_id=run.pk, why=refusal.why))
