"""Refusals of the catalogue."""

from __future__ import annotations

from simplane.core.errors import BadInput, NotFound, Refusal


class BadProduct(BadInput):
    """A promise that nobody could keep or understand."""

    code = "bad_product"


class ProductExists(Refusal):
    """There is a product with this SKU already."""

    code = "product_exists"
    status = 409


class UnknownProduct(NotFound):
    """There is no product with this SKU."""

    code = "unknown_product"


class BadPrice(BadInput):
    """A list price that can not be."""

    code = "bad_price"


class BadRate(BadInput):
    """An exchange rate that can not be."""

    code = "bad_rate"


class NoRate(Refusal):
    """No exchange rate leads from the one currency to the other."""

    code = "no_rate"


class NoPrice(Refusal):
    """Nobody set a price in this currency."""

    code = "no_price"


class UnknownScope(NotFound):
    """There is no such tier or customer to price for."""

    code = "unknown_price_scope"


class StaleDecision(Refusal):
    """What was to be decided has changed or was decided already."""

    code = "stale_decision"
    status = 409
