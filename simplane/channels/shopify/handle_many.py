"""Plain messages of one shop, many at once: new paid orders, and echoes of what we know. All others go one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simplane.channels import shops
from simplane.channels.errors import UnknownShop
from simplane.channels.shopify import body as bodies
from simplane.channels.shopify import orders
from simplane.channels.shopify.compare import known_orders, news
from simplane.channels.shopify.text import BadBody, parse
from simplane.channels.shopify.values import ShopOrder
from simplane.channels.shops import ShopRef
from simplane.core import inbox
from simplane.core.inbox import Handled
from simplane.core.models import InboxMessage
from simplane.ordering import actions as ordering
from simplane.ordering.values import IncomingOrder

TOPICS = frozenset({"orders/create", "orders/paid", "orders/updated"})


@inbox.plain_handler("shopify")
def handle_plain(messages: Sequence[InboxMessage], rids: Mapping[int, str]) -> dict[int, Handled]:
    """Take in what needs no thought; the messages it is silent about go the ordinary way."""
    try:
        shop = shops.by_key(messages[0].account)
    except UnknownShop:
        return {}
    told = {message.pk: order for message in messages if (order := _read(shop, message)) is not None}
    known = known_orders(shop.key, {order.external_id for order in told.values()})
    done: dict[int, Handled] = {}
    fresh: dict[int, IncomingOrder] = {}
    for pk, order in told.items():
        here = known.get(order.external_id)
        if here is None:
            if (incoming := _fresh(shop, order, pk)) is not None:
                fresh[pk] = incoming
        elif not news(here, order):
            done[pk] = Handled(here.pk, ignored="nothing new")
    taken = ordering.accept_new_many([(rids[pk], incoming) for pk, incoming in fresh.items()])
    done |= {pk: Handled(one.order_id) for pk, one in zip(fresh, taken, strict=True) if one is not None}
    return done


def _read(shop: ShopRef, message: InboxMessage) -> ShopOrder | None:
    if message.topic not in TOPICS:
        return None
    try:
        order = bodies.read_order(parse(bytes(message.body)))
    except BadBody:
        return None
    return None if order.is_test and shop.settings.test_orders == "ignore" else order


def _fresh(shop: ShopRef, order: ShopOrder, message_id: int) -> IncomingOrder | None:
    """A new order that is ours, as ordering takes it in."""
    meanings = orders.meanings(shop, order)
    if not order.forward or not orders.concerns_us(order, meanings):
        return None
    return orders.incoming(shop, order, meanings, source="webhook", message_id=message_id)
