"""Products, prices and margins; offers that changed; matches."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from simplane.catalog.models import ExchangeRate, Price, Product
from simplane.catalog.queries import rates_in_force
from simplane.core import clock
from simplane.core.models import AuditEntry
from simplane.core.money import Money
from simplane.routing import margins
from simplane.routing.models import Match
from simplane.suppliers.models import Offer
from tests import factories

FORM = {
    "sku": "PT-3GB-15D",
    "name": "Portugal 3 GB 15 days",
    "countries": "pt, es",
    "gigabytes": "3",
    "days": "15",
    "clock_start": "first_use",
    "voice_minutes": "0",
    "sms_count": "0",
    "min_margin": "100",
    "active": "on",
}


def _rate() -> None:
    ExchangeRate.objects.create(
        base="USD", quote="EUR", rate=Decimal("0.90"), valid_from=clock.now() - timedelta(days=1)
    )


def test_a_new_product_is_what_was_typed(console: Client) -> None:
    answer = console.post("/console/products/new/", FORM)

    made = Product.objects.get()
    assert answer.headers["Location"] == "/console/products/PT-3GB-15D/"
    assert (made.countries, made.data_bytes, made.days, made.min_margin_minor) == (["ES", "PT"], 3 * 10**9, 15, 100)


def test_no_data_means_unlimited(console: Client) -> None:
    console.post("/console/products/new/", FORM | {"gigabytes": ""})

    assert Product.objects.get().data_bytes is None


@pytest.mark.parametrize(
    "wrong", [{"countries": "Spain"}, {"days": "0"}, {"gigabytes": "-1"}, {"sku": ""}, {"clock_start": "never"}]
)
def test_a_product_that_can_not_be_is_refused_on_the_form(console: Client, wrong: dict[str, str]) -> None:
    answer = console.post("/console/products/new/", FORM | wrong)

    assert answer.status_code in (200, 422)
    assert 'role="alert"' in answer.content.decode()
    assert not Product.objects.exists()


def test_changing_a_product_keeps_exact_bytes(console: Client) -> None:
    product = factories.product(sku="X", data_bytes=1_073_741_824)
    form = console.get("/console/products/X/").context["form"].initial

    console.post("/console/products/X/edit/", FORM | form | {"name": "New name", "reason": "typo", "carrier": ""})

    product.refresh_from_db()
    assert (product.name, product.data_bytes) == ("New name", 1_073_741_824)
    assert AuditEntry.objects.get().reason == "typo"


def test_a_price_is_previewed_before_it_is_set(console: Client) -> None:
    _rate()
    match = factories.match(offer=factories.offer(cost_minor=300, currency="USD"))
    factories.price(product=match.product, amount_minor=900)
    page = f"/console/products/{match.product.sku}/"

    preview = console.get(page, {"price": "12.50", "currency": "eur"})

    assert preview.context["tried"] == Money(1250, "EUR")
    assert preview.context["margins"][0].left == Money(1250 - 270, "EUR")
    assert Price.objects.count() == 1

    console.post(f"{page}price/", {"price": "12.50", "currency": "EUR", "reason": "season"})

    newest = Price.objects.latest("valid_from")
    assert (newest.amount_minor, newest.currency, newest.reason) == (1250, "EUR", "season")


@pytest.mark.parametrize(("price", "currency"), [("12.505", "EUR"), ("x", "EUR"), ("1", "XXZ"), ("NaN", "EUR")])
def test_a_price_that_is_none_is_refused(console: Client, price: str, currency: str) -> None:
    product = factories.product()

    console.post(f"/console/products/{product.sku}/price/", {"price": price, "currency": currency})

    assert not Price.objects.exists()


@pytest.mark.django_db
def test_margins_take_cost_rounded_up_and_handling_off_the_price() -> None:
    _rate()
    supplier = factories.supplier(handling_minor=15)
    cheap = factories.offer(supplier=supplier, cost_minor=101, currency="USD")
    dear = factories.offer(supplier=supplier, cost_minor=999, currency="USD")
    unknown = factories.offer(supplier=supplier, cost_minor=1, currency="JPY")

    found = margins.of([dear, unknown, cheap], Money(900, "EUR"), rates_in_force())

    assert [(one.offer, one.left) for one in found] == [
        (cheap, Money(900 - 91 - 15, "EUR")),
        (dear, Money(900 - 900 - 15, "EUR")),
        (unknown, None),
    ]


@pytest.mark.django_db
def test_only_approved_active_offers_count() -> None:
    product = factories.product()
    kept = factories.match(product=product)
    factories.match(product=product, state="proposed")
    factories.match(product=product, offer=factories.offer(state="vanished"))

    assert margins.approved_offers([product]) == {product.pk: [kept.offer]}


def test_offers_are_found_by_supplier_country_state_and_days(console: Client) -> None:
    supplier = factories.supplier(code="one")
    kept = factories.offer(supplier=supplier, countries=["ES", "PT"], days=30, state="review")
    factories.offer(supplier=supplier, countries=["ES"], days=30)
    factories.offer(countries=["PT"], days=30, state="review")
    factories.offer(supplier=supplier, countries=["PT"], days=7, state="review")

    answer = console.get("/console/offers/?supplier=one&country=pt&state=review&days=30")

    assert answer.context["page"].rows == [kept]


def test_a_changed_offer_is_sold_again_once_a_person_says_so(console: Client) -> None:
    offer = factories.offer(state="review", review_reason="price rose")
    factories.offer_change(offer=offer)
    other = factories.offer(state="review")
    text = console.get("/console/offers/review/").content.decode()
    assert "$3.00 → $3.50" in " ".join(text.split())

    console.post("/console/offers/review/approve/", {"offer": [offer.pk], "note": "fine"})

    assert Offer.objects.get(pk=offer.pk).state == "active"
    assert Offer.objects.get(pk=other.pk).state == "review"


def test_matches_are_approved_and_rejected_in_bulk(console: Client) -> None:
    good = [factories.match(state="proposed") for _ in range(2)]
    bad = factories.match(state="proposed")

    console.post("/console/matching/decide/", {"verdict": "approve", "match": [one.pk for one in good]})
    console.post("/console/matching/decide/", {"verdict": "reject", "match": [bad.pk]})

    assert dict(Match.objects.values_list("pk", "state")) == {
        good[0].pk: "approved",
        good[1].pk: "approved",
        bad.pk: "rejected",
    }


def test_a_broken_promise_approves_none_of_them(console: Client) -> None:
    good = factories.match(state="proposed")
    short = factories.match(state="proposed", offer=factories.offer(days=1))

    answer = console.post(
        "/console/matching/decide/", {"verdict": "approve", "match": [good.pk, short.pk]}, follow=True
    )

    assert "does not keep the promise" in answer.content.decode()
    assert set(Match.objects.values_list("state", flat=True)) == {"proposed"}


def test_deciding_on_nothing_says_so(console: Client) -> None:
    answer = console.post("/console/matching/decide/", {"verdict": "approve"}, follow=True)

    assert "nothing is selected" in answer.content.decode()


def test_proposing_finds_what_fits(console: Client) -> None:
    product = factories.product(countries=["ES"])
    offer = factories.offer(countries=["ES"])
    factories.offer(countries=["PT"])

    console.post("/console/matching/propose/")

    assert Match.objects.values_list("product", "offer", "state").get() == (product.pk, offer.pk, "proposed")


def test_approved_matches_whose_offer_changed_are_listed(console: Client) -> None:
    stale = factories.match(offer_hash="old")
    factories.match()

    assert console.get("/console/matching/?state=stale").context["page"].rows == [stale]
