"""The present state of an order, read from the shop and taken in. Messages that need it wait for a read younger than they."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from simplane.channels import shops
from simplane.channels.events import ShopOrderRead
from simplane.channels.shopify import graph, operations, orders, trouble
from simplane.channels.shopify.client import call, probe
from simplane.channels.shopify.compare import KnownOrder, known_order
from simplane.channels.shopify.outcomes import Ok, Outcome, Permanent
from simplane.channels.shopify.text import JSON, BadBody, member, objects
from simplane.channels.shopify.values import UNPAID, ShopOrder
from simplane.channels.shops import ShopRef
from simplane.core import clock, events, jobs
from simplane.core.db import in_thread, transaction
from simplane.core.models import Event
from simplane.ordering import actions as ordering
from simplane.ordering.models import Order, OrderLine
from simplane.ordering.values import IncomingLine, IncomingOrder

MOST_PAGES = 40
NO_SUCH_ORDER = Permanent("the shop shows no such order (deleted, or older than the app may read)")


@dataclass(frozen=True, slots=True)
class Read:
    """A read that was made. `found` is False when the shop shows no such order."""

    found: bool
    order_id: int | None


def read_since(shop: ShopRef, external_id: str, moment: datetime, *, order_id: int | None) -> Read | None:
    """The newest read of this order that began at or after `moment`, or None."""
    rows = Event.objects.filter(name="ShopOrderRead", at__gte=moment)
    rows = rows.filter(order_id=order_id) if order_id is not None else rows.filter(data__external_id=external_id)
    for row in rows.order_by("-id")[:20]:
        same = row.data["shop"] == shop.key and row.data["external_id"] == external_id
        if same and clock.parse_time(row.data["read_at"]) >= moment:
            return Read(row.data["found"], row.order_id)
    return None


def want_read(shop: ShopRef, external_id: str) -> None:
    """Have the order read soon; while one such job waits no second is written."""
    with transaction():
        key = f"read:{shop.key}:{external_id}"
        jobs.enqueue("channels.read_order", once_key=key, shop_id=shop.pk, external_id=external_id)


async def take_in(shop_id: int, external_id: str) -> None:
    """Read one order and take it in, whatever it says. Raises Temporary when the shop can not be asked now."""
    shop = await in_thread(shops.by_id, shop_id)
    began = clock.now()
    outcome = await fetch(shop, external_id)
    if isinstance(outcome, ShopOrder):
        await in_thread(accept_read, shop, outcome, began)
    elif outcome is NO_SUCH_ORDER:
        await in_thread(_note_read, shop, external_id, began, None, found=False)
    else:
        raise jobs.Temporary(
            f"{shop.key}: order {external_id} can not be read: {_why(outcome)}", seconds=_wait(outcome)
        )


async def fetch(shop: ShopRef, external_id: str) -> ShopOrder | Outcome:
    """One order with all its lines, or why not."""
    outcome = await call(shop, operations.ONE_ORDER, {"id": operations.gid("Order", external_id)})
    if not isinstance(outcome, Ok):
        return outcome
    node = member(outcome.data, "order")
    return await whole(shop, node) if node else NO_SUCH_ORDER


async def whole(shop: ShopRef, node: JSON) -> ShopOrder | Outcome:
    """An `OrderFields` node with the lines of its further pages."""
    try:
        lines, page = list(objects(member(node, "lineItems"), "nodes")), member(member(node, "lineItems"), "pageInfo")
        for _ in range(MOST_PAGES):
            if page.get("hasNextPage") is not True:
                return graph.read_order({**node, "lineItems": {"nodes": lines}})
            outcome = await call(shop, operations.MORE_LINES, {"id": node["id"], "after": page.get("endCursor")})
            if not isinstance(outcome, Ok):
                return outcome
            more = member(member(outcome.data, "order"), "lineItems")
            lines += objects(more, "nodes")
            page = member(more, "pageInfo")
    except BadBody as problem:
        return Permanent(f"an order that can not be understood: {problem}")
    return Permanent(f"more than {MOST_PAGES} pages of lines")


def accept_read(shop: ShopRef, order: ShopOrder, began: datetime) -> int | None:
    """Take in a complete order; its id here, or None when it is none of ours. Says so in the history."""
    order_id = take(shop, order, known_order(shop.key, order.external_id), source="webhook")
    _note_read(shop, order.external_id, began, order_id, found=True)
    return order_id


def take(
    shop: ShopRef,
    order: ShopOrder,
    known: KnownOrder | None,
    *,
    source: orders.Source,
    message_id: int | None = None,
) -> int | None:
    """Hand an order to ordering, unless no line of it ever was ours. The way in for webhooks and reconciliation alike.

    `known`: how it stood here a moment ago. Returns its id here, or None.
    """
    meanings = orders.meanings(shop, order)
    if known is None and not orders.concerns_us(order, meanings):
        return None
    incoming = orders.incoming(shop, order, meanings, source=source, message_id=message_id)
    if known is not None:
        incoming = _in_sight_of(known, incoming, shop)
    accepted = ordering.accept_order(incoming)
    if accepted.state == Order.State.HELD and order.complete and not incoming.hold_reason:
        _release_if_cured(accepted.order_id)
    return accepted.order_id


def _in_sight_of(known: KnownOrder, incoming: IncomingOrder, shop: ShopRef) -> IncomingOrder:
    """What an order that is here already makes of its present state at the shop."""
    if known.paid and incoming.paid in UNPAID:
        # Edited after it was paid: what was added is not paid yet and not owed before.
        capped = [replace(line, current=min(line.current, _wanted(known, line))) for line in incoming.lines]
        incoming = replace(incoming, lines=tuple(capped))
    if not _still_held(known, incoming.hold_reason, shop):
        return replace(incoming, hold_reason="")
    if incoming.hold_reason and known.state == Order.State.OPEN:
        trouble.hold(known.pk, incoming.hold_reason)
    return incoming


def _wanted(known: KnownOrder, line: IncomingLine) -> int:
    here = known.lines.get(line.external_id)
    return here.wanted if here else 0


def _still_held(known: KnownOrder, reason: str, shop: ShopRef) -> bool:
    """Whether a reason to hold counts for an order that is here: not for one a person has let go on."""
    if known.state in (Order.State.AWAITING_PAYMENT, Order.State.HELD):
        return True
    if known.state == Order.State.CANCELLED:
        return False
    before = sum(line.wanted for line in known.lines.values() if line.state == OrderLine.State.MAPPED)
    return reason == orders.MANY_UNITS and before <= shop.settings.hold_above_units


def _release_if_cured(order_id: int) -> None:
    """What the order was held for at intake is gone (an address was added, units were removed): go on by ourselves."""
    reason, email = Order.objects.values_list("hold_reason", "customer__email").get(pk=order_id)
    if reason in orders.INTAKE_HOLDS and (reason != orders.NO_ADDRESS or "@" in email):
        ordering.release_order(order_id)


def _note_read(shop: ShopRef, external_id: str, began: datetime, order_id: int | None, *, found: bool) -> None:
    with transaction():
        events.record(
            ShopOrderRead(
                order_id=order_id, shop=shop.key, external_id=external_id, found=found, read_at=began.isoformat()
            )
        )


async def answers(shop: ShopRef) -> bool:
    """Whether a paused shop lets us in again. The one call that is made to a shop that is not active."""
    return isinstance(await probe(shop), Ok)


def _why(outcome: Outcome) -> str:
    return "" if isinstance(outcome, Ok) else outcome.reason


def _wait(outcome: Outcome) -> float | None:
    return outcome.wait if outcome.name == "retryable" else None
