"""Webhook bodies of Shopify for tests: the demo order, every part changeable, and stored messages that hold them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from simplane.core import clock
from simplane.core.models import InboxMessage
from tests import factories

SKU = "ESIM-EU-5GB-30D"


def line(**given: Any) -> dict[str, Any]:
    """A line of one eSIM at 19.00."""
    fields: dict[str, Any] = {
        "id": 2_424_225_652_529 + factories.number(),
        "sku": SKU,
        "variant_id": 3_312_344_428_791,
        "product_id": 1_392_350_936_990,
        "title": "Europe 5 GB / 30 days",
        "price": "19.00",
        "quantity": 1,
        "requires_shipping": False,
        "gift_card": False,
        "discount_allocations": [],
        "total_discount": "0.00",
    } | given
    fields.setdefault("current_quantity", fields["quantity"])
    return fields


def order(*lines: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A paid order in EUR of these lines (default: one eSIM)."""
    items = list(lines) or [line()]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    n = 1_030_447_977_509 + factories.number()
    total = sum((Decimal(item["price"]) * item["quantity"] for item in items), Decimal(0))
    return {
        "id": n,
        "admin_graphql_api_id": f"gid://shopify/Order/{n}",
        "name": f"#{n % 100_000}",
        "currency": "EUR",
        "total_price": f"{total:.2f}",
        "subtotal_price": f"{total:.2f}",
        "financial_status": "paid",
        "cancelled_at": None,
        "test": False,
        "email": "lena.fischer@example.com",
        "customer": {"first_name": "Lena", "last_name": "Fischer", "email": "lena.fischer@example.com", "phone": None},
        "customer_locale": "de-DE",
        "created_at": now,
        "updated_at": now,
        "processed_at": now,
        "line_items": items,
    } | given


def message(topic: str, body: Any, **given: Any) -> InboxMessage:
    """A genuine delivery, stored and not yet worked on."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    now = clock.now()
    fields: dict[str, Any] = {"state": "received", "handled_at": None, "due_at": now, "headers": {}}
    return factories.inbox_message(topic=topic, body=raw, **fields | given)
