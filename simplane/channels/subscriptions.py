"""Shopify deletes a subscription after eight failures in a row: this makes the missing ones again and says so."""

from __future__ import annotations

from django.conf import settings

from simplane.channels import shops
from simplane.channels.errors import ShopNotReachable
from simplane.channels.events import SubscriptionsMended
from simplane.channels.models import Shop
from simplane.channels.shopify import operations
from simplane.channels.shopify.answers import user_errors
from simplane.channels.shopify.client import call
from simplane.channels.shopify.handle import SUBSCRIBED
from simplane.channels.shopify.outcomes import Ok
from simplane.channels.shopify.text import member, objects, text
from simplane.channels.shops import ShopRef
from simplane.core import clock, deadletters, events
from simplane.core.db import in_thread, needs_transaction, transaction

MOST_PAGES = 10


def our_address(shop: ShopRef) -> str:
    """Where this shop sends its webhooks."""
    return f"{settings.SIMPLANE.base_url.rstrip('/')}/webhooks/shopify/{shop.key}"


async def missing(shop_id: int) -> list[str]:
    """Topics that do not come to our address now. Asks and changes nothing. Raises ShopNotReachable."""
    present = await _present(await in_thread(shops.by_id, shop_id))
    return [topic for topic in SUBSCRIBED if graphql_name(topic) not in present]


async def check_subscriptions(shop_id: int) -> list[str]:
    """Make every subscription that is missing at the shop; none is removed. Returns the topics made.

    What came of it stands in the shop's row. Raises ShopNotReachable when the shop can not be asked or refuses one.
    """
    shop = await in_thread(shops.by_id, shop_id)
    try:
        made = await missing(shop_id)
        for topic in made:
            await _subscribe(shop, topic)
    except ShopNotReachable as problem:
        await in_thread(_keep_result, shop, problem.message)
        raise
    await in_thread(_tell, shop, made)
    return made


def in_words(made: list[str]) -> str:
    """The result of a check for people."""
    return f"made again: {', '.join(made)}" if made else "all there"


def _keep_result(shop: ShopRef, words: str) -> None:
    with transaction():
        _note_result(shop, words)


@needs_transaction
def _note_result(shop: ShopRef, words: str) -> None:
    Shop.objects.filter(pk=shop.pk).update(subscriptions_at=clock.now(), subscriptions_result=words[:300])


def graphql_name(topic: str) -> str:
    """`ORDERS_PAID` of `orders/paid`."""
    return topic.replace("/", "_").upper()


async def _present(shop: ShopRef) -> set[str]:
    """Topics that come to our address."""
    found: set[str] = set()
    after: str | None = None
    for _ in range(MOST_PAGES):
        outcome = await call(shop, operations.SUBSCRIPTIONS, {"after": after})
        if not isinstance(outcome, Ok):
            raise ShopNotReachable(f"{shop.key}: {outcome.reason}")
        connection = member(outcome.data, "webhookSubscriptions")
        mine = [one for one in objects(connection, "nodes") if text(one.get("uri"), 500) == our_address(shop)]
        found |= {text(one.get("topic"), 80) for one in mine}
        page = member(connection, "pageInfo")
        if page.get("hasNextPage") is not True:
            break
        after = text(page.get("endCursor"), 500)
    return found


async def _subscribe(shop: ShopRef, topic: str) -> None:
    """A lost answer does no harm: a second one for the same topic and address is refused by the shop."""
    variables = {"topic": graphql_name(topic), "subscription": {"uri": our_address(shop), "format": "JSON"}}
    outcome = await call(shop, operations.SUBSCRIBE, variables)
    if not isinstance(outcome, Ok):
        raise ShopNotReachable(f"{shop.key}: {topic} can not be subscribed: {outcome.reason}")
    errors = user_errors(member(outcome.data, "webhookSubscriptionCreate"))
    if errors:
        raise ShopNotReachable(f"{shop.key}: {topic} can not be subscribed: {'; '.join(errors)}")


def _tell(shop: ShopRef, made: list[str]) -> None:
    with transaction():
        _note_result(shop, in_words(made))
        deadletters.close_letter("subscriptions", shop.key, resolution="all there")
        if made:
            events.record(SubscriptionsMended(shop=shop.key, topics=made))


async def check_all() -> dict[str, str]:
    """Every active shop; a shop that can not be checked gets a dead letter and does not stop the others."""
    result = {}
    for shop_id, key in await in_thread(active_shops):
        try:
            made = await check_subscriptions(shop_id)
            result[key] = in_words(made)
        except ShopNotReachable as problem:
            result[key] = problem.message
            await in_thread(_letter, key, problem.message)
    return result


def active_shops() -> list[tuple[int, str]]:
    """(id, key) of the shops that may be called."""
    rows = Shop.objects.filter(channel="shopify", state=Shop.State.ACTIVE).order_by("key")
    return list(rows.values_list("pk", "key"))


def _letter(key: str, problem: str) -> None:
    with transaction():
        deadletters.open_letter(
            "subscriptions",
            key,
            cause="subscriptions_unchecked",
            summary=f"the webhook subscriptions could not be checked: {problem}"[:500],
        )
