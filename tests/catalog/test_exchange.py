"""Exchange is exact until its one rounding."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplane.catalog.errors import NoRate
from simplane.catalog.exchange import Rates
from simplane.core.money import Money

RATES = Rates({("USD", "EUR"): Decimal("0.92"), ("EUR", "JPY"): Decimal("162.5"), ("EUR", "KWD"): Decimal("0.334")})


def test_a_rate_is_taken_as_it_is_turned_round_or_chained() -> None:
    assert RATES.between("USD", "EUR") == Fraction("0.92")
    assert RATES.between("EUR", "USD") == 1 / Fraction("0.92")
    assert RATES.between("USD", "JPY") == Fraction("0.92") * Fraction("162.5")
    assert RATES.between("EUR", "EUR") == 1
    assert RATES.between("USD", "CHF") is None


@pytest.mark.parametrize(
    ("money", "currency", "half_up", "up"),
    [
        (Money(137, "USD"), "EUR", 126, 127),  # 126.04
        (Money(100, "EUR"), "JPY", 163, 163),  # 162.5
        (Money(163, "JPY"), "EUR", 100, 101),  # 100.31
        (Money(100, "EUR"), "KWD", 334, 334),
        (Money(1, "KWD"), "EUR", 0, 1),  # 0.299
        (Money(5, "EUR"), "EUR", 5, 5),
    ],
)
def test_minor_units_differ_by_currency_and_are_rounded_once(
    money: Money, currency: str, half_up: int, up: int
) -> None:
    assert RATES.convert(money, currency) == Money(half_up, currency)
    assert RATES.convert(money, currency, up=True) == Money(up, currency)


def test_without_a_rate_nothing_is_guessed() -> None:
    with pytest.raises(NoRate, match="from USD to CHF"):
        RATES.convert(Money(1, "USD"), "CHF")


@given(st.integers(0, 10**12), st.decimals("0.0001", "10000", places=4))
def test_a_cost_is_never_made_smaller_by_an_exchange(minor: int, rate: Decimal) -> None:
    rates = Rates({("USD", "EUR"): rate})
    exact = minor * Fraction(rate)

    up = rates.convert(Money(minor, "USD"), "EUR", up=True).minor
    half = rates.convert(Money(minor, "USD"), "EUR").minor

    assert 0 <= up - exact < 1
    assert abs(half - exact) <= Fraction(1, 2)
