"""Builders of rows for tests: sensible defaults, unique by a counter, every field can be given by name.

They write rows only and follow no rule of the business (`unit(state="ready")` does not buy anything). A test of a rule
calls the action itself.
"""

from __future__ import annotations

from tests.factories.base import PASSWORD, iccid, number, organization, staff
from tests.factories.records import alert, audit_entry, event, failed_job, inbox_message, install_link, letter, message
from tests.factories.sales import (
    channel_sku,
    customer,
    delivered_unit,
    line,
    order,
    order_line,
    purchase,
    reconciliation,
    refund,
    shop,
    unit,
    write_back,
)
from tests.factories.supply import (
    catalog_run,
    match,
    offer,
    offer_change,
    price,
    product,
    quarantined,
    receipt,
    rule,
    supplier,
)

__all__ = [
    "PASSWORD",
    "alert",
    "audit_entry",
    "catalog_run",
    "channel_sku",
    "customer",
    "delivered_unit",
    "event",
    "failed_job",
    "iccid",
    "inbox_message",
    "install_link",
    "letter",
    "line",
    "match",
    "message",
    "number",
    "offer",
    "offer_change",
    "order",
    "order_line",
    "organization",
    "price",
    "product",
    "purchase",
    "quarantined",
    "receipt",
    "reconciliation",
    "refund",
    "rule",
    "shop",
    "staff",
    "supplier",
    "unit",
    "write_back",
]
