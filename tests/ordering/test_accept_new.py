"""The short way of a plain new order writes what the long way writes, and leaves everything else to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from simplane.core.db import transaction
from simplane.core.models import Event
from simplane.ordering.actions.accept import _accept
from simplane.ordering.actions.accept_new import accept_new, accept_new_many
from simplane.ordering.models import Customer, Order, Unit
from simplane.ordering.values import IncomingOrder
from tests import factories
from tests.ordering import incoming

pytestmark = pytest.mark.django_db(transaction=True)
OWN = {"id", "public_id", "order_id", "order_line_id", "customer_id", "external_id", "external_order", "request_id"}


def plain(number: int) -> IncomingOrder:
    """Two of one eSIM and a thing of the merchant's own."""
    product = factories.product(sku=f"ESIM-{number}")
    lines = (
        incoming.line(product, quantity=2, external_id="l-1"),
        replace(incoming.line(product, external_id="l-2"), kind="not_ours", product_id=None),
    )
    return incoming.order(*lines, external_id=f"o-{number}", email=f"buyer{number}@shop.example")


def written(order: Order) -> dict[str, Any]:
    """Everything of an order but keys and moments."""
    tables = {"order": [order], "lines": order.lines.order_by("pk"), "units": order.units.order_by("pk")}
    found: dict[str, Any] = {
        name: [
            {
                key: value is not None if key.endswith(("_at", "product_id")) else value
                for key, value in vars(row).items()
                if key not in OWN and not key.startswith("_")
            }
            for row in rows
        ]
        for name, rows in tables.items()
    }
    found["events"] = list(Event.objects.filter(order_id=order.pk).order_by("pk").values_list("name", flat=True))
    found["customer"] = order.customer.name
    return found


def queued() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'ordering.advance'")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def test_both_ways_write_the_same() -> None:
    one = plain(1)
    quick = accept_new(one)
    assert quick is not None
    assert queued() == 2
    long = _accept(replace(one, external_id="o-2", email="other@shop.example"))
    assert queued() == 4
    assert replace(quick, order_id=0) == replace(long, order_id=0)
    short_way, long_way = (written(Order.objects.get(pk=one.order_id)) for one in (quick, long))
    assert short_way == long_way
    assert list(Unit.objects.filter(order_id=quick.order_id).order_by("pk").values_list("index", flat=True)) == [0, 1]


def test_an_order_that_is_here_is_left_to_the_long_way() -> None:
    one = plain(1)
    assert accept_new(one) is not None
    assert accept_new(one) is None
    assert (Order.objects.count(), Unit.objects.count(), Customer.objects.count()) == (1, 2, 1)


def test_a_buyer_whose_orders_wait_is_left_to_the_long_way() -> None:
    one = plain(1)
    made = accept_new(one)
    assert made is not None
    Customer.objects.update(hold_reason="disputed before")
    assert accept_new(replace(one, external_id="o-9")) is None
    assert Order.objects.count() == 1


def test_several_are_taken_at_once_and_of_one_buyer_or_one_order_only_the_first() -> None:
    one, two, three = plain(1), plain(2), plain(3)
    waits = replace(plain(4), paid="pending")
    same_buyer = replace(three, external_id="o-9", email=two.email)
    told = [("r-1", one), ("r-2", two), ("r-3", one), ("r-4", same_buyer), ("r-5", waits), ("r-6", three)]
    with transaction():
        answers = accept_new_many(told)
    taken = [Order.objects.get(pk=one.order_id).external_id if one else None for one in answers]
    assert taken == ["o-1", "o-2", None, None, None, "o-3"]
    assert [one.new_units for one in answers if one] == [2, 2, 2]
    for order in Order.objects.all():
        assert list(order.units.values_list("external_order", flat=True)) == [order.external_id] * 2
        assert order.customer.email == f"buyer{order.external_id[2:]}@shop.example"
    stories = Event.objects.filter(name="UnitsOwed").order_by("pk").values_list("request_id", flat=True)
    assert list(stories) == ["r-1", "r-2", "r-6"]


@pytest.mark.parametrize(
    "change",
    [{"paid": "pending"}, {"hold_reason": "looks odd"}, {"email": ""}, {"locale": ""}, {"lines": ()}],
)
def test_what_is_not_plain_changes_nothing(change: dict[str, Any]) -> None:
    assert accept_new(replace(plain(1), **change)) is None
    assert (Order.objects.count(), Customer.objects.count()) == (0, 0)
