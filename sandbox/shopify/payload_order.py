"""The order as orders/* webhooks carry it: every field of the published samples."""

import hashlib

from sandbox.kit.books import JsonObject
from sandbox.shopify.ids import stable_number
from sandbox.shopify.model import Fulfilment, Order
from sandbox.shopify.money import amount_text
from sandbox.shopify.payload import GRAMS_PER_PHYSICAL_ITEM, address, gid, line_item, money_set, zone
from sandbox.shopify.payload_refund import refund_body
from sandbox.shopify.stamps import local
from sandbox.shopify.store import Shop
from sandbox.shopify.totals import (
    current_subtotal,
    current_total,
    financial_status,
    fulfilment_status,
    outstanding,
    subtotal,
    total,
)

MONTH_MS = 30 * 86_400_000
FULFILMENT_STATUSES = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}
BROWSER_IP = "203.0.113.10"

# Present in every body, never filled for the orders this stand-in makes.
UNUSED: JsonObject = {
    "cart_token": None,
    "closed_at": None,
    "current_total_additional_fees_set": None,
    "current_total_duties_set": None,
    "device_id": None,
    "discount_applications": [],
    "landing_site_ref": None,
    "line_item_groups": [],
    "location_id": None,
    "merchant_of_record_app_id": None,
    "note_attributes": [],
    "original_total_additional_fees_set": None,
    "original_total_duties_set": None,
    "payment_terms": None,
    "phone": None,
    "po_number": None,
    "reference": None,
    "referring_site": None,
    "returns": [],
    "source_identifier": None,
    "source_url": None,
    "tax_lines": [],
    "user_id": None,
}


def order_body(order: Order, shop: Shop) -> JsonObject:
    """The whole body."""
    return {**UNUSED, **_identity(order, shop), **_moments(order, shop), **_prices(order), **_parts(order, shop)}


def _identity(order: Order, shop: Shop) -> JsonObject:
    token = hashlib.md5(f"order {order.id}".encode(), usedforsecurity=False).hexdigest()
    checkout = token[::-1]
    return {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "app_id": 580111,
        "browser_ip": BROWSER_IP,
        "buyer_accepts_marketing": False,
        "checkout_token": checkout,
        "client_details": {
            "accept_language": order.locale,
            "browser_height": None,
            "browser_ip": BROWSER_IP,
            "browser_width": None,
            "session_hash": None,
            "user_agent": "Mozilla/5.0",
        },
        "confirmation_number": token[:9].upper(),
        "confirmed": True,
        "contact_email": order.email,
        "customer_locale": order.locale,
        "duties_included": False,
        "email": order.email,
        "estimated_taxes": False,
        "landing_site": "/products/esim",
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "name": order.name,
        "note": order.note,
        "number": order.number - 1000,
        "order_number": order.number,
        "order_status_url": f"https://{shop.domain}/{shop.id}/orders/{checkout}/authenticate?key={token[:7]}",
        "payment_gateway_names": ["shopify_payments"],
        "source_name": order.source_name,
        "tags": ", ".join(order.tags),
        "test": order.test,
        "token": token,
    }


def _moments(order: Order, shop: Shop) -> JsonObject:
    place = zone(shop.timezone)
    return {
        "cancel_reason": order.cancel_reason.lower() if order.cancel_reason else None,
        "cancelled_at": local(order.cancelled_ms, place) if order.cancelled_ms else None,
        "created_at": local(order.created_ms, place),
        "processed_at": local(order.created_ms, place),
        "updated_at": local(order.updated_ms, place),
        "financial_status": financial_status(order).lower(),
        "fulfillment_status": FULFILMENT_STATUSES.get(fulfilment_status(order)),
    }


def _prices(order: Order) -> JsonObject:
    with_set = {
        "current_subtotal_price": current_subtotal(order),
        "current_total_discounts": order.discount_minor,
        "current_total_price": current_total(order),
        "current_total_tax": 0,
        "subtotal_price": max(subtotal(order) - order.discount_minor, 0),
        "total_discounts": order.discount_minor,
        "total_line_items_price": subtotal(order),
        "total_price": total(order),
        "total_tax": 0,
    }
    plain = {name: amount_text(minor, order.currency) for name, minor in with_set.items()}
    sets = {f"{name}_set": money_set(order, minor) for name, minor in with_set.items()}
    return {
        **plain,
        **sets,
        "currency": order.currency,
        "discount_codes": _discount_codes(order),
        "presentment_currency": order.presentment_currency,
        "tax_exempt": False,
        "taxes_included": True,
        "total_cash_rounding_payment_adjustment_set": money_set(order, 0),
        "total_cash_rounding_refund_adjustment_set": money_set(order, 0),
        "total_outstanding": amount_text(outstanding(order), order.currency),
        "total_shipping_price_set": money_set(order, order.shipping_minor),
        "total_tip_received": amount_text(0, order.currency),
    }


def _parts(order: Order, shop: Shop) -> JsonObject:
    shipped = any(line.requires_shipping for line in order.lines)
    return {
        "billing_address": address(order),
        "customer": _customer(order, shop),
        "fulfillments": [_fulfilment(order, index, entry, shop) for index, entry in enumerate(order.fulfilments, 1)],
        "line_items": [line_item(order, line) for line in order.lines],
        "refunds": [refund_body(order, entry, shop) for entry in order.refunds],
        "shipping_address": address(order) if shipped else None,
        "shipping_lines": [_shipping(order)] if shipped else [],
        "total_weight": GRAMS_PER_PHYSICAL_ITEM * sum(e.quantity for e in order.lines if e.requires_shipping),
    }


def _discount_codes(order: Order) -> list[JsonObject]:
    if not order.discount_minor:
        return []
    amount = amount_text(order.discount_minor, order.currency)
    return [{"code": "WELCOME", "amount": amount, "type": "fixed_amount"}]


def _customer(order: Order, shop: Shop) -> JsonObject | None:
    if order.email is None:
        return None
    number = stable_number("customer", shop.domain, order.email)
    since = local(order.created_ms - MONTH_MS, zone(shop.timezone))
    home = {"id": number + 1, "customer_id": number, "country_name": "Germany", "default": True}
    return {
        "id": number,
        "created_at": since,
        "updated_at": local(order.created_ms, zone(shop.timezone)),
        "first_name": order.first_name,
        "last_name": order.last_name,
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": order.email,
        "phone": None,
        "currency": order.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", number),
        "default_address": {**address(order), **home},
    }


def _fulfilment(order: Order, index: int, entry: Fulfilment, shop: Shop) -> JsonObject:
    at = local(entry.at_ms, zone(shop.timezone))
    return {
        "id": entry.id,
        "admin_graphql_api_id": gid("Fulfillment", entry.id),
        "created_at": at,
        "location_id": stable_number("location", shop.domain),
        "name": f"{order.name}.{index}",
        "order_id": order.id,
        "origin_address": {},
        "receipt": {},
        "service": "manual",
        "shipment_status": None,
        "status": "success",
        "tracking_company": entry.company,
        "tracking_number": entry.tracking_number,
        "tracking_numbers": [entry.tracking_number] if entry.tracking_number else [],
        "tracking_url": entry.url,
        "tracking_urls": [entry.url] if entry.url else [],
        "updated_at": at,
        "line_items": [{**line_item(order, order.line(line)), "quantity": units} for _, line, units in entry.lines],
    }


def _shipping(order: Order) -> JsonObject:
    price, price_set = amount_text(order.shipping_minor, order.currency), money_set(order, order.shipping_minor)
    return {
        "id": stable_number("shipping", str(order.id)),
        "carrier_identifier": None,
        "code": "Standard",
        "current_discounted_price_set": price_set,
        "discounted_price": price,
        "discounted_price_set": price_set,
        "is_removed": False,
        "phone": None,
        "price": price,
        "price_set": price_set,
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "title": "Standard",
        "tax_lines": [],
        "discount_allocations": [],
    }
