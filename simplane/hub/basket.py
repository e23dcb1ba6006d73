"""What a person sees before they confirm: orders, SKUs and prices, sealed into the form that confirms them.

The form says it all, so a double click or a reload asks for the very same again, and is answered with the same orders.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core import signing

from simplane.catalog.shelf import Priced
from simplane.core.errors import BadInput
from simplane.hub.cart import CartRow

_SALT = "hub.basket"
_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class BasketLine:
    """So many of a SKU, for at most the price that was shown (minor units)."""

    sku: str
    quantity: int
    most_minor: int


@dataclass(frozen=True, slots=True)
class BasketOrder:
    """One order to be."""

    reference: str
    email: str
    lines: tuple[BasketLine, ...]

    @property
    def total_minor(self) -> int:
        """What it costs at most."""
        return sum(line.quantity * line.most_minor for line in self.lines)

    @property
    def keys(self) -> list[str]:
        """Of the cart's rows in it."""
        return [CartRow(line.sku, line.quantity, self.reference, self.email).key for line in self.lines]


@dataclass(frozen=True, slots=True)
class Basket:
    """Orders to be, for one account; `token` makes confirming it twice the same as once."""

    organization_id: int
    token: str
    orders: tuple[BasketOrder, ...]

    @property
    def total_minor(self) -> int:
        """Of all orders."""
        return sum(order.total_minor for order in self.orders)

    @property
    def units(self) -> int:
        """eSIMs in all orders."""
        return sum(line.quantity for order in self.orders for line in order.lines)


def basket_of(organization_id: int, rows: Sequence[CartRow], known: Mapping[str, Priced]) -> Basket:
    """The orders that a cart makes, at the prices of now; rows without a price are left out."""
    grouped: dict[tuple[str, str], list[BasketLine]] = {}
    for row in rows:
        if row.sku in known:
            line = BasketLine(row.sku, row.quantity, known[row.sku].price.minor)
            grouped.setdefault((row.reference, row.email), []).append(line)
    orders = tuple(BasketOrder(*names, tuple(lines)) for names, lines in grouped.items())
    return Basket(organization_id, secrets.token_hex(12), orders)


def seal(basket: Basket) -> str:
    """As text for a form."""
    return signing.dumps(asdict(basket), salt=_SALT, compress=True)


def opened(text: str, organization_id: int) -> Basket:
    """Out of a form. Raises BadInput when it is not ours, a day old, or of another account (live, not test)."""
    try:
        found: dict[str, Any] = signing.loads(text, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        raise BadInput("this page is too old", fix="look at the cart again and confirm it") from None
    if found["organization_id"] != organization_id:
        raise BadInput("this cart belongs to another account or mode", fix="switch back, or fill the cart here")
    orders = tuple(
        BasketOrder(one["reference"], one["email"], tuple(BasketLine(**line) for line in one["lines"]))
        for one in found["orders"]
    )
    return Basket(organization_id, found["token"], orders)
