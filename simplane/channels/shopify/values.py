"""An order as Shopify shows it, whichever way it reached us (webhook body or Admin API)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simplane.core.money import Money
from simplane.ordering.values import Paid

PAID: dict[str, Paid] = {
    "paid": "paid",
    "pending": "pending",
    "authorized": "authorized",
    "partially_paid": "partly_paid",
    "refunded": "refunded",
    "partially_refunded": "partly_refunded",
    "voided": "voided",
    "expired": "expired",
}
"""`financial_status` of webhooks; `displayFinancialStatus` of GraphQL is the same in capitals."""
UNPAID = frozenset({"pending", "authorized", "partly_paid", "voided", "expired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopLine:
    """One line item."""

    external_id: str
    sku: str
    """Without blanks around it; empty: none."""
    variant: str
    """Digits; empty for a custom line."""
    title: str
    quantity: int
    current: int
    unit_price: Money
    """After discounts, shop currency, rounded down."""
    requires_shipping: bool
    is_extra: bool
    """A gift card or a tip: never an eSIM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOrder:
    """One order with all its lines."""

    external_id: str
    name: str
    paid: Paid
    cancelled_at: datetime | None
    total: Money
    """As placed, before refunds."""
    shown_total: Money | None
    """In the buyer's currency when that is another."""
    refunded: Money | None
    """None: not told (webhook bodies)."""
    is_test: bool
    email: str
    customer_name: str
    phone: str
    locale: str
    placed_at: datetime
    updated_at: datetime
    lines: tuple[ShopLine, ...]
    complete: bool
    """True: read from the Admin API, every line included."""

    @property
    def forward(self) -> bool:
        """Nothing was cancelled, refunded or removed: taking it in can only add what is owed."""
        steady = self.paid in ("paid", "pending", "authorized", "partly_paid") and self.cancelled_at is None
        return steady and all(line.current == line.quantity for line in self.lines)


Kind = Literal["esim", "needs_mapping", "not_ours"]
