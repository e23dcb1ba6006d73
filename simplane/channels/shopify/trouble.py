"""What goes wrong with an order at the shop after the sale: held, disputed, paid back without saying for what."""

from __future__ import annotations

from simplane.channels import shops
from simplane.channels.shopify import operations
from simplane.channels.shopify.client import call
from simplane.channels.shopify.compare import known_order
from simplane.channels.shopify.facts import DisputeFact, RefundFact
from simplane.channels.shopify.outcomes import Ok
from simplane.channels.shopify.text import BadBody, member, number_id, objects, text
from simplane.channels.shops import ShopRef
from simplane.core import deadletters
from simplane.core.db import in_thread, transaction
from simplane.core.jobs import Temporary
from simplane.ordering import actions as ordering
from simplane.ordering.models import Order, OrderLine, Unit
from simplane.ordering.states import GONE

HIGH_RISK = "the shop rates this order as high risk"
ON_HOLD = "its fulfilment is on hold at the shop"
DISPUTED = "the buyer disputes the payment"


def hold(order_id: int, reason: str) -> bool:
    """Stop an order before anything more is bought for it. False when it is finished or held already."""
    try:
        ordering.hold_order(order_id, reason)
    except ordering.NotNow:
        return False
    return True


def release(order_id: int, reason: str) -> bool:
    """Go on with an order that is held for exactly this reason."""
    if not Order.objects.filter(pk=order_id, state=Order.State.HELD, hold_reason=reason).exists():
        return False
    ordering.release_order(order_id)
    return True


def dispute(order_id: int, fact: DisputeFact) -> None:
    """Hold the order and tell a person, who has until `evidence_due` to answer; a dispute won ends both."""
    subject = f"{order_id}:{fact.dispute}"
    if fact.won:
        with transaction():
            deadletters.close_letter("dispute", subject, resolution="won")
        release(order_id, DISPUTED)
        return
    hold(order_id, DISPUTED)
    order = Order.objects.get(pk=order_id)
    due = f", evidence by {fact.evidence_due:%Y-%m-%d}" if fact.evidence_due else ""
    with transaction():
        deadletters.open_letter(
            "dispute",
            subject,
            cause="payment_disputed",
            summary=f"{order.name}: dispute {fact.status} ({fact.reason}){due}",
            order_id=order_id,
            money=fact.money,
            detail={"dispute": fact.dispute, "status": fact.status, "reason": fact.reason},
        )


def refund_without_units(order_id: int, fact: RefundFact) -> None:
    """Money went back and no unit was named: which eSIM it was for only a person can say. No unit is touched.

    A person here who gave back a sum named none on purpose: our mark stands on that refund.
    """
    order = Order.objects.get(pk=order_id)
    if f"[{order.public_id}/" in fact.note:
        return
    if not Unit.objects.filter(order_id=order_id).exclude(state__in=GONE).exists():
        return
    given = f" {fact.money}" if fact.money else ""
    with transaction():
        deadletters.open_letter(
            "order",
            order_id,
            cause="refund_without_units",
            summary=f"{order.name}: the shop paid back{given} without naming an item",
            order_id=order_id,
            money=fact.money,
        )


async def follow_hold(shop_id: int, fulfilment_order: str) -> None:
    """Ask the shop whose fulfilment was put on hold or released, and hold or go on with that order.

    Only a fulfilment with eSIMs in it counts. Raises Temporary when the shop can not be asked now.
    """
    shop = await in_thread(shops.by_id, shop_id)
    gid = operations.gid("FulfillmentOrder", fulfilment_order)
    outcome = await call(shop, operations.HELD_FULFILMENT, {"id": gid})
    if not isinstance(outcome, Ok):
        raise Temporary(f"{shop.key}: {outcome.reason}")
    found = member(outcome.data, "fulfillmentOrder")
    if not found:
        return
    try:
        order = number_id(found.get("orderId"), "the order")
        nodes = objects(member(found, "lineItems"), "nodes")
        lines = [number_id(member(node, "lineItem").get("id"), "a line") for node in nodes]
    except BadBody as problem:
        raise Temporary(str(problem)) from problem
    held = text(found.get("status"), 20) == "ON_HOLD"
    await in_thread(_hold_or_release, shop, order, lines, held=held)


def _hold_or_release(shop: ShopRef, external_id: str, lines: list[str], *, held: bool) -> None:
    known = known_order(shop.key, external_id)
    if known is None or not any(_is_ours(known.lines[line].state) for line in lines if line in known.lines):
        return
    if held:
        hold(known.pk, ON_HOLD)
        return
    release(known.pk, ON_HOLD)
    shops.wake_held_write_backs(shop.pk)


def _is_ours(state: str) -> bool:
    return state == OrderLine.State.MAPPED
