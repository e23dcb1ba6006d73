"""Offers of a product, and a decision between them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simplane.catalog.models import Product
from simplane.core.money import Money
from simplane.routing import stats
from simplane.routing.actions import Chosen, choose
from simplane.routing.models import Receipt
from simplane.suppliers.models import Offer
from tests import factories

USD_EUR = Decimal("0.92")
NINE_EUROS = Money(900, "EUR")


def sold(product: Product, cost_minor: int = 300, **given: Any) -> Offer:
    """An offer that is approved for the product."""
    offer = factories.offer(cost_minor=cost_minor, **given)
    factories.match(product=product, offer=offer)
    return offer


def decide(product: Product, price: Money = NINE_EUROS, **given: Any) -> Chosen:
    asked: dict[str, Any] = {
        "unit_id": 1,
        "refused_offers": frozenset(),
        "refused_groups": frozenset(),
        "stand_ins_only": False,
    }
    stats.forget()
    return choose(product=product, price=price, **asked | given)


def candidates(chosen: Chosen) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Receipt.objects.get(pk=chosen.receipt_id).candidates
    return found
