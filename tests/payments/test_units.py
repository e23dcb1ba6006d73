"""Stripe counts some currencies otherwise than ISO does."""

from __future__ import annotations

import pytest

from simplane.core.money import Money
from simplane.payments.errors import BadTopUp
from simplane.payments.units import from_stripe, to_stripe


@pytest.mark.parametrize(
    ("minor", "currency", "there"),
    [(19_00, "EUR", 1900), (1900, "JPY", 1900), (1_900, "KWD", 1900), (5, "ISK", 500), (7, "UGX", 700)],
)
def test_an_amount_there_and_back_is_the_same(minor: int, currency: str, there: int) -> None:
    assert to_stripe(Money(minor, currency)) == there
    assert from_stripe(there, currency.lower()) == Money(minor, currency)


def test_what_stripe_can_not_take_is_refused_before_it_is_asked() -> None:
    with pytest.raises(BadTopUp, match="rounder"):
        to_stripe(Money(1_905, "KWD"))
    with pytest.raises(BadTopUp, match="more decimals"):
        from_stripe(550, "isk")
