"""Jobs and timetable of usage."""

from __future__ import annotations

from typing import Any

from simplane.core import jobs
from simplane.core.db import transaction
from simplane.core.schedule import scheduled
from simplane.usage import actions, webhooks  # noqa: F401  the import registers the inbox handler


@jobs.job("usage.refresh_line", queue="supplier", tries=6)
async def refresh_line(line_id: int) -> None:
    await actions.refresh_line(line_id)


@scheduled("line_checks", cron="23 * * * *", title="eSIM expiry and life-cycle check", most_seconds=600)
def line_checks() -> dict[str, Any]:
    found = actions.lines_to_check()
    with transaction():
        actions.refresh_soon(found)
    return {"lines": len(found)}
