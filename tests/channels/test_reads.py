"""The present state of an order as the Admin API answers it, beside what the webhook of the same order says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from simplane.channels.models import Shop
from simplane.channels.shopify import body, graph, reads
from simplane.channels.shopify.text import parse
from simplane.channels.shopify.values import ShopOrder
from simplane.channels.shops import by_key
from simplane.core import clock
from simplane.core.money import Money
from simplane.ordering import actions as ordering
from simplane.ordering.models import Order
from tests.channels.helpers import Merchant, deliver, run, units_of
from tests.specs import load_spec
from tests.standins import receiving

CASE = {"sku": "CASE", "requires_shipping": True, "price": "12.50"}


def read(made: dict[str, Any]) -> ShopOrder:
    found = run(reads.fetch(by_key(Shop.objects.get().key), str(made["order_id"])))
    assert isinstance(found, ShopOrder)
    return found


def test_the_published_answer_is_understood() -> None:
    answer = load_spec("channels", "shopify", "examples", "graphql_reconcile.response.json")
    (node,) = answer["data"]["orders"]["nodes"]
    for line in node["lineItems"]["nodes"]:
        # The sample asks for other fields than we do.
        line["discountedUnitPriceAfterAllDiscountsSet"] = line["originalUnitPriceSet"]
    order = graph.read_order(parse(json.dumps(node).encode()))
    assert (order.external_id, order.paid, order.total) == ("1030447977509", "paid", Money(5540, "EUR"))
    assert [(line.external_id, line.sku, line.current) for line in order.lines] == [
        ("2424225652529", "ESIM-EU-5GB-30D", 2),
        ("4464879959348", "CASE-15-BLK", 1),
    ]
    assert (order.complete, order.refunded) == (True, Money(0, "EUR"))


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"total": "20.00"},
        {"presentment_currency": "USD", "presentment_rate": "1.1"},
        {"email": None},
        {"locale": None, "test": True},
    ],
    ids=["plain", "discount", "other currency", "no address", "test"],
)
def test_a_read_and_a_webhook_tell_the_same(shop: Shop, merchant: Merchant, order: dict[str, Any]) -> None:
    with receiving() as receiver:
        merchant.standin.settings(webhook_url=receiver.url, topics="orders/paid")
        made = merchant.sells({"quantity": 2}, CASE, {"sku": None, "custom": True, "title": "Help"}, **order)
        told = body.read_order(parse(receiver.next().body))
        merchant.standin.settings(webhook_url="")
    # A body names the person in its addresses, too; the Admin API is asked for the customer only.
    name = told.customer_name if told.email else ""
    assert read(made) == replace(told, complete=True, refunded=Money(0, told.total.currency), customer_name=name)


@pytest.mark.usefixtures("esim")
class TestTakenIn:
    def take(self, made: dict[str, Any]) -> Order:
        run(reads.take_in(Shop.objects.get().pk, str(made["order_id"])))
        return Order.objects.get(external_id=str(made["order_id"]))

    def test_a_discounted_unit_is_worth_what_was_paid_for_it(self, merchant: Merchant) -> None:
        made = merchant.sells({"quantity": 2}, total="19.00")
        self.take(made)
        assert [unit.price_minor for unit in units_of(made["order_id"])] == [950, 950]

    def test_an_order_held_for_its_missing_payment_goes_on_when_the_rest_is_paid(self, merchant: Merchant) -> None:
        made = merchant.sells(financial_status="partially_paid")
        assert self.take(made).state == "awaiting_payment"
        merchant.does("pay", made)
        order = self.take(made)
        assert (order.state, order.hold_reason, len(units_of(made["order_id"]))) == ("open", "", 1)

    def test_a_hold_of_the_intake_ends_when_its_reason_does(self, merchant: Merchant) -> None:
        Shop.objects.update(settings={"hold_above_units": 2})
        made = merchant.sells({"quantity": 3})
        assert self.take(made).state == "held"
        merchant.does("edit", made, remove={str(made["lines"][0]["id"]): 1})
        assert self.take(made).state == "open"
        assert len(units_of(made["order_id"])) == 2

    def test_what_a_person_has_let_go_on_is_not_held_again(self, merchant: Merchant) -> None:
        Shop.objects.update(settings={"free_orders": False})
        made = merchant.sells(total="0.00")
        order = self.take(made)
        assert order.state == "held"
        ordering.release_order(order.pk)
        deliver(made["order_id"])
        Order.objects.update(state="done")
        assert self.take(made).state == "done"

    @pytest.mark.parametrize("state", ["open", "done"])
    def test_an_order_edited_to_far_too_many_is_held(self, merchant: Merchant, state: str) -> None:
        Shop.objects.update(settings={"hold_above_units": 2})
        made = merchant.sells()
        self.take(made)
        Order.objects.update(state=state)
        merchant.does("edit", made, **{"raise": {str(made["lines"][0]["id"]): 5}})
        merchant.does("pay", made)
        assert self.take(made).state == "held"
        assert len(units_of(made["order_id"])) == 1

    def test_a_hold_of_a_person_does_not(self, merchant: Merchant) -> None:
        made = merchant.sells()
        order = self.take(made)
        Order.objects.filter(pk=order.pk).update(state="held", hold_reason="call the buyer first")
        assert self.take(made).state == "held"


def test_the_newest_read_counts_only_when_it_began_after_the_message(shop: Shop, merchant: Merchant) -> None:
    before = clock.now()
    made = merchant.sells({"sku": "CASE", "requires_shipping": True})
    run(reads.take_in(shop.pk, str(made["order_id"])))
    ref = by_key(shop.key)
    found = reads.read_since(ref, str(made["order_id"]), before, order_id=None)
    assert found == reads.Read(found=True, order_id=None)
    assert reads.read_since(ref, str(made["order_id"]), clock.now(), order_id=None) is None
    assert reads.read_since(ref, "4711", before, order_id=None) is None
