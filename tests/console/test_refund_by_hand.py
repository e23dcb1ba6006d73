"""Giving back a sum of an order: proposed on its page, decided on its page."""

from __future__ import annotations

from django.test import Client

from simplane.channels.models import Refund
from simplane.core.models import AuditEntry
from simplane.ordering.models import Order
from tests import factories


def sold() -> Order:
    return factories.order(account=factories.shop().key)


def test_a_refund_is_proposed_and_waits_for_a_decision(console: Client) -> None:
    order = sold()

    answer = console.post(
        f"/console/orders/{order.public_id}/refund/", {"amount": "4.50", "reason": "slow for two days"}, follow=True
    )

    row = Refund.objects.get()
    assert (row.state, row.amount_minor, row.reason) == ("proposed", 450, "slow for two days")
    assert "Refund proposed: €4.50" in answer.content.decode()
    assert AuditEntry.objects.get(action="refund.proposed").reason == "slow for two days"


def test_more_than_is_left_is_refused_in_words(console: Client) -> None:
    order = sold()

    answer = console.post(f"/console/orders/{order.public_id}/refund/", {"amount": "9.01", "reason": "x"}, follow=True)

    assert "only 9.00 EUR of this order is left to give back" in answer.content.decode()
    assert not Refund.objects.exists()


def test_the_form_is_offered_only_while_something_can_be_proposed(console: Client) -> None:
    order = sold()
    page = f"/console/orders/{order.public_id}/"
    assert "at most 9.00" in console.get(page).content.decode()

    factories.refund(order=order)
    assert "at most 9.00" not in console.get(page).content.decode()

    Refund.objects.update(state="done")
    Order.objects.update(refunded_minor=900)
    assert "Propose the refund" not in console.get(page).content.decode()
