"""Webhook bodies that are neither an order nor a refund.

Shapes: the published samples for the app and privacy topics; for the others https://shopify.dev/docs/api/webhooks
(orders/edited, disputes/*, fulfillment_orders/*, orders/risk_assessment_changed).
"""

from collections.abc import Sequence

from sandbox.kit.books import JsonObject
from sandbox.shopify.edit import Edit
from sandbox.shopify.ids import stable_number
from sandbox.shopify.model import Dispute, FulfilmentOrder, Hold, Order
from sandbox.shopify.money import amount_text
from sandbox.shopify.payload import gid, zone
from sandbox.shopify.stamps import local
from sandbox.shopify.store import Shop

EVIDENCE_MS = 10 * 86_400_000


def edit_body(order: Order, edit: Edit, shop: Shop) -> JsonObject:
    """orders/edited: ids and deltas only."""
    nothing: JsonObject = {"additions": [], "removals": []}
    return {
        "order_edit": {
            "id": stable_number("edit", str(order.id), str(order.updated_ms)),
            "app_id": None,
            "created_at": local(order.updated_ms, zone(shop.timezone)),
            "notify_customer": False,
            "order_id": order.id,
            "reason": "",
            "staff_note": "",
            "user_id": shop.id,
            "line_items": {
                "additions": [{"id": line, "delta": units} for line, units in edit.additions],
                "removals": [{"id": line, "delta": units} for line, units in edit.removals],
            },
            "discounts": {"line_item": nothing},
            "shipping_lines": nothing,
        }
    }


def dispute_body(order: Order, dispute: Dispute, shop: Shop) -> JsonObject:
    """disputes/create and disputes/update."""
    finished = dispute.status in ("accepted", "won", "lost")
    return {
        "id": dispute.id,
        "order_id": order.id,
        "type": dispute.kind,
        "amount": amount_text(dispute.amount_minor, order.currency),
        "currency": order.currency,
        "reason": dispute.reason,
        "network_reason_code": "4837",
        "status": dispute.status,
        "evidence_due_by": local(dispute.at_ms + EVIDENCE_MS, zone(shop.timezone)),
        "evidence_sent_on": None,
        "finalized_on": local(order.updated_ms, zone(shop.timezone)) if finished else None,
        "initiated_at": local(dispute.at_ms, zone(shop.timezone)),
    }


def risk_body(order: Order, shop: Shop) -> JsonObject:
    """orders/risk_assessment_changed."""
    return {
        "provider_id": None,
        "provider_title": "Shopify",
        "risk_level": order.risk.lower(),
        "created_at": local(order.updated_ms, zone(shop.timezone)),
        "admin_graphql_api_order_id": gid("Order", order.id),
    }


def held_body(home: FulfilmentOrder, hold: Hold) -> JsonObject:
    """fulfillment_orders/placed_on_hold."""
    return {
        "fulfillment_order": {"id": gid("FulfillmentOrder", home.id), "status": "on_hold"},
        "remaining_fulfillment_order": None,
        "held_fulfillment_order_line_items": [
            {"id": gid("FulfillmentOrderLineItem", entry.id), "quantity": entry.remaining} for entry in home.lines
        ],
        "created_fulfillment_hold": {
            "id": gid("FulfillmentHold", hold.id),
            "reason": hold.reason.lower(),
            "reason_notes": hold.notes,
            "handle": hold.handle,
        },
    }


def released_body(home: FulfilmentOrder) -> JsonObject:
    """fulfillment_orders/hold_released."""
    return {"fulfillment_order": {"id": gid("FulfillmentOrder", home.id), "status": home.status.lower()}}


def shop_body(shop: Shop) -> JsonObject:
    """app/uninstalled."""
    return {
        "id": shop.id,
        "name": shop.name,
        "email": "owner@example.com",
        "domain": "example.com",
        "province": None,
        "country": "DE",
        "address1": "Teststr. 1",
        "zip": "10115",
        "city": "Berlin",
        "source": None,
        "phone": "",
        "latitude": None,
        "longitude": None,
        "primary_locale": "de",
        "address2": None,
        "created_at": None,
        "updated_at": None,
        "country_code": "DE",
        "country_name": "Germany",
        "currency": shop.currency,
        "customer_email": "owner@example.com",
        "timezone": f"(GMT+01:00) {shop.timezone}",
        "iana_timezone": shop.timezone,
        "shop_owner": "Example Owner",
        "money_format": "€{{amount}}",
        "myshopify_domain": shop.domain,
        "plan_name": "basic",
        "plan_display_name": "Basic",
        "password_enabled": False,
        "has_storefront": True,
        "multi_location_enabled": True,
        "setup_required": False,
    }


def privacy_body(topic: str, shop: Shop, email: str, order_ids: Sequence[int]) -> JsonObject:
    """customers/data_request and customers/redact."""
    customer = {"id": stable_number("customer", shop.domain, email), "email": email, "phone": ""}
    head = {"shop_id": shop.id, "shop_domain": shop.domain}
    if topic == "customers/data_request":
        request = {"id": stable_number("request", email)}
        return {**head, "orders_requested": list(order_ids), "customer": customer, "data_request": request}
    return {**head, "customer": customer, "orders_to_redact": list(order_ids)}


def shop_redact_body(shop: Shop) -> JsonObject:
    """shop/redact."""
    return {"shop_id": shop.id, "shop_domain": shop.domain}
