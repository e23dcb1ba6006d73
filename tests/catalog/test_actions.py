"""Products, prices and rates: what is stored, what is refused, what the audit trail says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from simplane.catalog import actions, queries
from simplane.catalog.errors import BadPrice, BadProduct, BadRate, ProductExists, UnknownProduct
from simplane.catalog.models import ExchangeRate, Price, Product
from simplane.catalog.values import ProductSpec
from simplane.core import clock
from simplane.core.errors import BadMoney
from simplane.core.models import AuditEntry
from simplane.core.money import Money

pytestmark = pytest.mark.django_db
SPEC = ProductSpec(sku="ES-1", name="Spain", countries=("ES",), data_bytes=1_000_000_000, days=7)


def test_a_product_is_stored_tidily() -> None:
    made = actions.create_product(replace(SPEC, countries=("pt", "ES", "es"), name=" Iberia "))

    assert (made.countries, made.name, made.clock_start, made.active) == (["ES", "PT"], "Iberia", "first_use", True)
    assert AuditEntry.objects.get().action == "product.created"


def test_a_sku_is_promised_once() -> None:
    actions.create_product(SPEC)

    with pytest.raises(ProductExists):
        actions.create_product(replace(SPEC, name="Other"))
    assert Product.objects.get().name == "Spain"


def test_a_change_is_audited_with_before_and_after() -> None:
    actions.create_product(SPEC)

    actions.change_product(replace(SPEC, days=30), reason="longer")

    entry = AuditEntry.objects.get(action="product.changed")
    assert Product.objects.get().days == 30
    assert (entry.before, entry.after, entry.reason) == ({"days": 7}, {"days": 30}, "longer")


def test_changing_to_the_same_leaves_no_trace() -> None:
    actions.create_product(SPEC)
    actions.change_product(SPEC)

    assert AuditEntry.objects.count() == 1


def test_an_unknown_product_can_not_be_changed_or_priced() -> None:
    with pytest.raises(UnknownProduct):
        actions.change_product(SPEC)
    with pytest.raises(UnknownProduct):
        actions.set_price("ES-1", Money(900, "EUR"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sku": "with space"}, "sku must be"),
        ({"name": ""}, "name must be"),
        ({"countries": ()}, "countries must not be empty"),
        ({"countries": ("ES", "EU", "XX")}, "no country code: EU, XX"),
        ({"data_bytes": 0}, "data must be more"),
        ({"data_bytes": None, "daily": True}, "unlimited data is not daily"),
        ({"days": 0}, "days must be 1"),
        ({"days": 5000}, "days must be between"),
        ({"voice_minutes": -1}, "voice_minutes must be"),
        ({"clock_start": "never"}, "clock_start must be one of install, first_use, purchase"),
        ({"carrier": "x" * 81}, "carrier must be"),
    ],
)
def test_a_promise_nobody_could_keep_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(BadProduct, match=words):
        actions.create_product(replace(SPEC, **wrong))
    assert Product.objects.count() == 0


def test_every_fault_of_a_product_is_named_at_once() -> None:
    with pytest.raises(BadProduct, match=r"name must be.*days must be"):
        actions.create_product(replace(SPEC, name="", days=0))


def test_the_newest_price_counts_and_the_old_one_stays() -> None:
    product = actions.create_product(SPEC)
    actions.set_price("ES-1", Money(900, "EUR"), reason="launch")
    actions.set_price("ES-1", Money(800, "EUR"))
    actions.set_price("ES-1", Money(1000, "USD"))

    assert queries.price_in_force(product.pk, "EUR") == Money(800, "EUR")
    assert queries.prices_in_force(product.pk) == (Money(800, "EUR"), Money(1000, "USD"))
    assert queries.price_in_force(product.pk, "GBP") is None
    assert Price.objects.filter(currency="EUR").count() == 2
    last = AuditEntry.objects.filter(action="price.changed").get()
    assert last.before == {"price": "9.00 EUR"}


def test_setting_the_price_that_is_in_force_changes_nothing() -> None:
    actions.create_product(SPEC)
    actions.set_price("ES-1", Money(900, "EUR"))
    actions.set_price("ES-1", Money(900, "EUR"))

    assert Price.objects.count() == 1


def test_a_future_price_waits_for_its_day() -> None:
    product = actions.create_product(SPEC)
    tomorrow = clock.now() + timedelta(days=1)
    actions.set_price("ES-1", Money(900, "EUR"))
    actions.set_price("ES-1", Money(700, "EUR"), valid_from=tomorrow)

    assert queries.price_in_force(product.pk, "EUR") == Money(900, "EUR")
    assert queries.price_in_force(product.pk, "EUR", tomorrow) == Money(700, "EUR")


def test_an_ended_price_gives_way_to_the_one_before() -> None:
    product = actions.create_product(SPEC)
    now = clock.now()
    Price.objects.create(product=product, currency="EUR", amount_minor=900, valid_from=now - timedelta(days=9))
    Price.objects.create(
        product=product,
        currency="EUR",
        amount_minor=500,
        valid_from=now - timedelta(days=2),
        valid_until=now - timedelta(days=1),
    )

    assert queries.price_in_force(product.pk, "EUR") == Money(900, "EUR")


def test_two_prices_from_one_moment_are_refused() -> None:
    actions.create_product(SPEC)
    moment = clock.now()
    actions.set_price("ES-1", Money(900, "EUR"), valid_from=moment)

    with pytest.raises(BadPrice, match="has a price from"):
        actions.set_price("ES-1", Money(800, "EUR"), valid_from=moment)


@pytest.mark.parametrize("price", [Money(-1, "EUR"), Money(10**15, "EUR")])
def test_an_impossible_price_is_refused(price: Money) -> None:
    actions.create_product(SPEC)

    with pytest.raises(BadPrice):
        actions.set_price("ES-1", price)


def test_a_price_in_no_currency_is_refused() -> None:
    actions.create_product(SPEC)

    with pytest.raises(BadMoney):
        actions.set_price("ES-1", Money(1, "XYZ"))


def test_the_newest_rate_counts() -> None:
    actions.set_rate("USD", "EUR", Decimal("0.95"))
    actions.set_rate("USD", "EUR", Decimal("0.92"))
    actions.set_rate("USD", "EUR", Decimal("0.92"))

    assert ExchangeRate.objects.count() == 2
    assert queries.convert(Money(1000, "USD"), "EUR") == Money(920, "EUR")
    assert AuditEntry.objects.get(action="rate.changed").before == {"rate": "0.95"}


@pytest.mark.parametrize(
    ("base", "quote", "rate"),
    [
        ("USD", "USD", "1"),
        ("USD", "EUR", "0"),
        ("USD", "EUR", "-1"),
        ("USD", "EUR", "NaN"),
        ("USD", "EUR", "0.00000000001"),
    ],
)
def test_an_impossible_rate_is_refused(base: str, quote: str, rate: str) -> None:
    with pytest.raises(BadRate):
        actions.set_rate(base, quote, Decimal(rate))
    assert ExchangeRate.objects.count() == 0
