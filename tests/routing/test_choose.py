"""A decision from the tables: what is collected, what counts, and its receipt."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from simplane.catalog.actions import change_product, set_rate
from simplane.catalog.models import Product
from simplane.catalog.values import ProductSpec
from simplane.core import clock
from simplane.core.money import Money
from simplane.routing.actions import choose
from simplane.routing.models import Receipt
from simplane.suppliers.breakers import breaker
from simplane.suppliers.models import Offer, Supplier
from tests import factories
from tests.routing.deciding import NINE_EUROS, candidates, decide, sold

pytestmark = pytest.mark.django_db


def test_the_best_offer_is_chosen_with_its_supplier_and_a_receipt(product: Product) -> None:
    sold(product, 400)
    cheap = sold(product, 300)

    chosen = decide(product)

    receipt = Receipt.objects.get(pk=chosen.receipt_id)
    assert (chosen.offer, chosen.supplier, chosen.temporary) == (cheap, cheap.supplier, False)
    assert (receipt.unit_id, receipt.chosen, receipt.price_minor, receipt.currency) == (1, cheap, 900, "EUR")
    assert [one["verdict"] for one in receipt.candidates] == ["chosen", "ranked"]
    assert chosen.why.startswith(f"{cheap.supplier.code} {cheap.code}: expected value 5.9")


def test_the_chosen_offer_can_be_bought_with_at_once(product: Product) -> None:
    supplier = factories.supplier(credentials={"api_key": "k"}, options={"version": "2.4"})
    sold(product, supplier=supplier, networks=[{"country": "ES"}])

    chosen = decide(product)

    assert chosen.offer is not None
    assert chosen.supplier is not None
    assert chosen.offer.get_deferred_fields() == {"raw", "networks"}
    assert chosen.offer.supplier is chosen.supplier
    assert (chosen.offer.countries, chosen.offer.supplier_price) == (["ES"], "3.00")
    assert (chosen.supplier.credentials, chosen.supplier.options) == ({"api_key": "k"}, {"version": "2.4"})
    assert chosen.offer.networks == [{"country": "ES"}]


def test_a_decision_takes_three_statements(product: Product, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    sold(product)
    decide(product)

    with django_assert_num_queries(3):
        choose(
            unit_id=1,
            product=product,
            price=NINE_EUROS,
            refused_offers=frozenset(),
            refused_groups=frozenset(),
            stand_ins_only=False,
        )


def test_cost_is_compared_in_the_currency_of_the_price_rounded_up(product: Product) -> None:
    sold(product, 301)

    facts = Receipt.objects.get(pk=decide(product).receipt_id).facts

    assert facts["candidates"][0]["cost_minor"] == 277  # 276.92
    assert facts["candidates"][0]["cost"] == "3.01 USD"


def test_a_price_in_a_currency_without_rate_buys_nothing(product: Product) -> None:
    sold(product)

    chosen = decide(product, Money(900, "CHF"))

    assert (chosen.offer, chosen.temporary) == (None, False)
    assert chosen.why == "no offer may be bought: 1 × no exchange rate leads from USD to CHF"


def test_a_rate_set_a_moment_ago_counts(product: Product) -> None:
    sold(product)
    decide(product, Money(900, "CHF"))
    set_rate("USD", "CHF", Decimal("0.80"))

    assert decide(product, Money(900, "CHF")).offer is not None


def test_nothing_approved_is_said_with_what_waits(product: Product) -> None:
    factories.match(product=product, state="proposed")
    factories.match(product=product, state="rejected")

    chosen = decide(product)

    assert chosen.why == f"no offer is approved for {product.sku}; 2 proposed or rejected"
    assert candidates(chosen) == [
        {
            "offer_id": None,
            "supplier": "",
            "code": "",
            "value_minor": None,
            "verdict": "not listed",
            "reasons": ["2 × match is not approved"],
        }
    ]


def test_content_changed_since_review_is_not_sold(product: Product) -> None:
    offer = sold(product)
    Offer.objects.filter(pk=offer.pk).update(content_hash="other")

    assert candidates(decide(product))[0]["reasons"] == ["the offer's content changed since its match was reviewed"]


def test_a_product_that_promises_more_than_before_is_not_served_by_the_old_offer(product: Product) -> None:
    sold(product)
    spec = ProductSpec(sku=product.sku, name=product.name, countries=("ES", "FR"), data_bytes=1_000_000_000, days=7)
    change_product(spec)
    product.refresh_from_db()

    assert candidates(decide(product))[0]["reasons"] == ["does not keep the promise: does not cover FR"]


def test_a_carrier_that_left_the_networks_is_noticed_without_review(product: Product) -> None:
    movistar = {"country": "ES", "operator": "Movistar", "technology": "5G"}
    Product.objects.filter(pk=product.pk).update(carrier="Movistar")
    product.refresh_from_db()
    offer = sold(product, networks=[movistar])
    assert decide(product).offer == offer

    Offer.objects.filter(pk=offer.pk).update(networks=[])

    reason = "does not keep the promise: Movistar is not among its networks in ES"
    assert candidates(decide(product))[0]["reasons"] == [reason]


@pytest.mark.parametrize(
    ("supplier", "temporary"),
    [
        ({"active": False}, False),
        ({"paused_reason": "key: wrong"}, True),
        ({"float_minor": 299, "float_currency": "USD"}, True),
    ],
)
def test_a_supplier_that_can_not_sell_now_is_passed_over(
    product: Product, supplier: dict[str, Any], temporary: bool
) -> None:
    sold(product, supplier=factories.supplier(**supplier))

    chosen = decide(product)

    assert (chosen.offer, chosen.supplier, chosen.temporary) == (None, None, temporary)


@pytest.mark.parametrize(
    "supplier",
    [
        {"paused_reason": "breaker", "paused_until": clock.now() - timedelta(minutes=1)},
        {"float_minor": 300, "float_currency": "USD"},
        {"float_minor": 1, "float_currency": "EUR"},
        {"float_minor": None},
    ],
)
def test_an_ended_pause_and_an_unknown_balance_stop_nothing(product: Product, supplier: dict[str, Any]) -> None:
    offer = sold(product, supplier=factories.supplier(**supplier))

    assert decide(product).offer == offer


def test_what_refused_this_unit_is_not_asked_again(product: Product) -> None:
    first, second = sold(product, 300), sold(product, 310)
    third = sold(product, 320)

    chosen = decide(
        product, refused_offers=frozenset({first.pk}), refused_groups=frozenset({second.supplier.upstream_group})
    )

    assert chosen.offer == third


def test_a_test_order_goes_only_to_a_stand_in(product: Product) -> None:
    sold(product, 100, supplier=factories.supplier(is_stand_in=False))
    stand_in = sold(product, 300)

    assert decide(product, stand_ins_only=True).offer == stand_in


def test_something_given_away_is_bought_against_its_list_price(product: Product) -> None:
    factories.price(product=product, amount_minor=900)
    sold(product, 400)
    cheap = sold(product, 300)

    chosen = decide(product, Money(0, "EUR"))

    assert chosen.offer == cheap
    assert Receipt.objects.get(pk=chosen.receipt_id).facts["worth_minor"] == 900


def test_own_purchases_tell_how_reliable_and_fast_a_supplier_is(product: Product) -> None:
    offer = sold(product)
    bought(offer, 3, seconds=4)
    bought(offer, 1, state="rejected", outcome="permanent")
    bought(offer, 5, state="rejected", outcome="blocked")

    facts = Receipt.objects.get(pk=decide(product).receipt_id).facts["candidates"][0]

    assert {name: facts[name] for name in ("ok", "bad", "supplier_ok", "supplier_bad", "median_ms")} == {
        "ok": 3,
        "bad": 1,
        "supplier_ok": 3,
        "supplier_bad": 1,
        "median_ms": 4000,
    }


def bought(offer: Offer, count: int, *, seconds: int = 1, state: str = "bought", outcome: str = "ok") -> None:
    now = clock.now()
    for _ in range(count):
        factories.purchase(
            offer=offer,
            state=state,
            outcome=outcome,
            unit_id=factories.number(),
            requested_at=now - timedelta(seconds=seconds),
            answered_at=now,
        )


def test_a_group_that_does_not_answer_is_left_alone_for_a_while(product: Product) -> None:
    sick = sold(product, 300)
    sound = sold(product, 500)
    bought(sick, 10, state="unknown", outcome="unknown")

    chosen = decide(product)

    group = sick.supplier.upstream_group
    assert chosen.offer == sound
    assert candidates(chosen)[1]["reasons"] == [f"upstream group {group} does not answer at present"]


def test_the_whole_upstream_group_is_left_alone(product: Product) -> None:
    sick = sold(product, 300)
    sold(product, 300, supplier=factories.supplier(upstream_group=sick.supplier.upstream_group))
    bought(sick, 10, state="rejected", outcome="retryable")

    chosen = decide(product)

    assert (chosen.offer, chosen.temporary) == (None, True)


def test_an_open_breaker_counts_as_no_answer(product: Product) -> None:
    offer = sold(product, 300)
    breaker(offer.supplier.code, "order", failures=1, reset_seconds=60).failed()

    assert (decide(product).offer, decide(product).temporary) == (None, True)


def test_rules_of_other_products_and_ended_ones_do_not_count(product: Product) -> None:
    offer = sold(product)
    factories.rule(kind="exclude", product=factories.product(), supplier=offer.supplier)
    factories.rule(kind="exclude", offer=offer, active=False)
    factories.rule(kind="exclude", offer=offer, valid_until=clock.now() - timedelta(minutes=1))

    assert decide(product).offer == offer


def test_a_rule_of_this_product_counts(product: Product) -> None:
    offer = sold(product)
    made = factories.rule(kind="exclude", product=product, supplier=offer.supplier, reason="too many complaints")

    assert candidates(decide(product))[0]["reasons"] == [f"excluded by rule {made.pk}: too many complaints"]


def test_of_many_candidates_the_best_are_listed_and_the_rest_counted(product: Product) -> None:
    supplier = factories.supplier()
    for number in range(55):
        sold(product, 300 + number, supplier=supplier)

    listed = candidates(decide(product))

    assert len(listed) == 51
    assert listed[50]["reasons"] == ["5 × worth less"]


def test_a_top_up_promise_asks_the_suppliers_capabilities(product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(top_up=True)
    product.refresh_from_db()
    offer = sold(product, top_up=True)
    sold(product, 100, top_up=False)

    assert decide(product).offer == offer


def test_suppliers_without_purchases_are_known_to_be_without(product: Product) -> None:
    Supplier.objects.filter(pk=sold(product).supplier_id).update(handling_minor=5)

    facts = Receipt.objects.get(pk=decide(product).receipt_id).facts["candidates"][0]

    assert (facts["supplier_ok"], facts["median_ms"], facts["handling_minor"]) == (0, None, 5)
