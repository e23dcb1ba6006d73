"""Pieces that several webhook bodies share, and how a body becomes bytes."""

from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from sandbox.kit.books import JsonObject
from sandbox.shopify.model import Line, Order
from sandbox.shopify.money import amount_text, convert
from sandbox.shopify.totals import unfulfilled

ADDRESS: JsonObject = {
    "address1": "Invalidenstraße 1",
    "phone": None,
    "city": "Berlin",
    "zip": "10115",
    "province": None,
    "country": "Germany",
    "address2": None,
    "company": None,
    "latitude": None,
    "longitude": None,
    "country_code": "DE",
    "province_code": None,
}
GRAMS_PER_PHYSICAL_ITEM = 40
_encoder = msgspec.json.Encoder()


def raw(body: JsonObject) -> bytes:
    r"""The bytes Shopify sends: UTF-8 kept, `\/` and `\u0026` escaped, no spare blanks."""
    text = _encoder.encode(body)
    return text.replace(b"/", b"\\/").replace(b"&", b"\\u0026").replace(b"<", b"\\u003c").replace(b">", b"\\u003e")


def gid(kind: str, number: int) -> str:
    """admin_graphql_api_id."""
    return f"gid://shopify/{kind}/{number}"


def zone(name: str) -> ZoneInfo:
    """The shop's time zone (cached by zoneinfo)."""
    return ZoneInfo(name)


def money_set(order: Order, minor: int) -> JsonObject:
    """Shop money and presentment money. Shared between bodies: never change what comes back."""
    return _money_set(minor, order.currency, order.presentment_currency or order.currency, order.presentment_rate)


@lru_cache(maxsize=4096)
def _money_set(minor: int, currency: str, other: str, rate: str) -> JsonObject:
    shown = minor if other == currency else convert(minor, currency, rate, other)
    return {
        "shop_money": {"amount": amount_text(minor, currency), "currency_code": currency},
        "presentment_money": {"amount": amount_text(shown, other), "currency_code": other},
    }


def address(order: Order) -> JsonObject:
    """Where the buyer lives."""
    return {
        "first_name": order.first_name,
        "last_name": order.last_name,
        **ADDRESS,
        "name": f"{order.first_name} {order.last_name}".strip(),
    }


def line_item(order: Order, line: Line) -> JsonObject:
    """A line as orders, refunds and fulfilments carry it."""
    status = "fulfilled" if line.fulfilled >= line.quantity else "partial" if line.fulfilled else None
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "attributed_staffs": [],
        "current_quantity": line.current,
        "fulfillable_quantity": unfulfilled(order, line.id),
        "fulfillment_service": "manual",
        "fulfillment_status": status,
        "gift_card": line.gift_card,
        "grams": GRAMS_PER_PHYSICAL_ITEM if line.requires_shipping else 0,
        "name": line.title,
        "price": amount_text(line.price_minor, order.currency),
        "price_set": money_set(order, line.price_minor),
        "product_exists": line.product_id is not None,
        "product_id": line.product_id,
        "properties": [{"name": name, "value": value} for name, value in line.properties],
        "quantity": line.quantity,
        "requires_shipping": line.requires_shipping,
        "sales_line_item_group_id": None,
        "sku": line.sku,
        "taxable": True,
        "title": line.title,
        "total_discount": amount_text(0, order.currency),
        "total_discount_set": money_set(order, 0),
        "variant_id": line.variant_id,
        "variant_inventory_management": None,
        "variant_title": None,
        "vendor": line.vendor,
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    }
