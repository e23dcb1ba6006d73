"""The order as the Admin API answers it: the present state, whole."""

from __future__ import annotations

from simplane.channels.shopify.body import is_tip
from simplane.channels.shopify.text import (
    JSON,
    BadBody,
    address,
    amount,
    count,
    member,
    moment,
    number_id,
    objects,
    text,
    version,
)
from simplane.channels.shopify.values import PAID, ShopLine, ShopOrder
from simplane.core.money import Money


def read_order(node: JSON) -> ShopOrder:
    """An `OrderFields` node with all its lines. Raises BadBody when a field that matters is missing or senseless."""
    currency = text(node.get("currencyCode"), 3)
    paid = PAID.get(text(node.get("displayFinancialStatus"), 40).lower())
    if paid is None:
        raise BadBody(f"displayFinancialStatus {node.get('displayFinancialStatus')!r} is not known")
    cancelled = node.get("cancelledAt")
    customer = member(node, "customer")
    return ShopOrder(
        external_id=number_id(node.get("id"), "the order"),
        name=text(node.get("name"), 80),
        paid=paid,
        cancelled_at=moment(cancelled, "cancelledAt") if cancelled else None,
        total=shop_money(node, "totalPriceSet", currency),
        shown_total=_shown(node, currency),
        refunded=shop_money(node, "totalRefundedSet", currency),
        is_test=node.get("test") is True,
        email=address(node.get("email")),
        customer_name=text(customer.get("displayName"), 200),
        phone=text(node.get("phone"), 40),
        locale=text(node.get("customerLocale"), 10),
        placed_at=moment(node.get("processedAt") or node.get("createdAt"), "processedAt"),
        updated_at=version(node.get("updatedAt")),
        lines=tuple(_line(line, currency) for line in objects(member(node, "lineItems"), "nodes")),
        complete=True,
    )


def shop_money(node: JSON, name: str, currency: str) -> Money:
    """The shop's side of a MoneyBag."""
    return amount(member(member(node, name), "shopMoney").get("amount"), currency, name)


def _shown(node: JSON, currency: str) -> Money | None:
    bag = member(member(node, "totalPriceSet"), "presentmentMoney")
    shown = text(bag.get("currencyCode"), 3)
    return amount(bag.get("amount"), shown, "totalPriceSet") if shown and shown != currency else None


def _line(node: JSON, currency: str) -> ShopLine:
    quantity = count(node.get("quantity"), "quantity")
    variant, product = member(node, "variant"), member(node, "product")
    title = text(node.get("title"), 300)
    sku = text(node.get("sku"), 200).strip()
    return ShopLine(
        external_id=number_id(node.get("id"), "a line"),
        sku=sku,
        variant=number_id(variant["id"], "a variant") if variant.get("id") else "",
        title=title,
        quantity=quantity,
        current=min(count(node.get("currentQuantity"), "currentQuantity"), quantity),
        unit_price=shop_money(node, "discountedUnitPriceAfterAllDiscountsSet", currency),
        requires_shipping=node.get("requiresShipping") is True,
        is_extra=node.get("isGiftCard") is True or is_tip(title, sku, variant, product),
    )
