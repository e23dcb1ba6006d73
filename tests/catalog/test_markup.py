"""Rules that make prices from costs: what they say, what they make."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplane.catalog.errors import BadPrice
from simplane.catalog.markup import Markup, markup, parse_rounding, rounding_text
from simplane.core.errors import BadMoney, Refusal
from simplane.core.money import Money


@pytest.mark.parametrize(
    ("rule", "words", "prices"),
    [
        (("EUR", "25"), "cost + 25 %", {0: 0, 100: 125, 101: 127, 333: 417}),
        (("EUR", "25", "0.50"), "cost + 25 %, at least €0.50", {100: 150, 200: 250, 1000: 1250}),
        (
            ("EUR", "25", "0.50", "x.90"),
            "cost + 25 %, at least €0.50, rounded up to x.90",
            {10: 90, 40: 90, 41: 190, 300: 390, 312: 390, 313: 490},
        ),
        (("EUR", "0", "", "x9.00"), "cost + 0 %, rounded up to x9.00", {100: 900, 901: 1900}),
        (("EUR", "12.5", "", "0.05"), "cost + 12.5 %, rounded up to multiples of 0.05", {100: 115, 40: 45}),
        (("JPY", "30", "50", "x80"), "cost + 30 %, at least ¥50, rounded up to x80", {100: 180, 400: 580}),
        (("KWD", "10", "0.100", "x.900"), "cost + 10 %, at least KWD0.100, rounded up to x.900", {750: 900, 801: 1900}),
    ],
)
def test_a_rule_reads_as_it_reckons(rule: tuple[str, ...], words: str, prices: dict[int, int]) -> None:
    currency, percent, *rest = rule
    made = markup(currency, Decimal(percent), *rest)

    assert str(made).replace("\xa0", "") == words.replace("\xa0", "")
    assert {cost: made.price_of(Money(cost, currency)).minor for cost in prices} == prices


@pytest.mark.parametrize(
    "wrong",
    [
        ("EUR", "-1"), ("EUR", "NaN"), ("EUR", "12.345"), ("EUR", "10001"), ("EUR", "5", "-1"), ("EUR", "5", "0.005"),
        ("EUR", "5", "0", "x"), ("EUR", "5", "0", "x.905"), ("EUR", "5", "0", "0"), ("EUR", "5", "0", "-5"),
        ("EUR", "5", "0", "nice"), ("JPY", "5", "0", "x.90"), ("XXZ", "5"),
    ],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused(wrong: tuple[str, ...]) -> None:
    currency, percent, *rest = wrong
    with pytest.raises(Refusal):
        markup(currency, Decimal(percent), *rest)


def test_a_rule_prices_only_its_own_currency() -> None:
    with pytest.raises(BadMoney):
        markup("EUR", Decimal(5)).price_of(Money(1, "USD"))


@given(
    cost=st.integers(0, 10**9),
    percent=st.decimals(0, 500, places=2),
    least=st.integers(0, 10**5),
    rounding=st.sampled_from(["", "x.90", "x.99", "x9.00", "x95.00", "0.05", "0.25", "1.00"]),
)
def test_a_price_is_the_least_that_keeps_the_rule(cost: int, percent: Decimal, least: int, rounding: str) -> None:
    step, ending = parse_rounding(rounding, "EUR")
    rule = Markup(currency="EUR", percent=percent, least_minor=least, step_minor=step, ending_minor=ending)
    price = rule.price_of(Money(cost, "EUR")).minor

    assert parse_rounding(rounding_text(rule), "EUR") == (step, ending)
    assert (price - ending) % step == 0
    assert price - cost >= least
    assert (price - cost) * 100 >= cost * percent
    enough = price - step - cost >= least and (price - step - cost) * 100 >= cost * percent
    assert not enough or price - step < ending


def test_a_rounding_names_its_fault() -> None:
    with pytest.raises(BadPrice, match=r"write x\.90"):
        parse_rounding("x", "EUR")
