"""Jobs and timetable of usage."""

from __future__ import annotations

from typing import Any

from simplane.core import jobs
from simplane.core.db import transaction
from simplane.core.schedule import scheduled
from simplane.usage import actions, hours, partitions, pulls, retention, strange, webhooks  # noqa: F401  the import registers the inbox handler


@jobs.job("usage.refresh_line", queue="supplier", tries=6)
async def refresh_line(line_id: int) -> None:
    await actions.refresh_line(line_id)


@jobs.job("usage.pull", queue="supplier", tries=3)
async def pull(supplier_id: int, meter_ids: list[int]) -> None:
    await pulls.pull(supplier_id, meter_ids)


@scheduled("line_checks", cron="23 * * * *", title="eSIM expiry and life-cycle check", most_seconds=600)
def line_checks() -> dict[str, Any]:
    found = actions.lines_to_check()
    with transaction():
        actions.refresh_soon(found)
    return {"lines": len(found)}


@scheduled("usage_pull", cron="*/5 * * * *", title="Usage of companies' lines asked for", most_seconds=240)
def usage_pull() -> dict[str, Any]:
    return dict(pulls.ask_due())


@scheduled("usage_hours", cron="* * * * *", title="Hours of usage, made from new records", most_seconds=300)
def usage_hours() -> dict[str, Any]:
    return {"days": hours.roll()}


@scheduled("usage_partitions", cron="41 * * * *", title="Days of usage records, made ahead", most_seconds=120)
def usage_partitions() -> dict[str, Any]:
    return {"made": partitions.make_ahead()}


@scheduled(
    "usage_retention", cron="27 2 * * *", title="Usage older than its rule, deleted with proof", most_seconds=3600
)
def usage_retention() -> dict[str, Any]:
    return dict(retention.delete_old())


@scheduled("usage_strange", cron="35 5 * * *", title="Lines that used far more than they do", most_seconds=1800)
def usage_strange() -> dict[str, Any]:
    return {"alerts": strange.tell_all()}
