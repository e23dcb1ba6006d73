"""A disputed sale is given up: what can go back to the suppliers goes back, in their own books."""

from __future__ import annotations

import pytest

from simplane.core.models import AuditEntry
from simplane.delivery.models import InstallLink
from simplane.ordering.actions import (
    NotNow,
    accept_order,
    hold_customer,
    hold_order,
    redact_customer,
    release_customer,
    take_back_disputed,
)
from simplane.ordering.models import Compensation, Customer, Order, Unit
from simplane.suppliers.models import Purchase
from tests import factories
from tests.ordering import incoming
from tests.world import World, states


@pytest.mark.slow
def test_what_is_not_installed_goes_back_and_the_rest_is_a_loss(world: World) -> None:
    world.only(world.redtea)
    order = world.buy(2)
    world.work()
    used = Unit.objects.select_related("line").order_by("pk")[0]
    assert used.line is not None
    world.access.control(f"lines/{used.line.supplier_line_id}/advance", to="in_use", bytes=5_000_000, notify=False)

    assert take_back_disputed(order.pk, "the bank decided against us") == 2
    world.work()

    assert states() == ["refunded", "refunded"]
    outcomes = dict(Compensation.objects.values_list("unit_id", "state"))
    assert sorted(outcomes.values()) == ["done", "loss"]
    assert outcomes[used.pk] == "loss"
    assert world.bought() == 1
    assert Purchase.objects.get(state="cancelled").refunded_minor == 180
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert not InstallLink.objects.filter(unit_id__isnull=False, revoked_at__isnull=True).exists()
    assert AuditEntry.objects.get(action="order.dispute_given_up").reason == "the bank decided against us"


@pytest.mark.django_db
class TestGivingUp:
    def test_nothing_more_is_bought_for_a_held_order_and_it_ends(self) -> None:
        accept_order(incoming.order(incoming.line(factories.product(), quantity=2)))
        order = Order.objects.get()
        hold_order(order.pk, "the buyer disputes the payment")
        take_back_disputed(order.pk, "fraud")
        order.refresh_from_db()
        assert (order.state, order.hold_reason) == ("cancelled", "")
        assert states() == ["refunded", "refunded"]

    def test_twice_is_refused(self) -> None:
        accept_order(incoming.order(incoming.line(factories.product())))
        order = Order.objects.get()
        take_back_disputed(order.pk, "fraud")
        with pytest.raises(NotNow):
            take_back_disputed(order.pk, "fraud")
        assert AuditEntry.objects.filter(action="order.dispute_given_up").count() == 1

    def test_the_same_order_told_again_is_not_bought_again(self) -> None:
        one = incoming.order(incoming.line(factories.product()))
        accept_order(one)
        take_back_disputed(Order.objects.get().pk, "fraud")
        assert accept_order(one).new_units == 0
        assert states() == ["refunded"]


@pytest.mark.django_db
class TestHeldCustomer:
    def test_the_next_paid_order_waits_for_a_person(self) -> None:
        product = factories.product()
        accept_order(incoming.order(incoming.line(product), email="eve@example.com"))
        hold_customer(Customer.objects.get().pk, "disputed #1001")
        second = accept_order(incoming.order(incoming.line(product), email="eve@example.com"))
        assert second.state == "held"
        assert Order.objects.get(pk=second.order_id).hold_reason == "disputed #1001"
        assert Unit.objects.filter(order_id=second.order_id).count() == 0

    def test_and_no_longer_when_released(self) -> None:
        product = factories.product()
        accept_order(incoming.order(incoming.line(product), email="eve@example.com"))
        customer = Customer.objects.get()
        hold_customer(customer.pk, "disputed")
        release_customer(customer.pk)
        release_customer(customer.pk)
        assert accept_order(incoming.order(incoming.line(product), email="eve@example.com")).state == "open"
        actions = list(AuditEntry.objects.filter(entity="customer").order_by("pk").values_list("action", flat=True))
        assert actions == ["customer.held", "customer.released"]

    def test_somebody_erased_can_not_be_held(self) -> None:
        customer = factories.customer()
        redact_customer(customer.organization_id, customer.email)
        with pytest.raises(NotNow):
            hold_customer(customer.pk, "disputed")
