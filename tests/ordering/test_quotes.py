"""A quote promises today's price of a reseller for a while; an order uses it once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from simplane.catalog.errors import NoPrice
from simplane.catalog.jobs import old_quotes
from simplane.catalog.models import Price, Quote
from simplane.catalog.wholesale import make_quote
from simplane.core import clock
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.ordering.placing import LineWanted, place_one
from tests import factories
from tests.ordering.wholesale import own_price, reseller, sold

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_noon")]


def test_a_quoted_price_is_honoured_although_it_rose(database: Any) -> None:
    who, product = reseller(), sold("EU-5", 4_50)
    own_price(product, 4_00, organization=who.organization)
    made = make_quote(who.organization, "EU-5", 2)
    product.wholesale_prices.all().delete()
    Price.objects.update(amount_minor=9_00)

    answer = place_one(database, who.order(LineWanted("EU-5", 2, quote=made.public_id)))

    assert (made.amount_minor, made.quantity, made.currency) == (4_00, 2, "EUR")
    assert json.loads(answer.body or "")["total_minor"] == 8_00
    assert place_one(database, who.order(LineWanted("EU-5", 2, quote=made.public_id))).code == "quote_used"


@pytest.mark.parametrize(
    ("sku", "quantity", "problem"),
    [("NO", 1, NotFound), ("OLD", 1, NotFound), ("US-1", 1, NoPrice), ("EU-5", 0, BadInput), ("EU-5", 1001, BadInput)],
)
def test_what_can_not_be_quoted_is_refused(sku: str, quantity: int, problem: type[Refusal]) -> None:
    who = reseller()
    sold("EU-5")
    sold("OLD", active=False)
    sold("US-1", None)

    with pytest.raises(problem):
        make_quote(who.organization, sku, quantity)

    assert not Quote.objects.exists()


def test_an_account_without_terms_has_no_price() -> None:
    sold("EU-5")

    with pytest.raises(NoPrice):
        make_quote(factories.organization(kind="reseller"), "EU-5", 1)


def test_quotes_that_ended_unused_go_after_ninety_days() -> None:
    who, _ = reseller(), sold("EU-5", 4_50)
    fresh, old, used = (make_quote(who.organization, "EU-5", 1) for _ in range(3))
    Quote.objects.exclude(pk=fresh.pk).update(expires_at=clock.now() - timedelta(days=91))
    Quote.objects.filter(pk=used.pk).update(used_at=clock.now() - timedelta(days=91))

    assert old_quotes() == {"quotes": 1}
    assert not Quote.objects.filter(pk=old.pk).exists()
    assert Quote.objects.count() == 2
