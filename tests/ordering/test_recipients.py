"""To whom an order of the wholesale book may mail: with a test key only to the people of its account."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.models import Event
from simplane.core.ratelimit import take
from simplane.delivery import limits
from simplane.delivery.models import InstallLink, Message
from simplane.ordering.actions.clock import tell_customer
from simplane.ordering.actions.hand_over import hand_over
from simplane.ordering.actions.mailing import queue_mail
from simplane.ordering.actions.operate import send_again
from simplane.ordering.actions.recipients import ONLY_MEMBERS, NotMailed
from simplane.ordering.models import Unit
from simplane.organizations.models import Membership, Organization
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def account() -> tuple[Organization, Organization]:
    """A reseller with its owner, and its test twin."""
    live = factories.organization(kind="reseller")
    owner = factories.staff(email="Owner@shop.example", is_staff=False)
    Membership.objects.create(organization=live, user=owner, role="owner", created_at=clock.now())
    return live, factories.organization(kind="reseller", is_test=True, twin_of=live)


def ready(owner: Organization, email: str, **given: object) -> Unit:
    """A bought eSIM of an order of theirs for this recipient, not handed over."""
    buyer = factories.customer(organization=owner, email=email, name="Ann")
    order = factories.order(
        organization=owner, customer=buyer, book="wholesale", is_test=owner.is_test, account=owner.slug, **given
    )
    unit = factories.delivered_unit(order=order)
    Unit.objects.filter(pk=unit.pk).update(state="ready", delivered_at=None, due_at=clock.now())
    return Unit.objects.select_related("order__customer", "product", "line").get(pk=unit.pk)


def bring(unit: Unit) -> Unit:
    with transaction():
        queue_mail(unit)
    return Unit.objects.get(pk=unit.pk)


def test_a_test_order_for_a_stranger_is_delivered_without_a_mail_and_its_story_says_why() -> None:
    _, twin = account()
    unit = bring(ready(twin, "stranger@elsewhere.example"))
    assert (unit.state, Message.objects.count()) == ("delivered", 0)
    assert InstallLink.objects.filter(unit_id=unit.pk, revoked_at=None).count() == 1
    assert ONLY_MEMBERS in [one.data.get("why") for one in Event.objects.filter(unit_id=unit.pk)]

    with pytest.raises(NotMailed):
        send_again(unit.pk, to="another@elsewhere.example")
    tell_customer(unit.order_id, 2)
    assert Message.objects.count() == 0

    send_again(unit.pk, to="owner@shop.example")
    assert Message.objects.get().to == "owner@shop.example"


def test_members_get_the_mails_of_test_orders_and_everybody_those_of_live_ones() -> None:
    live, twin = account()
    assert bring(ready(twin, "owner@shop.example")).state == "ready"
    assert bring(ready(live, "traveller@elsewhere.example")).state == "ready"
    assert set(Message.objects.values_list("to", flat=True)) == {"owner@shop.example", "traveller@elsewhere.example"}
    assert {one.context["account_id"] for one in Message.objects.all()} == {live.pk, twin.pk}


def test_who_left_the_account_is_a_stranger() -> None:
    _, twin = account()
    Membership.objects.all().delete()
    assert bring(ready(twin, "owner@shop.example")).state == "delivered"
    assert Message.objects.count() == 0


def test_an_esim_whose_mail_waits_its_turn_is_delivered_all_the_same() -> None:
    live, _ = account()
    unit = bring(ready(live, "traveller@elsewhere.example"))
    most = settings.SIMPLANE.mails_an_hour
    take(limits.key_of_account(live.pk), per_second=most / 3600, burst=most, cost=most)
    asyncio.run(hand_over(unit.pk))
    assert Unit.objects.get().state == "delivered"
    assert Message.objects.get().state == "queued"


def test_a_reference_with_a_link_is_not_repeated_in_the_mail() -> None:
    live, _ = account()
    unit = ready(live, "traveller@elsewhere.example", name="won https://evil.example")
    bring(unit)
    assert Message.objects.get().context["order_name"] == unit.order.public_id
