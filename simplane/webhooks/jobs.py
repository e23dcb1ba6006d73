"""Jobs and timetable of webhooks: thin; each calls one action."""

from __future__ import annotations

import asyncio
from typing import Any

from simplane.core import jobs, work
from simplane.core.db import in_thread, transaction
from simplane.core.schedule import scheduled
from simplane.webhooks import care, deliver, news
from simplane.webhooks.models import Endpoint

_LOOKS, _PAUSE_SECONDS = 30, 0.05


@jobs.job("webhooks.serve", queue="webhooks", hint=True)
async def serve(endpoint_id: int) -> None:
    await deliver.serve(endpoint_id)


@jobs.job("webhooks.mail_owner", queue="mail")
def mail_owner(endpoint_id: int, about: str) -> None:
    care.mail_owner(endpoint_id, about)


@scheduled("webhook_news", cron="* * * * * */2", title="News told to customers", most_seconds=60, queue="webhooks")
async def webhook_news() -> dict[str, Any]:
    """Until all is read; transactions that were under way at one look are over at the next or the one after."""
    told = 0
    for _ in range(_LOOKS):
        read = await in_thread(news.read_news)
        told += read.messages
        if not read.behind:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    return {"messages": told, "behind": read.behind, "endpoints": await in_thread(_serve_due)}


def _serve_due() -> int:
    with transaction():
        due = work.take_due(Endpoint, hold_seconds=60)
        jobs.enqueue_many("webhooks.serve", [{"endpoint_id": pk} for pk in due])
    return len(due)


@scheduled("webhook_endpoints", cron="41 * * * *", title="Endpoints that only fail", most_seconds=1800)
def webhook_endpoints() -> dict[str, Any]:
    return {**care.look_after_failing(), "forgotten": care.forget_old()}
