"""Signed Shopify deliveries of the size real ones have, made in advance so that making them costs a bench nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TOPIC = "orders/paid"


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of an order at the shop."""

    id: int
    sku: str
    quantity: int
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A paid order as the shop knows it."""

    id: int
    name: str
    email: str
    lines: Sequence[SoldLine]
    moment: datetime | None = None
    """When it was last changed; None: now."""
    locale: str = "en-GB"


@dataclass(frozen=True, slots=True)
class Signed:
    """A body and its HMAC header. The webhook id is a header of its own and is not signed."""

    body: bytes
    signature: str

    def request(self, path: str, domain: str, webhook_id: str) -> bytes:
        """The whole HTTP/1.1 request on a connection that is kept."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"User-Agent: Shopify-Captain-Hook\r\nX-Shopify-Topic: {TOPIC}\r\n"
            f"X-Shopify-Hmac-Sha256: {self.signature}\r\nX-Shopify-Shop-Domain: {domain}\r\n"
            f"X-Shopify-API-Version: 2026-10\r\nX-Shopify-Webhook-Id: {webhook_id}\r\n"
            f"X-Shopify-Event-Id: {webhook_id}\r\nX-Shopify-Triggered-At: 2026-11-20T09:30:17.123456123Z\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


def signed(order: Sold, secret: str) -> Signed:
    """The orders/paid delivery of an order."""
    body = json.dumps(_body(order), separators=(",", ":")).encode()
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    return Signed(body, base64.b64encode(digest).decode())


def _body(order: Sold) -> dict[str, Any]:
    stamp = (order.moment or datetime.now(UTC)).isoformat(timespec="milliseconds")
    total = f"{sum(float(line.price) * line.quantity for line in order.lines):.2f}"
    return {
        "id": order.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.id}",
        "name": order.name,
        "email": order.email,
        "contact_email": order.email,
        "customer_locale": order.locale,
        "created_at": stamp,
        "processed_at": stamp,
        "updated_at": stamp,
        "currency": "EUR",
        "presentment_currency": "EUR",
        "financial_status": "paid",
        "fulfillment_status": None,
        "cancelled_at": None,
        "cancel_reason": None,
        "test": False,
        "source_name": "web",
        "payment_gateway_names": ["shopify_payments"],
        "client_details": {"accept_language": order.locale, "browser_ip": "203.0.113.10", "user_agent": "Mozilla/5.0"},
        **_sums(total),
        "billing_address": _ADDRESS,
        "shipping_address": _ADDRESS,
        "customer": {
            "id": order.id + 7,
            "email": order.email,
            "first_name": "Lena",
            "last_name": "Fischer",
            "verified_email": True,
            "default_address": {**_ADDRESS, "id": order.id + 8, "customer_id": order.id + 7, "default": True},
        },
        "line_items": [_line(line) for line in order.lines],
        **{name: [] for name in _EMPTY},
        **dict.fromkeys(_NULL),
    }


_SUMS = ("subtotal_price", "total_line_items_price", "total_price", "current_subtotal_price", "current_total_price")
_ZERO = (
    "total_discounts",
    "total_tax",
    "total_shipping_price",
    "current_total_discounts",
    "current_total_tax",
    "total_cash_rounding_payment_adjustment",
    "total_cash_rounding_refund_adjustment",
)
_EMPTY = (
    "discount_applications",
    "discount_codes",
    "fulfillments",
    "line_item_groups",
    "note_attributes",
    "refunds",
    "returns",
    "shipping_lines",
    "tax_lines",
)
_NULL = (
    "cart_token",
    "checkout_id",
    "closed_at",
    "current_total_additional_fees_set",
    "current_total_duties_set",
    "device_id",
    "landing_site_ref",
    "location_id",
    "merchant_of_record_app_id",
    "note",
    "original_total_additional_fees_set",
    "original_total_duties_set",
    "payment_terms",
    "phone",
    "po_number",
    "reference",
    "referring_site",
    "source_identifier",
    "source_url",
    "user_id",
)
_ADDRESS = {
    "first_name": "Lena",
    "last_name": "Fischer",
    "name": "Lena Fischer",
    "company": None,
    "address1": "Invalidenstraße 1",
    "address2": None,
    "zip": "10115",
    "city": "Berlin",
    "province": None,
    "province_code": None,
    "country": "Germany",
    "country_code": "DE",
    "country_name": "Germany",
    "phone": None,
    "latitude": 52.5301,
    "longitude": 13.3846,
}


def _bag(amount: str) -> dict[str, Any]:
    money = {"amount": amount, "currency_code": "EUR"}
    return {"shop_money": money, "presentment_money": money}


def _sums(total: str) -> dict[str, Any]:
    amounts = {**dict.fromkeys(_SUMS, total), **dict.fromkeys(_ZERO, "0.00")}
    return {**amounts, **{f"{name}_set": _bag(amount) for name, amount in amounts.items()}, "total_outstanding": "0.00"}


def _line(line: SoldLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line.id}",
        "sku": line.sku,
        "title": f"eSIM {line.sku}",
        "name": f"eSIM {line.sku}",
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "fulfillable_quantity": line.quantity,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": False,
        "grams": 0,
        "price": line.price,
        "price_set": _bag(line.price),
        "product_exists": True,
        "product_id": line.id + 1,
        "variant_id": line.id + 2,
        "requires_shipping": False,
        "taxable": True,
        "total_discount": "0.00",
        "total_discount_set": _bag("0.00"),
        "vendor": "WanderSIM",
        "properties": [],
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
        "attributed_staffs": [],
    }
