"""Jobs and timetable of channels: thin; each calls one action."""

from __future__ import annotations

from typing import Any

from simplane.channels import mapping, privacy, reconcile, refunds, shops, subscriptions, untold, writeback
from simplane.channels.errors import ShopNotReachable
from simplane.channels.models import Refund, WriteBack
from simplane.channels.reconciliations import Kind
from simplane.channels.shopify import (
    facts,
    handle,  # noqa: F401  registers how messages are worked on
    handle_many,  # noqa: F401
    reads,
    trouble,
)
from simplane.channels.shopify.text import parse
from simplane.core import jobs, work
from simplane.core.db import transaction
from simplane.core.models import InboxMessage
from simplane.core.schedule import scheduled


@jobs.job("channels.write_back", queue="channel")
async def write_back(order_id: int) -> None:
    await writeback.write_back(order_id)


@jobs.job("channels.write_back_again", queue="channel", hint=True)
async def write_back_again(write_back_id: int) -> None:
    await writeback.try_again(write_back_id)


@jobs.job("channels.refund", queue="channel")
async def refund(refund_id: int) -> None:
    await refunds.perform(refund_id)


@jobs.job("channels.order_late", queue="channel")
async def order_late(order_id: int, step: int) -> None:
    await refunds.order_late(order_id, step)


@jobs.job("channels.read_order", queue="channel")
async def read_order(shop_id: int, external_id: str) -> None:
    await reads.take_in(shop_id, external_id)


@jobs.job("channels.read_hold", queue="channel")
async def read_hold(shop_id: int, fulfilment_order: str) -> None:
    await trouble.follow_hold(shop_id, fulfilment_order)


@jobs.job("channels.map_waiting_lines", queue="default")
def map_waiting_lines(channel_sku_id: int) -> None:
    mapping.map_waiting_lines(channel_sku_id)


@jobs.job("channels.reconcile", queue="channel", tries=2)
async def reconcile_shop(shop_id: int, kind: Kind) -> None:
    await reconcile.reconcile(shop_id, kind)


@jobs.job("channels.check_subscriptions", queue="channel")
async def check_subscriptions(shop_id: int) -> None:
    try:
        await subscriptions.check_subscriptions(shop_id)
    except ShopNotReachable as problem:
        raise jobs.Temporary(problem.message) from problem


@jobs.job("channels.redact", queue="default")
def redact(message_id: int) -> None:
    message = InboxMessage.objects.get(pk=message_id)
    shop = shops.by_key(message.account)
    if message.topic == "shop/redact":
        privacy.redact_shop(shop)
        return
    fact = facts.customer(parse(bytes(message.body)))
    privacy.redact_customer(shop, fact.email, fact.orders, asked_in=message.pk)


@scheduled("channel_due", cron="* * * * * */5", title="Write-backs and refunds that are due", most_seconds=60)
def channel_due() -> dict[str, Any]:
    """The safety net behind every lost job: no row that owes a call is without a due time."""
    with transaction():
        rows = work.take_due(WriteBack, hold_seconds=120)
        jobs.enqueue_missing("channels.write_back_again", "write_back_id", rows)
        due = work.take_due(Refund, hold_seconds=120)
        jobs.enqueue_missing("channels.refund", "refund_id", due)
    return {"write_backs": len(rows), "refunds": len(due)}


@scheduled("untold_deliveries", cron="*/10 * * * *", title="Deliveries the shop was not told of", most_seconds=120)
def untold_deliveries() -> dict[str, Any]:
    return {"orders": untold.tell_untold()}


@scheduled("reconcile_shops", cron="7 * * * *", title="Shops compared with us", most_seconds=3000, queue="channel")
async def reconcile_shops() -> dict[str, Any]:
    """Shops that refused us are asked first whether they let us in again."""
    resumed = await reconcile.probe_paused()
    return {**await reconcile.reconcile_all("recent"), **({"resumed": resumed} if resumed else {})}


@scheduled(
    "reconcile_shops_full", cron="37 2 * * *", title="Shops compared, last 3 days", most_seconds=7200, queue="channel"
)
async def reconcile_shops_full() -> dict[str, Any]:
    return await reconcile.reconcile_all("full")


@scheduled("shop_subscriptions", cron="23 4 * * *", title="Webhook subscriptions of shops", queue="channel")
async def shop_subscriptions() -> dict[str, Any]:
    return dict(await subscriptions.check_all())
