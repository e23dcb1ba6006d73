"""Working on stored webhooks of Shopify shops.

A message is a hint, its topic is not signed, and it may be old. A body may only move an order forward (it is paid, so
issue); whatever takes something back waits for the present order, read from the Admin API by a job of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from simplane.channels import privacy, shops
from simplane.channels.errors import UnknownShop
from simplane.channels.shopify import body as bodies
from simplane.channels.shopify import facts, orders, trouble
from simplane.channels.shopify.compare import KnownOrder, known_order, news, turns_paid
from simplane.channels.shopify.reads import read_since, take, want_read
from simplane.channels.shopify.text import JSON, BadBody, moment, parse
from simplane.channels.shopify.values import UNPAID, ShopOrder
from simplane.channels.shops import ShopRef
from simplane.core import inbox, jobs
from simplane.core.db import transaction
from simplane.core.inbox import Flag, Handled, NotYet
from simplane.core.models import AuditEntry, InboxMessage

Work = Callable[[ShopRef, InboxMessage, JSON], Handled]


@inbox.handler("shopify")
def handle(message: InboxMessage) -> Handled:
    """Work on one message. Raises Flag for what no retry mends, NotYet while it waits for a read."""
    work = TOPICS.get(message.topic)
    if work is None:
        raise Flag(f"topic {message.topic!r} is not known")
    try:
        return work(shops.by_key(message.account), message, parse(bytes(message.body)))
    except (BadBody, UnknownShop) as problem:
        raise Flag(str(problem)) from problem


def _order_told(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    """orders/create, paid, updated, cancelled: one path, because the body says what is the case and the topic does not."""
    order = bodies.read_order(body)
    if order.is_test and shop.settings.test_orders == "ignore":
        return Handled(ignored="a test order: ignored by the settings of this shop")
    known = known_order(shop.key, order.external_id)
    if known is None:
        return _stranger(shop, message, order)
    if not news(known, order):
        return Handled(known.pk, ignored="nothing new")
    if turns_paid(known, order):
        return Handled(take(shop, order, known, source="webhook", message_id=message.pk))
    return _after_read(shop, message, order.external_id, known)


def _stranger(shop: ShopRef, message: InboxMessage, order: ShopOrder) -> Handled:
    """An order that is not here yet."""
    if not orders.concerns_us(order, orders.meanings(shop, order)):
        return Handled(ignored="nothing of ours in this order")
    if order.forward:
        return Handled(take(shop, order, None, source="webhook", message_id=message.pk))
    if order.paid in UNPAID and order.cancelled_at is not None:
        return Handled(ignored="cancelled before it was paid")
    return _after_read(shop, message, order.external_id, None)


def _after_read(shop: ShopRef, message: InboxMessage, external_id: str, known: KnownOrder | None) -> Handled:
    """Done once the order was read after this message came; until then the read is asked for and the message waits."""
    if shop.state == "uninstalled":
        raise Flag("the app was removed from this shop: the order can not be read any more, decide by hand")
    read = read_since(shop, external_id, message.received_at, order_id=known.pk if known else None)
    if read is None:
        want_read(shop, external_id)
        raise NotYet("waits until the present order was read from the shop")
    if not read.found:
        raise Flag("the shop shows no such order: deleted, or older than the app may read")
    return Handled(read.order_id, ignored="" if read.order_id else "nothing of ours in this order")


def _edited(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    external_id = facts.edited_order(body)
    return _after_read(shop, message, external_id, known_order(shop.key, external_id))


def _event(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    external_id = facts.event_order(body)
    return _after_read(shop, message, external_id, known_order(shop.key, external_id))


def _refunded(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    fact = facts.refund(body)
    done = _after_read(shop, message, fact.order, known_order(shop.key, fact.order))
    if done.order_id is not None and not fact.has_lines:
        trouble.refund_without_units(done.order_id, fact)
    return done


def _disputed(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    fact = facts.dispute(body)
    known = known_order(shop.key, fact.order)
    if known is None:
        found = _after_read(shop, message, fact.order, None)
        if found.order_id is None:
            return found
        trouble.dispute(found.order_id, fact)
        return found
    trouble.dispute(known.pk, fact)
    return Handled(known.pk)


def _risk(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    fact = facts.risk(body)
    if fact.level != "high" or not shop.settings.hold_high_risk:
        return Handled(ignored=f"risk {fact.level}: nothing to do by the settings of this shop")
    known = known_order(shop.key, fact.order)
    order_id = known.pk if known else _after_read(shop, message, fact.order, None).order_id
    if order_id is None:
        return Handled(ignored="nothing of ours in this order")
    held = trouble.hold(order_id, trouble.HIGH_RISK)
    return Handled(order_id, ignored="" if held else "too late to hold: the order is finished")


def _fulfilment_hold(shop: ShopRef, _message: InboxMessage, body: JSON) -> Handled:
    """The body names no order: a job asks whose fulfilment it is and holds or goes on."""
    number = facts.fulfilment_order(body)
    with transaction():
        jobs.enqueue("channels.read_hold", shop_id=shop.pk, fulfilment_order=number)
    return Handled()


def _uninstalled(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    if facts.shop_domain(body) != shop.domain.lower():
        raise Flag("the body is about another shop")
    triggered = message.headers.get("x-shopify-triggered-at", "")
    resumed = AuditEntry.objects.filter(action="shop.resumed", entity="shop", entity_id=shop.key)
    if triggered and resumed.filter(at__gt=moment(triggered, "triggered-at")).exists():
        return Handled(ignored="older than the present installation")
    shops.uninstall_shop(shop.pk)
    return Handled()


def _data_request(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    fact = facts.customer(body)
    privacy.ask_a_person(shop, fact.email, fact.orders, request=fact.request, received=message.received_at)
    return Handled()


def _redact_customer(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    fact = facts.customer(body)
    _nobody_waits(privacy.open_orders(shop, fact.email.lower()) if fact.email else [])
    return _redact(message)


def _redact_shop(shop: ShopRef, message: InboxMessage, body: JSON) -> Handled:
    if facts.shop_domain(body) != shop.domain.lower():
        raise Flag("the body is about another shop")
    if shop.state != "uninstalled":
        raise Flag("the app is still installed: nothing is erased before a person has looked")
    _nobody_waits(privacy.open_orders(shop))
    return _redact(message)


def _nobody_waits(orders: list[str]) -> None:
    if orders:
        raise Flag(f"orders are still being served: {', '.join(orders[:10])}; replay this when they are done")


def _redact(message: InboxMessage) -> Handled:
    with transaction():
        jobs.enqueue("channels.redact", once_key=f"redact:{message.pk}", message_id=message.pk)
    return Handled()


TOPICS: dict[str, Work] = {
    "orders/create": _order_told,
    "orders/paid": _order_told,
    "orders/updated": _order_told,
    "orders/cancelled": _order_told,
    "orders/edited": _edited,
    "refunds/create": _refunded,
    "orders/risk_assessment_changed": _risk,
    "disputes/create": _disputed,
    "disputes/update": _disputed,
    "fulfillment_orders/placed_on_hold": _fulfilment_hold,
    "fulfillment_orders/hold_released": _fulfilment_hold,
    "app/uninstalled": _uninstalled,
    "customers/data_request": _data_request,
    "customers/redact": _redact_customer,
    "shop/redact": _redact_shop,
    "Order/create": _event,
    "Order/update": _event,
}
SUBSCRIBED = tuple(topic for topic in TOPICS if topic[0].islower() and not topic.startswith(("customers/", "shop/")))
"""Topics to subscribe to by the Admin API; the privacy topics are set in the app's own configuration."""
