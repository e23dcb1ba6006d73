"""Incoming orders for tests: a paid Shopify order of one eSIM line, every part changeable."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from simplane.catalog.models import Product
from simplane.core import clock
from simplane.core.money import Money
from simplane.ordering.values import IncomingLine, IncomingOrder
from simplane.organizations.queries import operator
from tests import factories


def line(product: Product | None, **given: Any) -> IncomingLine:
    """One line of one eSIM at 19.00 EUR; without a product a phone case."""
    fields: dict[str, Any] = {
        "external_id": f"L{factories.number()}",
        "sku": product.sku if product else "CASE-15-BLK",
        "variant": "",
        "title": product.name if product else "Phone case",
        "kind": "esim" if product else "not_ours",
        "product_id": product.pk if product else None,
        "quantity": 1,
        "unit_price": Money(1900, "EUR"),
    } | given
    fields.setdefault("current", fields["quantity"])
    return IncomingLine(**fields)


def order(*lines: IncomingLine, **given: Any) -> IncomingOrder:
    """A paid order with these lines."""
    now: datetime = clock.now()
    n = factories.number()
    fields: dict[str, Any] = {
        "organization_id": operator().pk,
        "book": "retail",
        "account": "demo",
        "external_id": f"9{n:09}",
        "name": f"#{n}",
        "paid": "paid",
        "cancelled_at": None,
        "total": Money(1900 * sum(one.current for one in lines), "EUR"),
        "shown_total": None,
        "refunded": None,
        "is_test": False,
        "email": f"buyer{n}@example.com",
        "customer_name": "Zoë Çelik",
        "phone": "",
        "locale": "de-DE",
        "placed_at": now - timedelta(seconds=5),
        "updated_at": now - timedelta(seconds=5),
        "lines": tuple(lines),
    }
    return IncomingOrder(**fields | given)
