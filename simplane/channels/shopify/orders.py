"""A Shopify order as ordering takes it in: which lines are ours, what is held, in whose language."""

from __future__ import annotations

from typing import Literal

from simplane.channels import skus
from simplane.channels.shopify.values import Kind, ShopLine, ShopOrder
from simplane.channels.shops import ShopRef
from simplane.channels.skus import Skus
from simplane.channels.values import ShopSettings
from simplane.ordering.values import IncomingLine, IncomingOrder, Paid

Source = Literal["webhook", "reconciliation", "person"]
NO_ADDRESS = "the shop gave no usable e-mail address to send the eSIM to"
FREE_ORDER = "free orders are not allowed by the settings of this shop"
MANY_UNITS = "more eSIMs than the settings of this shop allow without a look"
PARTLY_PAID = "paid in part only"
INTAKE_HOLDS = frozenset({NO_ADDRESS, FREE_ORDER, MANY_UNITS, PARTLY_PAID})
"""Reasons that end by themselves when a later read no longer finds them."""


def meanings(shop: ShopRef, order: ShopOrder) -> Skus:
    """What this order's SKUs mean; read anew when the remembered ones leave a line unclear."""
    known = skus.of_shop(shop.pk)
    if any(kind(line, known) == "needs_mapping" for line in order.lines):
        return skus.of_shop(shop.pk, fresh=True)
    return known


def kind(line: ShopLine, known: Skus) -> Kind:
    """Whether a line is an eSIM.

    An unknown SKU that is shipped is merchandise; an unknown one that is not shipped may be an eSIM nobody mapped yet.
    """
    if line.is_extra:
        return "not_ours"
    meaning = known.meaning(line.sku, line.variant)
    if meaning is not None:
        return "not_ours" if meaning.product_id is None else "esim"
    return "not_ours" if line.requires_shipping else "needs_mapping"


def concerns_us(order: ShopOrder, known: Skus) -> bool:
    """Whether any line is or may be an eSIM."""
    return any(kind(line, known) != "not_ours" for line in order.lines)


def incoming(
    shop: ShopRef, order: ShopOrder, known: Skus, *, source: Source, message_id: int | None = None
) -> IncomingOrder:
    """Translate; nothing is decided here but what the shop's settings say."""
    return IncomingOrder(
        organization_id=shop.organization_id,
        book="retail",
        account=shop.key,
        external_id=order.external_id,
        name=order.name,
        paid=_paid(order, shop.settings),
        cancelled_at=order.cancelled_at,
        total=order.total,
        shown_total=order.shown_total,
        refunded=order.refunded,
        is_test=order.is_test,
        email=order.email,
        customer_name=order.customer_name,
        phone=order.phone,
        locale=order.locale or shop.settings.locale,
        placed_at=order.placed_at,
        updated_at=order.updated_at,
        lines=tuple(_line(line, known) for line in order.lines),
        hold_reason=hold_reason(order, known, shop.settings),
        message_id=message_id,
        source=source,
        complete=order.complete,
    )


def hold_reason(order: ShopOrder, known: Skus, settings: ShopSettings) -> str:
    """Why a person must look before anything is bought; empty: no reason."""
    if not order.email:
        return NO_ADDRESS
    if order.paid == "partly_paid" and settings.partly_paid == "wait":
        return PARTLY_PAID
    if order.total.minor == 0 and not settings.free_orders:
        return FREE_ORDER
    if sum(line.current for line in order.lines if kind(line, known) == "esim") > settings.hold_above_units:
        return MANY_UNITS
    return ""


def _paid(order: ShopOrder, settings: ShopSettings) -> Paid:
    return "paid" if order.paid == "partly_paid" and settings.partly_paid == "serve" else order.paid


def _line(line: ShopLine, known: Skus) -> IncomingLine:
    meaning = known.meaning(line.sku, line.variant)
    found = kind(line, known)
    return IncomingLine(
        external_id=line.external_id,
        sku=line.sku,
        variant=line.variant,
        title=line.title,
        kind=found,
        product_id=meaning.product_id if found == "esim" and meaning is not None else None,
        quantity=line.quantity,
        current=line.current,
        unit_price=line.unit_price,
    )
