"""Taking an order in: whole, once, forwards only, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from simplane.core.models import DeadLetter, Event
from simplane.core.money import Money
from simplane.ordering.actions import accept_order, hold_order, map_line, release_order
from simplane.ordering.models import Compensation, Order, OrderLine, Unit
from tests import factories
from tests.ordering import incoming

pytestmark = pytest.mark.django_db


def waiting_jobs(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s", [name])
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def states() -> list[str]:
    return list(Unit.objects.order_by("pk").values_list("state", flat=True))


def test_a_line_of_three_owes_three_units_each_with_its_job() -> None:
    taken = accept_order(incoming.order(incoming.line(factories.product(), quantity=3)))
    assert (taken.created, taken.new_units, taken.state) == (True, 3, "open")
    assert list(Unit.objects.order_by("index").values_list("index", flat=True)) == [0, 1, 2]
    assert waiting_jobs("ordering.advance") == 3
    assert Unit.objects.filter(due_at__isnull=True).count() == 0


def test_the_same_order_again_changes_nothing() -> None:
    one = incoming.order(incoming.line(factories.product(), quantity=2))
    accept_order(one)
    again = accept_order(replace(one, source="reconciliation"))
    assert (again.created, again.new_units) == (False, 0)
    assert Unit.objects.count() == 2
    assert Order.objects.count() == 1
    assert waiting_jobs("ordering.advance") == 2


def test_an_older_version_changes_nothing() -> None:
    line = incoming.line(factories.product(), quantity=1)
    one = incoming.order(line)
    accept_order(one)
    older = replace(one, updated_at=one.updated_at - timedelta(minutes=1), cancelled_at=one.placed_at)
    accept_order(older)
    assert states() == ["waiting"]
    assert Order.objects.get().state == "open"


def test_what_is_not_paid_waits_and_owes_nothing() -> None:
    one = incoming.order(incoming.line(factories.product()), paid="authorized")
    assert accept_order(one).state == "awaiting_payment"
    assert Unit.objects.count() == 0
    paid = accept_order(replace(one, paid="paid", updated_at=one.updated_at + timedelta(seconds=9)))
    assert (paid.state, paid.new_units) == ("open", 1)


def test_in_a_mixed_cart_only_the_esim_is_owed() -> None:
    accept_order(incoming.order(incoming.line(factories.product()), incoming.line(None, quantity=2)))
    assert Unit.objects.count() == 1
    assert sorted(OrderLine.objects.values_list("state", flat=True)) == ["mapped", "not_ours"]


def test_an_unknown_sku_waits_for_a_person_and_the_rest_goes_on() -> None:
    unknown = incoming.line(None, kind="needs_mapping", sku="ESIM-XX", title="Atlantis 5 GB")
    accept_order(incoming.order(incoming.line(factories.product()), unknown))
    assert Unit.objects.count() == 1
    letter = DeadLetter.objects.get()
    assert (letter.cause, letter.money_minor, letter.money_currency) == ("sku_unknown", 1900, "EUR")
    line = OrderLine.objects.get(sku="ESIM-XX")
    map_line(line.pk, factories.product().pk)
    assert Unit.objects.count() == 2
    letter.refresh_from_db()
    assert letter.resolution == "mapped"


def test_a_free_order_is_served() -> None:
    line = incoming.line(factories.product(), unit_price=Money(0, "EUR"))
    assert accept_order(incoming.order(line)).new_units == 1


def test_two_buyers_without_an_address_are_two_customers() -> None:
    product = factories.product()
    accept_order(incoming.order(incoming.line(product), email=""))
    accept_order(incoming.order(incoming.line(product), email=""))
    assert Order.objects.values("customer").distinct().count() == 2


def test_one_buyer_spelled_in_two_cases_is_one_customer() -> None:
    product = factories.product()
    accept_order(incoming.order(incoming.line(product), email="Ana@Example.com "))
    accept_order(incoming.order(incoming.line(product), email="ana@example.com"))
    assert Order.objects.values("customer").distinct().count() == 1


def test_a_raised_quantity_owes_one_more() -> None:
    line = incoming.line(factories.product(), quantity=1)
    one = incoming.order(line)
    accept_order(one)
    raised = replace(
        one, lines=(replace(line, quantity=2, current=2),), updated_at=one.updated_at + timedelta(seconds=1)
    )
    assert accept_order(raised).new_units == 1


def test_a_hint_never_takes_units_back() -> None:
    line = incoming.line(factories.product(), quantity=2)
    one = incoming.order(line)
    accept_order(one)
    less = replace(
        one, lines=(replace(line, current=1),), complete=False, updated_at=one.updated_at + timedelta(seconds=1)
    )
    accept_order(less)
    assert states() == ["waiting", "waiting"]


def test_a_partial_refund_before_buying_cancels_the_youngest_unit() -> None:
    line = incoming.line(factories.product(), quantity=3)
    one = incoming.order(line)
    accept_order(one)
    less = replace(one, lines=(replace(line, current=2),), updated_at=one.updated_at + timedelta(seconds=1))
    assert accept_order(less).cancelled_units == 1
    assert states() == ["waiting", "waiting", "refunded"]
    assert accept_order(replace(less, updated_at=less.updated_at + timedelta(seconds=1))).new_units == 0


def test_after_a_refund_a_raised_quantity_makes_a_new_unit_with_a_new_index() -> None:
    line = incoming.line(factories.product(), quantity=2)
    one = incoming.order(line)
    accept_order(one)
    less = replace(one, lines=(replace(line, current=1),), updated_at=one.updated_at + timedelta(seconds=1))
    accept_order(less)
    more = replace(one, lines=(replace(line, quantity=3, current=2),), updated_at=one.updated_at + timedelta(seconds=2))
    assert accept_order(more).new_units == 1
    assert sorted(Unit.objects.values_list("index", "state")) == [(0, "waiting"), (1, "refunded"), (2, "waiting")]


def test_a_cancel_before_buying_ends_every_unit_and_the_order() -> None:
    one = incoming.order(incoming.line(factories.product(), quantity=2))
    accept_order(one)
    cancelled = replace(one, cancelled_at=one.placed_at, updated_at=one.updated_at + timedelta(seconds=1))
    assert accept_order(cancelled).cancelled_units == 2
    assert states() == ["cancelled", "cancelled"]
    assert Order.objects.get().state == "cancelled"


def test_a_cancel_while_the_supplier_works_waits_for_its_answer() -> None:
    one = incoming.order(incoming.line(factories.product()))
    accept_order(one)
    unit = Unit.objects.get()
    bought = factories.purchase(unit_id=unit.pk, state="pending")
    Unit.objects.update(state="pending", purchase=bought)
    accept_order(replace(one, cancelled_at=one.placed_at, updated_at=one.updated_at + timedelta(seconds=1)))
    unit.refresh_from_db()
    assert (unit.state, unit.cancel_wanted) == ("pending", "cancel")


def test_a_refund_after_delivery_opens_a_compensation_once() -> None:
    line = incoming.line(factories.product())
    one = incoming.order(line)
    accept_order(one)
    unit = Unit.objects.get()
    made = factories.line(unit_id=unit.pk)
    Unit.objects.update(state="delivered", line=made, purchase=made.purchase, due_at=None)
    back = replace(
        one, paid="refunded", lines=(replace(line, current=0),), updated_at=one.updated_at + timedelta(seconds=1)
    )
    accept_order(back)
    accept_order(replace(back, updated_at=back.updated_at + timedelta(seconds=1)))
    assert Compensation.objects.count() == 1
    assert waiting_jobs("ordering.compensate") == 1


def test_a_refund_takes_the_unit_that_is_not_installed() -> None:
    line = incoming.line(factories.product(), quantity=2)
    one = incoming.order(line)
    accept_order(one)
    first, second = Unit.objects.order_by("index")
    for unit, installed in ((first, None), (second, one.placed_at)):
        made = factories.line(unit_id=unit.pk, installed_at=installed)
        Unit.objects.filter(pk=unit.pk).update(state="delivered", line=made, due_at=None)
    less = replace(one, lines=(replace(line, current=1),), updated_at=one.updated_at + timedelta(seconds=1))
    accept_order(less)
    assert Compensation.objects.get().unit_id == first.pk


def test_a_held_order_owes_nothing_until_it_is_released() -> None:
    one = incoming.order(incoming.line(factories.product()), hold_reason="risk: high")
    assert accept_order(one).state == "held"
    assert Unit.objects.count() == 0
    release_order(Order.objects.get().pk)
    assert states() == ["waiting"]


def test_holding_an_open_order_keeps_its_units_from_going_on() -> None:
    accept_order(incoming.order(incoming.line(factories.product())))
    order = Order.objects.get()
    hold_order(order.pk, "the owner wants to look")
    order.refresh_from_db()
    assert (order.state, order.clock_next_at) == ("held", None)


def test_what_happened_stands_on_the_timeline() -> None:
    accept_order(incoming.order(incoming.line(factories.product())))
    names = list(Event.objects.order_by("pk").values_list("name", flat=True))
    assert names == ["OrderReceived", "UnitsOwed"]


def test_a_body_of_the_same_second_does_not_raise_what_a_read_took_back() -> None:
    line = incoming.line(factories.product(), quantity=2)
    one = incoming.order(line)
    accept_order(one)
    read = replace(one, lines=(replace(line, current=1),), updated_at=one.updated_at + timedelta(seconds=1))
    accept_order(read)
    accept_order(replace(one, updated_at=read.updated_at, complete=False))
    assert states() == ["waiting", "refunded"]


def test_an_address_that_comes_later_finds_its_customer() -> None:
    one = incoming.order(incoming.line(factories.product()), email="")
    accept_order(one)
    accept_order(replace(one, email="ana@example.com", updated_at=one.updated_at + timedelta(seconds=1)))
    assert Order.objects.get().customer.email == "ana@example.com"
