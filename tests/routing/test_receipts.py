"""Receipts of decisions: gone through again, tampered with, and explained without deciding."""

from __future__ import annotations

import pytest
from django.db import connection

from simplane.catalog.errors import BadPrice, UnknownProduct
from simplane.catalog.models import Product
from simplane.routing.actions import explain, replay
from simplane.routing.errors import UnknownReceipt
from simplane.routing.models import Receipt
from simplane.suppliers.models import Offer
from tests import factories
from tests.routing.deciding import decide, sold

pytestmark = pytest.mark.django_db


def test_a_decision_can_be_gone_through_again(product: Product) -> None:
    sold(product, 300)
    sold(product, 400)
    sold(product, 500, supplier=factories.supplier(paused_reason="asleep"))
    factories.rule(kind="prefer", product=product, amount_minor=10)
    chosen = decide(product)
    Offer.objects.update(cost_minor=1)

    again = replay(chosen.receipt_id)

    assert again.same is True
    assert again.version == again.version_now
    assert [one["verdict"] for one in again.again] == ["chosen", "ranked", "refused"]


def test_a_receipt_that_was_tampered_with_is_noticed(product: Product) -> None:
    sold(product, 300)
    chosen = decide(product)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routing_receipt SET candidates = jsonb_set(candidates, '{0,value_minor}', '1') WHERE id = %s",
            [chosen.receipt_id],
        )

    assert replay(chosen.receipt_id).same is False


def test_a_receipt_whose_facts_are_of_another_kind_is_shown_as_not_the_same(product: Product) -> None:
    receipt = factories.receipt(product=product, version=0)

    again = replay(receipt.pk)

    assert (again.same, again.version, again.again) == (False, 0, [])


def test_there_is_no_replay_of_a_receipt_that_is_not_there() -> None:
    with pytest.raises(UnknownReceipt):
        replay(0)


def test_explaining_writes_nothing_and_shows_unapproved_offers_too(product: Product) -> None:
    factories.price(product=product, amount_minor=900)
    offer = sold(product)
    factories.match(product=product, state="proposed")

    found = explain(product.sku)

    assert Receipt.objects.count() == 0
    assert (found.facts.price_minor, found.facts.currency) == (900, "EUR")
    assert found.ranking.chosen is not None
    assert found.ranking.chosen.offer_id == offer.pk
    assert found.ranking.verdicts[1].reasons == ("match is proposed, not approved",)


def test_explaining_needs_a_known_product_and_a_price(product: Product) -> None:
    with pytest.raises(UnknownProduct):
        explain("NOTHING")
    with pytest.raises(BadPrice):
        explain(product.sku)
