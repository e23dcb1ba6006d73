"""Proposing, approving and rejecting matches."""

from __future__ import annotations

from typing import Any

import pytest

from simplane.catalog.models import Product
from simplane.core import jobs
from simplane.core.models import AuditEntry
from simplane.routing import matching, queries
from simplane.routing.errors import BrokenPromise, UnknownMatch
from simplane.routing.models import Match
from simplane.suppliers.models import Offer, Supplier
from tests import factories

pytestmark = pytest.mark.django_db
GB = 1_000_000_000


@pytest.fixture
def product() -> Product:
    return factories.product(sku="ES-5", countries=["ES"], data_bytes=5 * GB, days=30)


@pytest.fixture
def supplier() -> Supplier:
    return factories.supplier()


def offered(supplier: Supplier, **given: Any) -> Offer:
    """An offer of 5 GB in Spain for 30 days."""
    return factories.offer(**{"supplier": supplier, "countries": ["ES"], "data_bytes": 5 * GB, "days": 30} | given)


def test_offers_that_keep_the_promise_are_proposed_with_score_and_words(product: Product, supplier: Supplier) -> None:
    exact = offered(supplier)
    more = offered(supplier, days=60, countries=["ES", "FR"])

    made = matching.propose()

    assert (made.new, made.renewed, made.withdrawn) == (2, 0, 0)
    first, second = queries.matches(product_id=product.pk)
    assert (first.offer, first.state, first.score, first.differences) == (exact, "proposed", 100, [])
    assert (second.offer, second.score) == (more, 93)
    assert second.differences == ["60 days instead of 30", "1 more country"]
    assert first.offer_hash == exact.content_hash


@pytest.mark.parametrize(
    "less",
    [
        {"days": 29},
        {"data_bytes": 4 * GB},
        {"countries": ["FR"]},
        {"daily": True},
        {"data_bytes": None},
        {"clock_start": "install"},
    ],
)
def test_an_offer_that_lacks_something_is_not_proposed(
    product: Product, supplier: Supplier, less: dict[str, Any]
) -> None:
    offered(supplier, **less)

    assert matching.propose().new == 0


def test_vanished_offers_and_retired_products_are_left_out(product: Product, supplier: Supplier) -> None:
    offered(supplier, state=Offer.State.VANISHED)
    factories.product(active=False, countries=["ES"], data_bytes=GB, days=1)
    offered(supplier, state=Offer.State.REVIEW)

    assert matching.propose().new == 1


def test_proposing_again_changes_nothing(product: Product, supplier: Supplier) -> None:
    offered(supplier)
    matching.propose()
    before = list(Match.objects.values())

    again = matching.propose()

    assert (again.new, again.renewed, again.withdrawn) == (0, 0, 0)
    assert list(Match.objects.values()) == before


def test_only_the_nearest_and_the_cheapest_of_a_supplier_are_proposed(product: Product, supplier: Supplier) -> None:
    for extra in range(40):
        offered(supplier, days=30 + extra, cost_minor=1000 - extra)

    matching.propose()

    days = sorted(Match.objects.values_list("offer__days", flat=True))
    assert days == [*range(30, 40), *range(60, 70)]


def test_a_proposal_that_no_longer_holds_is_withdrawn(product: Product, supplier: Supplier) -> None:
    offer = offered(supplier)
    matching.propose()
    Offer.objects.filter(pk=offer.pk).update(days=1)

    assert matching.propose().withdrawn == 1
    assert Match.objects.count() == 0


def test_one_suppliers_round_leaves_proposals_of_others(product: Product, supplier: Supplier) -> None:
    offered(supplier)
    other = offered(factories.supplier())
    matching.propose()
    Offer.objects.filter(pk=other.pk).update(days=1)

    assert matching.propose(supplier_id=supplier.pk).withdrawn == 0
    assert matching.propose(supplier_id=other.supplier_id).withdrawn == 1


def test_news_of_a_changed_catalogue_proposes_what_now_fits(product: Product, supplier: Supplier) -> None:
    offered(supplier)
    function: Any = jobs.registered()["routing.propose"].function

    function(supplier_id=supplier.pk)

    assert Match.objects.get().state == "proposed"


def test_a_round_for_some_products_leaves_the_others(product: Product, supplier: Supplier) -> None:
    factories.product(countries=["ES"], data_bytes=GB, days=1)
    offered(supplier)

    assert matching.propose(product_ids=[product.pk]).new == 1


def test_reviewed_matches_stay_as_they_are(product: Product, supplier: Supplier) -> None:
    approved = factories.match(product=product, offer=offered(supplier))
    rejected = factories.match(product=product, offer=offered(supplier), state="rejected")
    Offer.objects.filter(pk=approved.offer_id).update(content_hash="changed", days=1)

    assert matching.propose().new == 0
    approved.refresh_from_db()
    rejected.refresh_from_db()
    assert (approved.state, approved.offer_hash == "changed", rejected.state) == ("approved", False, "rejected")


def test_a_rejected_offer_comes_up_again_when_its_content_is_another(product: Product, supplier: Supplier) -> None:
    match = factories.match(product=product, offer=offered(supplier), state="rejected")
    Offer.objects.filter(pk=match.offer_id).update(content_hash="changed")

    assert matching.propose().renewed == 1
    match.refresh_from_db()
    assert match.state == "proposed"


def test_approving_notes_who_and_the_content_agreed_to(product: Product, supplier: Supplier) -> None:
    match = factories.match(product=product, offer=offered(supplier), state="proposed", offer_hash="old")

    assert matching.approve([match.pk], note="same thing") == 1

    match.refresh_from_db()
    entry = AuditEntry.objects.get(action="match.approved")
    assert (match.state, match.offer_hash, match.reviewed_by) == ("approved", match.offer.content_hash, "system")
    assert (entry.entity_id, entry.reason) == (str(match.pk), "same thing")
    assert entry.after == {"state": "approved", "product": "ES-5", "offer": match.offer.code}


def test_what_breaks_the_promise_can_not_be_approved_and_nothing_of_it_is(product: Product, supplier: Supplier) -> None:
    fine = factories.match(product=product, offer=offered(supplier), state="proposed")
    short = factories.match(product=product, offer=offered(supplier, days=7), state="proposed")

    with pytest.raises(BrokenPromise, match="7 days instead of 30"):
        matching.approve([fine.pk, short.pk])

    assert set(Match.objects.values_list("state", flat=True)) == {"proposed"}
    assert AuditEntry.objects.count() == 0


def test_rejecting_is_audited(product: Product, supplier: Supplier) -> None:
    match = factories.match(product=product, offer=offered(supplier))

    matching.reject([match.pk], note="slow network")

    match.refresh_from_db()
    assert match.state == "rejected"
    assert AuditEntry.objects.get().reason == "slow network"


def test_a_match_that_is_gone_is_refused(product: Product) -> None:
    with pytest.raises(UnknownMatch):
        matching.approve([0])


def test_approving_a_reviewed_offer_renews_its_matches_that_still_hold(product: Product, supplier: Supplier) -> None:
    offer = offered(supplier, state=Offer.State.REVIEW, review_reason="content changed", content_hash="new")
    holds = factories.match(product=product, offer=offer, offer_hash="old")
    wider = factories.product(countries=["ES", "FR"], data_bytes=GB, days=1)
    broken = factories.match(product=wider, offer=offer, offer_hash="old")

    assert matching.approve_offers([offer.pk], note="looked") == 1

    offer.refresh_from_db()
    holds.refresh_from_db()
    broken.refresh_from_db()
    assert (offer.state, offer.review_reason) == ("active", "")
    assert (holds.offer_hash, broken.offer_hash) == ("new", "old")


def test_what_waits_for_a_person_is_counted(product: Product, supplier: Supplier) -> None:
    factories.match(product=product, offer=offered(supplier), state="proposed")
    factories.match(product=product, offer=offered(supplier, state=Offer.State.REVIEW))
    factories.match(product=product, offer=offered(supplier), offer_hash="old")
    offered(supplier, state=Offer.State.REVIEW)

    assert queries.to_review() == {"proposed": 1, "offers": 1, "stale": 1}
    assert queries.offers_in_review(only_matched=False).count() == 2


def test_lists_are_read_without_their_large_fields(product: Product, django_assert_num_queries: Any) -> None:
    factories.receipt(product=product, unit_id=7)
    factories.match(product=product)
    factories.rule(product=product)

    with django_assert_num_queries(3):
        assert [
            one.chosen.supplier.vendor for one in queries.receipts(unit_id=7, product_id=product.pk) if one.chosen
        ] == ["esimgo"]
        assert [one.offer.supplier.vendor for one in queries.matches(state="approved")] == ["esimgo"]
        assert [one.reason for one in queries.rules_in_force()] == ["quality"]
