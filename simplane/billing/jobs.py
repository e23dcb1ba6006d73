"""Jobs and timetable of billing."""

from __future__ import annotations

from typing import Any

from simplane.billing.actions import carry_out, check_due, check_vat, dun_all
from simplane.core import jobs
from simplane.core.schedule import scheduled


@jobs.job("billing.check_vat", queue="default")
async def check_vat_id(organization_id: int) -> None:
    await check_vat(organization_id)


@jobs.job("billing.run_month", queue="default")
def run_month(run_id: int) -> None:
    carry_out(run_id)


@scheduled("billing.vat_checks", cron="12 4 * * *", title="VAT ids asked of VIES again")
def vat_checks() -> dict[str, Any]:
    """Answers that are missing or a month old."""
    return {"asked": check_due()}


@scheduled("billing.dun", cron="17 7 * * *", title="Reminders of overdue invoices")
def dun() -> dict[str, Any]:
    """Write what is due; jobs send it."""
    return {"reminders": dun_all()}
