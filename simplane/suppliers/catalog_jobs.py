"""Jobs, timetable and dead-letter causes of the catalogues. `suppliers/jobs.py` imports it: there the queue looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simplane.core import clock, jobs
from simplane.core.db import in_thread, transaction
from simplane.core.deadletters import Cause, SafeAction, register_action, register_cause
from simplane.core.log import logger
from simplane.core.models import DeadLetter
from simplane.core.schedule import scheduled
from simplane.suppliers.catalog_sync import sync
from simplane.suppliers.models import CatalogRun, Supplier

log = logger(__name__)
_FRESH = timedelta(seconds=60)


@jobs.job("catalog.sync_supplier", queue="supplier", tries=3)
async def sync_supplier(supplier_id: int, accept_loss: bool = False) -> None:
    """Pull one catalogue now, unless that is being done or was just done."""
    if accept_loss or not await in_thread(_just_pulled, supplier_id):
        await sync(supplier_id, accept_loss=accept_loss)


def _just_pulled(supplier_id: int) -> bool:
    return CatalogRun.objects.filter(supplier_id=supplier_id, started_at__gte=clock.now() - _FRESH).exists()


@scheduled("catalog_sync", cron="17 * * * *", title="Catalogues of the suppliers", most_seconds=1800, queue="supplier")
async def catalog_sync() -> dict[str, Any]:
    """Every active supplier's catalogue, one after the other; one that fails does not stop the others."""
    result: dict[str, Any] = {}
    for supplier in await in_thread(_active):
        try:
            run = await sync(supplier.pk)
        except Exception as error:
            log.exception("catalog.sync_failed", supplier=supplier.code)
            result[supplier.code] = {"problem": f"{type(error).__name__}: {error}"}
        else:
            result[supplier.code] = {"problem": run.problem} if run.problem else run.counts
    return result


def _active() -> list[Supplier]:
    return list(Supplier.objects.filter(active=True).order_by("code"))


def _sync_again(letter: DeadLetter) -> None:
    _order_sync(letter, accept_loss=False)


def _sync_smaller(letter: DeadLetter) -> None:
    _order_sync(letter, accept_loss=True)


def _order_sync(letter: DeadLetter, *, accept_loss: bool) -> None:
    with transaction():
        supplier = Supplier.objects.get(code=letter.subject_id)
        jobs.enqueue("catalog.sync_supplier", supplier_id=supplier.pk, accept_loss=accept_loss)


def register() -> None:
    """Make the causes and safe actions of catalogue troubles known (called by `config/wiring.py`)."""
    register_action(
        SafeAction(
            name="sync_catalog",
            label="Read the catalogue again",
            explain="The supplier's catalogue is read now; the letter closes when that succeeds.",
            run=_sync_again,
            resolves=False,
        )
    )
    register_action(
        SafeAction(
            name="accept_smaller_catalog",
            label="Accept the smaller catalogue",
            explain="The catalogue is read now and offers that are missing are no longer sold.",
            run=_sync_smaller,
            resolves=False,
            bulk=False,
        )
    )
    for cause in CAUSES:
        register_cause(cause)


CAUSES = (
    Cause(
        "catalog_unavailable",
        "Catalogue could not be read",
        "The supplier's catalogue stopped half way. Offers stay as they were; nothing of the half is used.",
        ("sync_catalog",),
    ),
    Cause(
        "catalog_unreadable",
        "Catalogue makes no sense",
        "No row of the supplier's catalogue can be understood; its format may have changed. Offers stay as they were.",
        ("sync_catalog",),
    ),
    Cause(
        "catalog_shrunk",
        "Much of the catalogue is missing",
        "More than 30 % of a supplier's offers vanished at once, which is more often a fault than the truth.",
        ("sync_catalog", "accept_smaller_catalog"),
    ),
)
