"""What a channel hands to ordering. A channel translates; ordering decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from simplane.core.money import Money

Paid = Literal["paid", "pending", "authorized", "partly_paid", "refunded", "partly_refunded", "voided", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingLine:
    """One line as the channel shows it now."""

    external_id: str
    sku: str
    variant: str
    title: str
    kind: Literal["esim", "needs_mapping", "not_ours"]
    product_id: int | None
    quantity: int
    """As ordered, 0 or more."""
    current: int
    """After removals and refunds, never more than `quantity`."""
    unit_price: Money
    """After discounts, shop currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingOrder:
    """The present state of an order at a channel, whole. Taking it in twice, or an older one later, changes nothing."""

    organization_id: int
    book: Literal["retail", "wholesale", "company"]
    account: str
    external_id: str
    name: str
    paid: Paid
    cancelled_at: datetime | None
    total: Money
    shown_total: Money | None
    refunded: Money | None
    is_test: bool
    email: str
    customer_name: str
    phone: str
    locale: str
    """Language of the buyer, `de` or `de-DE`; empty: unknown."""
    placed_at: datetime
    updated_at: datetime
    """The channel's version clock."""
    lines: tuple[IncomingLine, ...]
    hold_reason: str = ""
    """Not empty: the channel wants this held (risk, fulfilment hold)."""
    message_id: int | None = None
    """The inbox message it came from, if by webhook."""
    source: Literal["webhook", "reconciliation", "person"] = "webhook"
    complete: bool = True
    """False: a hint from a webhook body that may move the order only forward; cancels and removals wait for a read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What taking an order in did."""

    order_id: int
    created: bool
    new_units: int
    cancelled_units: int
    state: str
    notes: tuple[str, ...] = field(default=())
