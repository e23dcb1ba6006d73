"""Jobs and timetable of suppliers."""

from __future__ import annotations

from typing import Any

from simplane.core import clock, jobs
from simplane.core.db import in_thread, transaction
from simplane.core.schedule import scheduled
from simplane.suppliers import actions, catalog_jobs, registry  # noqa: F401  catalog_jobs registers itself
from simplane.suppliers.models import Supplier
from simplane.suppliers.outcomes import Ok


@jobs.job("suppliers.balance", queue="supplier", tries=3)
async def balance(supplier_id: int) -> None:
    supplier = await in_thread(Supplier.objects.get, pk=supplier_id)
    await read_balance(supplier)


async def read_balance(supplier: Supplier) -> str:
    """Ask a supplier for our float and keep it. Returns what came of it, in a word."""
    found = await registry.adapter(supplier).get_balance()
    if isinstance(found, Ok):
        await in_thread(actions.note_balance, supplier, found.value)
        return str(found.value)
    return found.name


@scheduled("supplier_balances", cron="*/10 * * * *", title="Balances at the suppliers", most_seconds=120)
async def supplier_balances() -> dict[str, Any]:
    suppliers = await in_thread(_active)
    await in_thread(_end_timed_pauses)
    return {supplier.code: await read_balance(supplier) for supplier in suppliers}


def _active() -> list[Supplier]:
    return list(Supplier.objects.filter(active=True))


def _end_timed_pauses() -> None:
    for supplier in Supplier.objects.filter(paused_until__lte=clock.now()):
        with transaction():
            actions.resume(supplier)
