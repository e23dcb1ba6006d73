"""The page of an order."""

from __future__ import annotations

import pytest
from django.test import Client

from simplane.core.db import transaction
from simplane.delivery import links
from simplane.delivery.models import InstallLink
from simplane.ordering.models import Order, Unit
from tests import factories
from tests.store.conftest import bought, link_of, promised

pytestmark = pytest.mark.django_db


def order_of(count: int, delivered: int) -> Order:
    """An order of `count` eSIMs, the first `delivered` of them handed over."""
    line = factories.order_line(product=promised(), quantity=count)
    for index in range(count):
        if index < delivered:
            link_of(factories.delivered_unit(order_line=line, index=index))
        else:
            factories.unit(order_line=line, index=index)
    return line.order


def address_of(order: Order) -> str:
    return f"/o/{links.order_token(order_id=order.pk, locale='en')}"


def test_lists_every_esim_with_its_state_and_its_page(client: Client) -> None:
    order = order_of(3, delivered=2)
    html = client.get(address_of(order)).content.decode()
    assert [html.count(text) for text in ("Ready to install", "Being prepared", "eSIM 3 of 3")] == [2, 1, 1]
    for token in InstallLink.objects.filter(unit_id__isnull=False).values_list("token", flat=True):
        assert f'href="/e/{token}?lang=en"' in html


def test_looks_again_only_while_something_is_to_come(client: Client) -> None:
    waiting, complete = order_of(2, delivered=1), order_of(2, delivered=2)
    assert "data-poll" in client.get(address_of(waiting)).content.decode()
    assert "data-poll" not in client.get(address_of(complete)).content.decode()
    assert client.get(address_of(waiting) + "/state").json() == {"state": "ready preparing"}


def test_the_only_esim_is_shown_itself(client: Client) -> None:
    order = order_of(1, delivered=1)
    answer = client.get(address_of(order) + "?lang=de")
    token = InstallLink.objects.get(unit_id__isnull=False).token
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/e/{token}?lang=de")
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_only_esim_is_told_of_before_it_has_a_page(client: Client) -> None:
    address = address_of(order_of(1, delivered=0))
    html = client.get(address).content.decode()
    assert "Your eSIM is being prepared" in html
    assert f'data-poll="{address}/state"' in html


def test_a_withdrawn_esim_is_not_opened_from_its_order(client: Client) -> None:
    order = order_of(2, delivered=2)
    first = Unit.objects.filter(order=order).order_by("pk")[0]
    with transaction():
        links.revoke_unit_links(first.pk, reason="refund")
    html = client.get(address_of(order)).content.decode()
    assert html.count("Its link is no longer valid") == 1
    assert html.count("Open eSIM 1") == 0
    assert html.count("Open eSIM 2") == 1


def test_the_only_esim_stays_closed_when_its_link_was_withdrawn(client: Client) -> None:
    order = order_of(1, delivered=1)
    with transaction():
        links.revoke_unit_links(Unit.objects.get(order=order).pk, reason="refund")
    assert client.get(address_of(order)).status_code == 410


def test_shows_no_code(client: Client) -> None:
    html = client.get(address_of(order_of(2, delivered=2))).content.decode()
    assert "LPA:" not in html
    assert "MATCHING-" not in html


def test_the_order_page_is_counted(client: Client) -> None:
    order = order_of(2, delivered=1)
    client.get(address_of(order))
    assert InstallLink.objects.get(order_id=order.pk, unit_id__isnull=True).views == 1


def test_a_link_of_a_unit_opens_no_order(client: Client) -> None:
    address = link_of(bought()).replace("/e/", "/o/")
    assert client.get(address).status_code == 404
