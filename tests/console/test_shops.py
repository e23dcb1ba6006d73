"""What a check of a shop's webhook subscriptions found stands on its page, also when it was asked for there."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from simplane.channels.models import Shop
from simplane.core import clock
from tests import factories

WAITS = "being checked"


def test_the_page_waits_for_the_check_it_asked_for_and_shows_the_result(console: Client) -> None:
    shop = factories.shop(
        key="demo", subscriptions_at=clock.now() - timedelta(hours=1), subscriptions_result="all there"
    )

    answer = console.post("/console/shops/demo/subscriptions/")
    page = answer.headers["Location"]
    assert WAITS in console.get(page).content.decode()

    Shop.objects.filter(pk=shop.pk).update(subscriptions_at=clock.now(), subscriptions_result="made again: orders/paid")
    shown = console.get(page).content.decode()
    assert "made again: orders/paid" in shown
    assert WAITS not in shown


def test_it_does_not_wait_for_ever(console: Client) -> None:
    factories.shop(key="demo")
    long_ago = (clock.now() - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")

    shown = console.get(f"/console/shops/demo/?asked={long_ago}").content.decode()

    assert WAITS not in shown
    assert "never checked" in shown


def test_nonsense_in_the_address_is_no_reason_to_wait(console: Client) -> None:
    factories.shop(key="demo")

    assert WAITS not in console.get("/console/shops/demo/?asked=yesterday").content.decode()
    assert WAITS not in console.get("/console/shops/demo/").content.decode()
