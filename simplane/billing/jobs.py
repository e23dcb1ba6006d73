"""Timetable of billing."""

from __future__ import annotations

from typing import Any

from simplane.billing.actions import dun_all
from simplane.core.schedule import scheduled


@scheduled("billing.dun", cron="17 7 * * *", title="Reminders of overdue invoices")
def dun() -> dict[str, Any]:
    """Write what is due; jobs send it."""
    return {"reminders": dun_all()}
