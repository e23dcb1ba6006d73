"""What a message says that we do not know yet. Most orders/updated only echo our own write-back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from simplane.channels.shopify.values import UNPAID, ShopOrder
from simplane.ordering.models import Order

NO_ADDRESS = "none:"
"""So begins the key of a customer whose address the shop did not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOrder:
    """An order as it stands here."""

    pk: int
    state: str
    paid: bool
    cancelled: bool
    email: str
    source_updated_at: datetime | None
    total_minor: int
    refunded_minor: int
    lines: Mapping[str, KnownLine]


@dataclass(frozen=True, slots=True)
class KnownLine:
    """One line as it stands here."""

    quantity: int
    wanted: int
    state: str


def known_orders(account: str, external_ids: Iterable[str]) -> dict[str, KnownOrder]:
    """The orders of a shop that are here, by the shop's id. One query however many."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [account, list(external_ids)])
        found = cursor.fetchall()
    return {
        external_id: KnownOrder(
            pk=pk,
            state=state,
            paid=paid_at is not None,
            cancelled=cancelled_at is not None,
            email=email,
            source_updated_at=updated_at,
            total_minor=total,
            refunded_minor=refunded,
            lines={line: KnownLine(*rest) for line, *rest in json.loads(lines)},
        )
        for pk, external_id, state, paid_at, cancelled_at, email, updated_at, total, refunded, lines in found
    }


KNOWN = """
SELECT o.id, o.external_id, o.state, o.paid_at, o.cancelled_at, c.email, o.source_updated_at, o.total_minor,
  o.refunded_minor, coalesce((
    SELECT jsonb_agg(jsonb_build_array(l.external_id, l.quantity, l.wanted, l.state))
    FROM ordering_orderline l WHERE l.order_id = o.id
  ), '[]')::text
FROM ordering_order o JOIN ordering_customer c ON c.id = o.customer_id
WHERE o.book = 'retail' AND o.account = %s AND o.external_id = ANY(%s)
"""


def known_order(account: str, external_id: str) -> KnownOrder | None:
    """One order that is here, or None."""
    return known_orders(account, [external_id]).get(external_id)


def news(known: KnownOrder, order: ShopOrder) -> list[str]:
    """What `order` says that differs from `known`, in words; empty: nothing, or it is older than what we know."""
    if known.source_updated_at is not None and order.updated_at < known.source_updated_at:
        return []
    found = []
    if order.cancelled_at is not None and not known.cancelled:
        found.append("cancelled")
    if order.paid in ("paid", "partly_refunded", "refunded") and not known.paid:
        found.append("paid")
    if order.paid == "voided" and known.state == Order.State.AWAITING_PAYMENT:
        found.append("voided")
    if _money_back(known, order):
        found.append(order.paid)
    if known.email.startswith(NO_ADDRESS) and order.email:
        found.append("an e-mail address")
    return found + _line_news(known, order)


def _money_back(known: KnownOrder, order: ShopOrder) -> bool:
    """A body does not tell the sum: then a refund is news until a read has booked one that is as large as it may be."""
    if order.refunded is not None:
        return order.refunded.minor != known.refunded_minor
    if order.paid == "refunded":
        return known.refunded_minor < known.total_minor
    return order.paid == "partly_refunded" and known.refunded_minor == 0


def _line_news(known: KnownOrder, order: ShopOrder) -> list[str]:
    found = []
    for line in order.lines:
        here = known.lines.get(line.external_id)
        if here is None:
            found.append(f"line {line.external_id} added")
        elif line.current != here.wanted:
            found.append(f"line {line.external_id}: {here.wanted} to {line.current}")
    return found


def turns_paid(known: KnownOrder, order: ShopOrder) -> bool:
    """Whether this is an order we wait to be paid, now paid and otherwise unchanged or grown."""
    waits = known.state == Order.State.AWAITING_PAYMENT and not known.paid
    return waits and order.forward and order.paid not in UNPAID
