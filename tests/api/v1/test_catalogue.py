"""The catalogue by API: this account's prices, page by page, and what changed since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from simplane.catalog.actions import change_product, put_price, set_price
from simplane.catalog.models import Product, Terms, Tier, WholesalePrice
from simplane.catalog.price_list import settled
from simplane.catalog.terms import move_by_volume, set_terms
from simplane.catalog.values import ProductSpec
from simplane.catalog.wholesale import effective_price
from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.money import Money
from tests import factories
from tests.api.v1.calls import Program, program, sold

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def caller() -> Program:
    made = program()
    gold = Tier.objects.create(name="Gold", min_monthly_units=100)
    Terms.objects.filter(organization=made.organization).update(tier=gold)
    return made


def agreed(product: Product, minor: int, **given: Any) -> WholesalePrice:
    fields: dict[str, Any] = {"currency": "EUR", "valid_from": NOW - timedelta(hours=1), "proposed_by": "me"}
    approved = {"approved_by": "you", "approved_at": NOW - timedelta(hours=1)}
    return WholesalePrice.objects.create(product=product, amount_minor=minor, **fields | approved | given)


def test_every_product_has_the_price_that_an_order_would_cost(caller: Program) -> None:
    gold = Tier.objects.get()
    own, tier, listed, ended = (sold(f"P-{n}", 9_00) for n in range(4))
    agreed(own, 7_00, organization=caller.organization)
    agreed(own, 8_00, tier=gold)
    agreed(tier, 8_00, tier=gold)
    agreed(tier, 1_00, organization=caller.organization, valid_from=NOW + timedelta(days=1))
    agreed(ended, 1_00, tier=gold, valid_until=NOW)
    agreed(listed, 1_00, organization=program().organization)
    factories.product(sku="P-WITHOUT-PRICE")
    sold("P-GONE", active=False)

    shown = {one["sku"]: one["price"] for one in caller.get("/products").told["data"]}
    assert {sku: (price["amount_minor"], price["source"]) for sku, price in shown.items()} == {
        "P-0": (7_00, "customer"),
        "P-1": (8_00, "tier"),
        "P-2": (9_00, "list"),
        "P-3": (9_00, "list"),
    }
    for sku, price in shown.items():
        decided = effective_price(caller.organization, Product.objects.get(sku=sku))
        assert decided is not None
        assert (decided.price.minor, decided.source) == (price["amount_minor"], price["source"])
        assert caller.get(f"/products/{sku}").told["price"] == price


def test_products_are_filtered_and_come_page_by_page(caller: Program) -> None:
    sold("EU-5", name="Europe 5 GB", countries=["DE", "FR"], data_bytes=5_000_000_000)
    sold("EU-1", name="Europe 1 GB", countries=["DE", "FR"], data_bytes=1_000_000_000)
    sold("US-0", name="USA unlimited", countries=["US"], data_bytes=None)

    def skus(**query: Any) -> list[str]:
        return [one["sku"] for one in caller.get("/products", **query).told["data"]]

    assert skus(q="europe") == skus(country="FR") == ["EU-5", "EU-1"]
    assert skus(min_data_mb=5000) == ["EU-5", "US-0"]
    first = caller.get("/products", limit=2).told
    assert (len(first["data"]), skus(limit=2, cursor=first["next_cursor"])) == (2, ["US-0"])
    assert caller.get("/products", country="fr").code == "bad_parameter"


def test_what_did_not_change_is_not_sent_again(caller: Program) -> None:
    product = sold("EU-5")
    first = caller.get("/products")
    caller.headers["If-None-Match"] = first.headers["ETag"]
    again = caller.get("/products")
    assert (again.status, again.raw, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    agreed(product, 1_00, organization=caller.organization)
    assert caller.get("/products").status == 200


def test_a_page_takes_the_same_queries_however_long_it_is(caller: Program) -> None:
    counts = []
    for length in (1, 9):
        for number in range(length):
            sold(f"L{length}-{number}")
        caller.get("/products")
        with CaptureQueriesContext(
            connection,
        ) as taken:
            assert caller.get("/products").status == 200
        counts.append(len(taken))
    assert counts[0] == counts[1] <= 4


def test_a_product_that_is_not_there_is_told(caller: Program) -> None:
    answer = caller.get("/products/NOTHING-LIKE-IT")
    assert (answer.status, answer.code) == (404, "not_found")
    assert "GET /products" in answer.told["detail"]


def test_the_feed_tells_each_change_once_and_goes_on_from_there(
    caller: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        sold(f"P-{number}")

    def feed(**query: Any) -> tuple[list[str], dict[str, Any]]:
        told = caller.get("/products/changes", **query).told
        return [one["product"]["sku"] for one in told["data"]], told

    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=1))
    skus, first = feed(limit=2)
    rest, second = feed(since=first["next_cursor"])
    assert (sorted(skus + rest), first["has_more"], second["has_more"]) == (["P-0", "P-1", "P-2"], True, False)
    assert feed(since=second["next_cursor"]) == ([], second | {"data": []})

    set_price("P-1", Money(1_00, "EUR"))
    set_price("P-1", Money(1_00, "USD"))
    agreed(Product.objects.get(sku="P-2"), 1_00, organization=program().organization)
    change_product(_spec("P-0", active=False))
    assert feed(since=second["next_cursor"])[0] == []
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=2))
    skus, third = feed(since=second["next_cursor"])
    assert skus == ["P-0", "P-1"]
    assert [one["removed"] for one in third["data"]] == [True, False]
    assert third["data"][1]["product"]["price"]["amount_minor"] == 1_00
    assert feed(since=third["next_cursor"])[0] == []


def test_a_price_that_begins_or_ends_later_is_told_then(caller: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    product = sold("P-0")
    with transaction():
        put_price(product, Money(3_00, "EUR"), valid_from=NOW + timedelta(hours=1))
    agreed(product, 1_00, organization=caller.organization, valid_until=NOW + timedelta(hours=3))
    cursor = None
    seen = []
    for hours in (0.5, 2, 4, 5):
        monkeypatch.setattr(clock, "now", lambda hours=hours: NOW + timedelta(hours=hours))
        told = caller.get("/products/changes", **{"since": cursor} if cursor else {}).told
        seen.append([one["product"]["price"]["amount_minor"] for one in told["data"]])
        cursor = told["next_cursor"]
    assert seen == [[1_00], [1_00], [3_00], []]


@pytest.mark.parametrize("by", ["a person", "volume"])
def test_another_tier_changes_every_product(caller: Program, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    silver, owner = Tier.objects.create(name="Silver", min_monthly_units=10), caller.organization
    another = program().organization
    agreed(sold("P-0", 9_00), 5_00, tier=silver)
    sold("P-1", 9_00)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=1))
    cursor = caller.get("/products/changes").told["next_cursor"]
    set_terms(owner.pk, tier=Tier.objects.get(name="Gold"), pinned=True, max_order_minor=100)
    with transaction():
        move_by_volume(another.pk, silver, reason="another reseller's")
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=2))
    assert caller.get("/products/changes", since=cursor).told["data"] == []

    if by == "a person":
        set_terms(owner.pk, tier=silver, pinned=True, max_order_minor=100)
    else:
        with transaction():
            move_by_volume(owner.pk, silver, reason="12 eSIMs in 30 days")
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=3))
    told = caller.get("/products/changes", since=cursor).told["data"]
    assert [one["product"]["price"]["amount_minor"] for one in told] == [5_00, 9_00]


def test_what_a_long_transaction_writes_is_waited_for() -> None:
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as writer:
        writer.execute("SELECT pg_current_xact_id(), pg_sleep(0.05)")
        assert NOW - timedelta(minutes=2) < settled(timedelta(minutes=1)) <= NOW - timedelta(minutes=1, seconds=0.05)


def _spec(sku: str, **given: Any) -> ProductSpec:
    row = Product.objects.get(sku=sku)
    names = ProductSpec.__dataclass_fields__
    known = {name: getattr(row, name) for name in names}
    return ProductSpec(**known | {"countries": tuple(row.countries)} | given)
