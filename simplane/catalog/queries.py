"""What others ask the catalogue: products, list prices and exchange rates in force."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from simplane.catalog.errors import UnknownProduct
from simplane.catalog.exchange import Rates
from simplane.catalog.models import ExchangeRate, Price, Product
from simplane.core import clock
from simplane.core.money import Money


def product(sku: str) -> Product:
    """The product of a SKU. Raises UnknownProduct."""
    found = Product.objects.filter(sku=sku).first()
    if found is None:
        raise UnknownProduct(f"there is no product {sku!r}", fix="look at the catalogue for its SKUs")
    return found


def products() -> QuerySet[Product]:
    """All products by SKU, with their price history at hand."""
    return Product.objects.order_by("sku").prefetch_related("prices")


def price_in_force(product_id: int, currency: str, at: datetime | None = None) -> Money | None:
    """The list price at a moment (now): the one that began last and has not ended. None: not sold in this currency."""
    row = _in_force(product_id, at or clock.now()).filter(currency=currency).first()
    return Money(row.amount_minor, row.currency) if row else None


def prices_in_force(product_id: int, at: datetime | None = None) -> tuple[Money, ...]:
    """All list prices of a product at a moment, one a currency, by currency."""
    newest: dict[str, Money] = {}
    for row in _in_force(product_id, at or clock.now()):
        newest.setdefault(row.currency, Money(row.amount_minor, row.currency))
    return tuple(newest[currency] for currency in sorted(newest))


def _in_force(product_id: int, at: datetime) -> QuerySet[Price]:
    running = Q(valid_until__isnull=True) | Q(valid_until__gt=at)
    return Price.objects.filter(running, product_id=product_id, valid_from__lte=at).order_by("-valid_from")


def rates_in_force(at: datetime | None = None) -> Rates:
    """The newest rate of every pair that has begun."""
    rows = (
        ExchangeRate.objects.filter(valid_from__lte=at or clock.now())
        .order_by("base", "quote", "-valid_from")
        .distinct("base", "quote")
    )
    return Rates({(row.base, row.quote): row.rate for row in rows})


def convert(money: Money, currency: str, *, at: datetime | None = None, up: bool = False) -> Money:
    """Money in another currency at the rates in force. Rounded half up, or up. Raises NoRate."""
    return money if money.currency == currency else rates_in_force(at).convert(money, currency, up=up)
