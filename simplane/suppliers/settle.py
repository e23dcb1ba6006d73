"""Settling unknown purchases at a supplier without keys: a multiset match, pure (docs/adr/0006).

Identical orders are interchangeable: with two unknown purchases of an offer and one unclaimed order in the supplier's
books, one was bought, and it does not matter which. So nothing is serialised; we only must not look at orders that a
call still under way may own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Open:
    """A purchase that may have been executed: when its call began."""

    purchase_id: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """An order in the supplier's books that no purchase of ours owns yet."""

    order_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """`adopt`: bought, by these orders. `absent`: surely not bought. `open`: still unknown. `foreign`: nobody's orders."""

    adopt: tuple[tuple[int, str], ...]
    absent: tuple[int, ...]
    open: tuple[int, ...]
    foreign: tuple[str, ...]


def settle(
    unknown: Sequence[Open],
    seen: Sequence[Seen],
    *,
    asked_at: datetime,
    oldest_in_flight: datetime | None,
    settle_after: timedelta,
    skew: timedelta,
) -> Settlement:
    """Match unknown purchases of one offer with unclaimed orders of that offer.

    `asked_at`: our time just before the list was read. `oldest_in_flight`: when the oldest call of this offer that may
    still be executing began; orders from then on may be that call's and are left alone. `settle_after`: an order that
    is made at all shows in the list within this time of its call. `skew`: how far the two clocks may differ.
    """
    # A call that began after the question may have made an order before the list was read.
    visible_until = min(asked_at, oldest_in_flight or asked_at) - skew
    waiting = sorted(unknown, key=lambda one: (one.sent_at, one.purchase_id))
    adopt: list[tuple[int, str]] = []
    foreign: list[str] = []
    for order in sorted(seen, key=lambda one: (one.created_at, one.order_id)):
        if order.created_at >= visible_until:
            continue
        owner = next((one for one in waiting if one.sent_at - skew <= order.created_at), None)
        if owner is None:
            foreign.append(order.order_id)
        else:
            waiting.remove(owner)
            adopt.append((owner.purchase_id, order.order_id))
    absent = [one for one in waiting if visible_until >= one.sent_at + settle_after + skew]
    still = [one for one in waiting if one not in absent]
    return Settlement(
        adopt=tuple(adopt),
        absent=tuple(one.purchase_id for one in absent),
        open=tuple(one.purchase_id for one in still),
        foreign=tuple(foreign),
    )
