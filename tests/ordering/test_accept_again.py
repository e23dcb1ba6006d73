"""What a later message about a known order does, and above all what it must not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.models import DeadLetter, Event
from simplane.ordering.actions import (
    accept_order,
    cancel_unit,
    hold_order,
    map_line,
    redact_customer,
    release_order,
    retry_unit,
    tick,
)
from simplane.ordering.actions.compensate import Finding, _keep
from simplane.ordering.models import Compensation, Customer, Order, OrderLine, Unit
from simplane.ordering.moves import finish_order
from simplane.ordering.values import IncomingOrder
from simplane.suppliers.models import Purchase
from tests import factories
from tests.ordering import incoming

pytestmark = pytest.mark.django_db


def later(one: IncomingOrder, seconds: int = 1, **changes: Any) -> IncomingOrder:
    return replace(one, updated_at=one.updated_at + timedelta(seconds=seconds), **changes)


def states() -> list[str]:
    return list(Unit.objects.order_by("pk").values_list("state", flat=True))


def order_now() -> Order:
    return Order.objects.get()


def sent(state: str) -> Unit:
    """The one unit was sent to a supplier that has not answered."""
    unit = Unit.objects.get()
    purchase = factories.purchase(unit_id=unit.pk, state={"buying": "requested"}.get(state, state))
    Unit.objects.update(state=state, purchase=purchase)
    return Unit.objects.get()


def delivered() -> Unit:
    """Every unit is with its buyer, and the order is done."""
    for unit in Unit.objects.filter(line=None):
        line = factories.line(unit_id=unit.pk)
        Unit.objects.filter(pk=unit.pk).update(state="delivered", line=line, purchase=line.purchase, due_at=None)
    with transaction():
        finish_order(order_now().pk)
    return Unit.objects.latest("pk")


def taken_back(state: str = "done") -> None:
    """The supplier was asked about the open compensation."""
    row = Compensation.objects.select_related("unit__line").get(state="open")
    assert row.unit.line is not None
    _keep(row, row.unit.line, Finding(Compensation.State(state), "as it is"))


class TestGivenUpByUs:
    def test_is_not_bought_again_by_the_next_read(self) -> None:
        one = incoming.order(incoming.line(factories.product()))
        accept_order(one)
        cancel_unit(delivered().pk, "wrong eSIM, replaced by hand")
        assert accept_order(later(one)).new_units == 0
        taken_back()
        assert accept_order(later(one, 2)).new_units == 0
        assert (states(), order_now().state) == (["failed"], "cancelled")

    def test_is_not_bought_again_while_the_supplier_works(self) -> None:
        one = incoming.order(incoming.line(factories.product()))
        accept_order(one)
        cancel_unit(sent("pending").pk, "takes too long")
        assert accept_order(later(one)).new_units == 0
        assert Unit.objects.get().cancel_wanted == "given_up"

    def test_counts_as_refunded_once_the_shop_pays_back(self) -> None:
        line = incoming.line(factories.product())
        one = incoming.order(line)
        accept_order(one)
        cancel_unit(Unit.objects.get().pk, "nobody sells it")
        assert states() == ["failed"]
        back = later(one, lines=(replace(line, current=0),))
        assert accept_order(back).cancelled_units == 1
        assert states() == ["refunded"]

    def test_and_paid_back_makes_room_for_one_that_is_ordered_anew(self) -> None:
        line = incoming.line(factories.product())
        one = incoming.order(line)
        accept_order(one)
        cancel_unit(Unit.objects.get().pk, "nobody sells it")
        accept_order(later(one, lines=(replace(line, current=0),)))
        more = later(one, 2, lines=(replace(line, quantity=2, current=1),))
        assert accept_order(more).new_units == 1
        assert (states(), order_now().state) == (["refunded", "waiting"], "open")

    def test_a_refund_that_comes_while_it_is_given_back_says_why_it_ended(self) -> None:
        line = incoming.line(factories.product())
        one = incoming.order(line)
        accept_order(one)
        cancel_unit(delivered().pk, "wrong eSIM")
        accept_order(later(one, paid="refunded", lines=(replace(line, current=0),)))
        taken_back()
        assert states() == ["refunded"]


class TestCancelledAtTheShop:
    def test_reads_of_it_make_no_units_while_the_supplier_works(self) -> None:
        one = incoming.order(incoming.line(factories.product()))
        accept_order(one)
        sent("pending")
        for seconds in (1, 2, 3):
            accept_order(later(one, seconds, cancelled_at=one.placed_at))
        assert Unit.objects.count() == 1

    def test_owes_nothing_when_it_is_released(self) -> None:
        one = incoming.order(incoming.line(factories.product()))
        accept_order(one)
        sent("pending")
        hold_order(order_now().pk, "risk")
        accept_order(later(one, cancelled_at=one.placed_at))
        release_order(order_now().pk)
        assert Unit.objects.count() == 1

    def test_ends_although_it_was_held_when_the_supplier_answers(self) -> None:
        from simplane.ordering.actions.shrink import settle_cancel_wanted

        one = incoming.order(incoming.line(factories.product()))
        accept_order(one)
        sent("pending")
        hold_order(order_now().pk, "risk")
        accept_order(later(one, cancelled_at=one.placed_at))
        Purchase.objects.update(state="rejected")
        with transaction():
            settle_cancel_wanted(Unit.objects.select_related("order").get())
        assert (states(), order_now().state) == (["cancelled"], "cancelled")

    def test_asks_nobody_to_map_its_skus(self) -> None:
        one = incoming.order(incoming.line(None, kind="needs_mapping", sku="ESIM-XX"))
        accept_order(one)
        accept_order(later(one, cancelled_at=one.placed_at))
        assert DeadLetter.objects.get().resolution == "cancelled"
        map_line(OrderLine.objects.get().pk, factories.product().pk)
        assert (states(), order_now().state) == ([], "cancelled")

    def test_a_body_that_says_so_opens_nothing(self) -> None:
        one = incoming.order(incoming.line(factories.product()), complete=False)
        assert accept_order(replace(one, cancelled_at=one.placed_at)).state == "awaiting_payment"
        assert Unit.objects.count() == 0


class TestFinished:
    def test_a_read_of_a_done_order_is_no_news(self) -> None:
        one = incoming.order(incoming.line(factories.product()))
        accept_order(one)
        delivered()
        before = Event.objects.count()
        accept_order(later(one, hold_reason="free orders are not allowed"))
        assert (order_now().state, Event.objects.count()) == ("done", before)

    def test_more_of_it_opens_a_done_order(self) -> None:
        line = incoming.line(factories.product())
        one = incoming.order(line)
        accept_order(one)
        delivered()
        accept_order(later(one, lines=(replace(line, quantity=2, current=2),)))
        assert (states(), order_now().state) == (["delivered", "waiting"], "open")

    def test_an_unknown_sku_that_is_added_opens_it(self) -> None:
        line = incoming.line(factories.product())
        one = incoming.order(line)
        accept_order(one)
        delivered()
        unknown = incoming.line(None, kind="needs_mapping", sku="ESIM-XX")
        accept_order(later(one, lines=(line, unknown)))
        assert order_now().state == "open"

    def test_a_line_added_after_everything_was_refunded_is_served(self) -> None:
        line = incoming.line(factories.product())
        one = incoming.order(line)
        accept_order(one)
        gone = later(one, paid="refunded", lines=(replace(line, current=0),))
        accept_order(gone)
        assert order_now().state == "cancelled"
        added = incoming.line(factories.product())
        again = later(one, 2, paid="partly_refunded", lines=(replace(line, current=0), added))
        assert accept_order(again).new_units == 1
        assert (states(), order_now().state) == (["refunded", "waiting"], "open")

    def test_when_the_last_delivered_unit_is_taken_back_the_order_is_cancelled(self) -> None:
        line = incoming.line(factories.product())
        one = incoming.order(line)
        accept_order(one)
        delivered()
        accept_order(later(one, paid="refunded", lines=(replace(line, current=0),)))
        taken_back()
        assert (states(), order_now().state) == (["refunded"], "cancelled")


class TestHeld:
    def test_a_hold_before_the_payment_holds_after_it(self) -> None:
        one = incoming.order(incoming.line(factories.product()), paid="authorized")
        accept_order(one)
        hold_order(order_now().pk, "risk: high")
        accept_order(later(one, paid="paid"))
        assert (order_now().state, order_now().hold_reason, states()) == ("held", "risk: high", [])
        release_order(order_now().pk)
        assert states() == ["waiting"]

    def test_released_before_the_payment_it_waits_for_that(self) -> None:
        one = incoming.order(incoming.line(factories.product()), paid="authorized")
        accept_order(one)
        hold_order(order_now().pk, "risk: high")
        release_order(order_now().pk)
        assert (order_now().state, states()) == ("awaiting_payment", [])
        assert accept_order(later(one, paid="paid")).new_units == 1

    def test_the_reason_of_the_channel_may_pass_with_the_payment(self) -> None:
        one = incoming.order(incoming.line(factories.product()), paid="partly_paid", hold_reason="paid in part only")
        accept_order(one)
        assert order_now().hold_reason == "paid in part only"
        accept_order(later(one, paid="paid", hold_reason=""))
        assert (order_now().state, order_now().hold_reason) == ("open", "")


class TestAddress:
    def test_a_corrected_address_gets_the_mail(self) -> None:
        one = incoming.order(incoming.line(factories.product()), email="ana@exmaple.com")
        accept_order(one)
        accept_order(later(one, email="ana@example.com"))
        assert order_now().customer.email == "ana@example.com"

    def test_an_older_message_does_not_bring_the_wrong_one_back(self) -> None:
        one = incoming.order(incoming.line(factories.product()), email="ana@exmaple.com")
        accept_order(one)
        accept_order(later(one, 5, email="ana@example.com"))
        accept_order(later(one, 2))
        assert order_now().customer.email == "ana@example.com"

    def test_who_was_forgotten_on_request_does_not_come_back_with_a_read(self) -> None:
        one = incoming.order(incoming.line(factories.product()), email="ana@example.com")
        accept_order(one)
        redact_customer(one.organization_id, "ana@example.com")
        accept_order(later(one))
        assert not Customer.objects.filter(email="ana@example.com").exists()
        assert order_now().customer.redacted_at is not None


class TestClock:
    def test_runs_for_an_order_that_only_waits_for_a_mapping(self) -> None:
        accept_order(incoming.order(incoming.line(None, kind="needs_mapping", sku="ESIM-XX")))
        assert order_now().clock_next_at is not None

    def test_starts_anew_with_a_release_although_everything_is_at_the_supplier(self) -> None:
        accept_order(incoming.order(incoming.line(factories.product())))
        sent("pending")
        Order.objects.update(clock_step=2)
        hold_order(order_now().pk, "a look")
        release_order(order_now().pk)
        assert (order_now().clock_step, order_now().clock_next_at is not None) == (0, True)

    def test_is_not_set_back_by_a_raised_quantity(self) -> None:
        line = incoming.line(factories.product())
        one = incoming.order(line)
        accept_order(one)
        started = clock.now() - timedelta(seconds=70)
        Order.objects.update(clock_step=2, clock_started_at=started, clock_next_at=started + timedelta(seconds=300))
        accept_order(later(one, lines=(replace(line, quantity=2, current=2),)))
        assert (order_now().clock_step, order_now().clock_started_at) == (2, started)

    def test_begins_with_the_first_step_when_a_finished_order_is_tried_again(self) -> None:
        accept_order(incoming.order(incoming.line(factories.product())))
        Order.objects.update(clock_step=4, clock_next_at=None, clock_started_at=clock.now() - timedelta(hours=3))
        unit = Unit.objects.get()
        cancel_unit(unit.pk, "nobody sells it")
        retry_unit(unit.pk)
        Order.objects.update(clock_next_at=clock.now())
        assert tick() == 1
        late = Event.objects.get(name="OrderLate")
        assert (late.data["step"], late.data["waited_seconds"]) == (1, 0)

    def test_takes_each_step_once_and_stops_with_the_delivery(self) -> None:
        accept_order(incoming.order(incoming.line(factories.product())))
        started = clock.now() - timedelta(hours=1)
        Order.objects.update(clock_started_at=started, clock_next_at=started)
        assert [tick() for _ in range(6)] == [1, 1, 1, 1, 0, 0]
        assert list(Event.objects.filter(name="OrderLate").order_by("pk").values_list("data__step", flat=True)) == [
            1,
            2,
            3,
            4,
        ]

    def test_takes_no_step_of_a_delivered_order(self) -> None:
        accept_order(incoming.order(incoming.line(factories.product())))
        Order.objects.update(clock_next_at=clock.now())
        delivered()
        assert tick() == 0


def test_a_unit_that_was_retried_after_its_esim_was_given_back_is_refused() -> None:
    from simplane.ordering.actions import NotNow

    accept_order(incoming.order(incoming.line(factories.product())))
    unit = delivered()
    cancel_unit(unit.pk, "wrong eSIM")
    taken_back()
    with pytest.raises(NotNow, match="given back"):
        retry_unit(unit.pk)
    assert states() == ["failed"]
