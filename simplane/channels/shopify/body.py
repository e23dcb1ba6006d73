"""The order of a webhook body. The body is a snapshot of when it was triggered and may be hours old."""

from __future__ import annotations

from decimal import Decimal

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


def read_order(body: JSON) -> ShopOrder:
    """An orders/* body. Raises BadBody when a field that matters is missing or senseless."""
    currency = text(body.get("currency"), 3)
    total = amount(body.get("total_price"), currency, "total_price")
    paid = PAID.get(text(body.get("financial_status"), 40))
    if paid is None:
        raise BadBody(f"financial_status {body.get('financial_status')!r} is not known")
    cancelled = body.get("cancelled_at")
    return ShopOrder(
        external_id=number_id(body.get("id"), "the order"),
        name=text(body.get("name"), 80) or f"#{body.get('order_number', '?')}",
        paid=paid,
        cancelled_at=moment(cancelled, "cancelled_at") if cancelled else None,
        total=total,
        shown_total=_shown(body, currency),
        refunded=None,
        is_test=body.get("test") is True,
        email=_email(body),
        customer_name=_name(body),
        phone=_phone(body),
        locale=text(body.get("customer_locale"), 10),
        placed_at=moment(body.get("processed_at") or body.get("created_at"), "created_at"),
        updated_at=version(body.get("updated_at")),
        lines=_lines(body, currency),
        complete=False,
    )


def _shown(body: JSON, currency: str) -> Money | None:
    bag = member(member(body, "total_price_set"), "presentment_money")
    shown = text(bag.get("currency_code"), 3)
    return amount(bag.get("amount"), shown, "total_price_set") if shown and shown != currency else None


def _email(body: JSON) -> str:
    told = (body.get("email"), body.get("contact_email"), member(body, "customer").get("email"))
    return next((found for found in map(address, told) if found), "")


def _phone(body: JSON) -> str:
    people = (body, member(body, "customer"), member(body, "billing_address"), member(body, "shipping_address"))
    return next((text(one.get("phone"), 40) for one in people if one.get("phone")), "")


def _name(body: JSON) -> str:
    for person in (member(body, "customer"), member(body, "billing_address"), member(body, "shipping_address")):
        full = f"{text(person.get('first_name'), 100)} {text(person.get('last_name'), 100)}".strip()
        if full:
            return full
    return ""


def _lines(body: JSON, currency: str) -> tuple[ShopLine, ...]:
    items = objects(body, "line_items")
    share = _share(body, items, currency)
    lines = tuple(_line(item, currency, share) for item in items)
    if len({line.external_id for line in lines}) < len(lines):
        raise BadBody("two lines have the same id")
    return lines


def _line(item: JSON, currency: str, share: Decimal) -> ShopLine:
    quantity = count(item.get("quantity"), "quantity")
    current = count(item.get("current_quantity", quantity), "current_quantity")
    variant = item.get("variant_id")
    return ShopLine(
        external_id=number_id(item.get("id"), "a line"),
        sku=text(item.get("sku"), 200).strip(),
        variant=number_id(variant, "a variant") if variant else "",
        title=text(item.get("title") or item.get("name"), 300),
        quantity=quantity,
        current=min(current, quantity),
        unit_price=_unit_price(item, quantity, currency, share),
        requires_shipping=item.get("requires_shipping") is True,
        is_extra=item.get("gift_card") is True or bool(item.get("tip")) or _looks_like_tip(item),
    )


def _looks_like_tip(item: JSON) -> bool:
    return is_tip(text(item.get("title"), 40), item.get("sku"), item.get("variant_id"), item.get("product_id"))


def is_tip(title: str, *keys: object) -> bool:
    """A tip stands on the order as a line without SKU, variant and product that is called so; nothing else marks it."""
    return title.strip().lower() == "tip" and not any(keys)


def _unit_price(item: JSON, quantity: int, currency: str, share: Decimal) -> Money:
    price = amount(item.get("price"), currency, "price")
    if not quantity:
        return price
    off = _discount(item, currency)
    whole = (price.minor * quantity - off) if off else int(Decimal(price.minor * quantity) * share)
    return Money(max(0, whole // quantity), currency)


def _discount(item: JSON, currency: str) -> int:
    """All discounts of a line, code and order discounts included, in minor units."""
    parts = objects(item, "discount_allocations")
    if parts:
        return sum(amount(part.get("amount"), currency, "discount").minor for part in parts)
    given = item.get("total_discount")
    return amount(given, currency, "total_discount").minor if given else 0


def _share(body: JSON, items: list[JSON], currency: str) -> Decimal:
    """What is left of the lines' prices after a discount that no line accounts for: 1 normally."""
    lines = sum(
        amount(item.get("price"), currency, "price").minor * count(item.get("quantity"), "quantity") for item in items
    )
    left = body.get("subtotal_price")
    if not lines or left is None or any(_discount(item, currency) for item in items):
        return Decimal(1)
    return min(Decimal(1), Decimal(amount(left, currency, "subtotal_price").minor) / lines)
