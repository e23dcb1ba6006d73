"""The shelf of a reseller: its prices, and what it finds there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.catalog.models import Price, Terms, Tier, WholesalePrice
from simplane.catalog.shelf import countries_named, matching, priced, priced_by_sku, shelf
from simplane.catalog.wholesale import effective_price
from simplane.core import clock
from tests import factories

pytestmark = pytest.mark.django_db


def test_its_prices_are_those_an_order_pays() -> None:
    now = clock.now()
    day = timedelta(days=1)
    tier = Tier.objects.create(name="gold", min_monthly_units=100)
    owner, other = factories.organization(kind="reseller"), factories.organization(kind="reseller")
    terms = Terms.objects.create(organization=owner, currency="EUR", tier=tier)
    plain = Terms.objects.create(organization=other, currency="EUR")
    products = {name: factories.product(sku=name) for name in ("OWN", "TIER", "LIST", "LATE", "USD", "WAITS", "OLD")}
    for name, product in products.items():
        currency = "USD" if name == "USD" else "EUR"
        Price.objects.create(product=product, currency=currency, amount_minor=900, valid_from=now - day)
    agreed = {"currency": "EUR", "proposed_by": "me", "valid_from": now - day}
    approved = {"approved_by": "you", "approved_at": now}
    for name, minor, given in (
        ("OWN", 500, {"organization": owner, **approved}),
        ("OWN", 600, {"tier": tier, **approved}),
        ("TIER", 700, {"tier": tier, **approved}),
        ("LATE", 100, {"organization": owner, **approved, "valid_from": now + day}),
        ("WAITS", 100, {"organization": owner}),
        ("OLD", 100, {"organization": owner, **approved, "valid_until": now - timedelta(hours=1)}),
    ):
        WholesalePrice.objects.create(product=products[name], amount_minor=minor, **agreed | given)
    factories.product(sku="GONE", active=False)

    for organization, held in ((owner, terms), (other, plain)):
        shown = {one.product.sku: (one.price, one.source) for one in priced(shelf(held), "EUR")}
        decided = {sku: effective_price(organization, product) for sku, product in products.items()}
        assert shown == {sku: (found.price, found.source) for sku, found in decided.items() if found is not None}
    assert shown["OWN"][1] == shown["TIER"][1] == "list"
    assert set(priced_by_sku(terms, ["OWN", "USD", "GONE", "NEVER"])) == {"OWN"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("spain", {"ES-1", "EU-5"}),
        ("ES", {"ES-1", "EU-5"}),
        ("España", set()),
        ("europe 5", {"EU-5"}),
        ("france 5", {"EU-5"}),
        ("us-1", {"US-1"}),
        ("united states", {"US-1"}),
        ("USA", {"US-1"}),
        ("zz", set()),
        ("%", set()),
    ],
)
def test_it_is_searched_by_country_or_words(text: str, found: set[str]) -> None:
    terms = Terms.objects.create(organization=factories.organization(kind="reseller"), currency="EUR")
    for sku, name, countries in (
        ("ES-1", "Spain 1 GB", ["ES"]),
        ("EU-5", "Europe 5 GB", ["ES", "FR"]),
        ("US-1", "America 1 GB", ["US"]),
    ):
        product = factories.product(sku=sku, name=name, countries=countries)
        Price.objects.create(product=product, currency="EUR", amount_minor=900, valid_from=clock.now())

    assert set(shelf(terms).filter(matching(text)).values_list("sku", flat=True)) == found


def test_names_of_countries_need_no_accents() -> None:
    assert countries_named("turkiye") == countries_named("Türkiye") == countries_named("turkey") == ["TR"]
    assert countries_named("united a") == ["AE"]
    assert countries_named("") == countries_named("u") == []
