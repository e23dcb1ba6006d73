"""What each approved offer would leave of a price: for people and for the guard of prices; `rank` does its own sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simplane.catalog.errors import NoRate
from simplane.catalog.exchange import Rates
from simplane.catalog.models import Product
from simplane.core.money import Money
from simplane.routing.models import Match
from simplane.suppliers.models import Offer


@dataclass(frozen=True, slots=True)
class Margin:
    """One offer against one price. `left` and `cost_here` are in the price's currency; None: no exchange rate."""

    offer: Offer
    cost: Money
    cost_here: Money | None
    left: Money | None
    percent: int | None


def approved_offers(products: Iterable[Product]) -> dict[int, list[Offer]]:
    """Active offers that may serve each product, by product key, in one query."""
    rows = (
        Match.objects.filter(
            product__in=list(products),
            state=Match.State.APPROVED,
            offer__state=Offer.State.ACTIVE,
            offer__supplier__active=True,
        )
        .select_related("offer__supplier")
        .defer("offer__raw", "offer__supplier__credentials")
    )
    made: dict[int, list[Offer]] = {}
    for row in rows:
        made.setdefault(row.product_id, []).append(row.offer)
    return made


def of(offers: Iterable[Offer], price: Money, rates: Rates) -> list[Margin]:
    """Each offer against the price, the best margin first, those without an exchange rate last."""
    found = [_margin(offer, price, rates) for offer in offers]
    return sorted(found, key=lambda one: (one.left is None, -(one.left.minor if one.left else 0)))


def best(offers: Iterable[Offer], price: Money, rates: Rates) -> Margin | None:
    """The best margin, None when nothing serves the product."""
    return next(iter(of(offers, price, rates)), None)


def _margin(offer: Offer, price: Money, rates: Rates) -> Margin:
    cost = Money(offer.cost_minor, offer.currency)
    try:
        here = rates.convert(cost, price.currency, up=True)
    except NoRate:
        return Margin(offer, cost, None, None, None)
    handling = Money(offer.supplier.handling_minor, price.currency)
    left = price - here - handling
    return Margin(offer, cost, here, left, percent(left, price))


def percent(left: Money, price: Money) -> int | None:
    """What is left of a price in whole percent, rounded down; None of a price of nothing."""
    return left.minor * 100 // price.minor if price.minor else None
