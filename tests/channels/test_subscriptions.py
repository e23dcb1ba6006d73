"""Shopify deletes subscriptions that fail; they come back by themselves and somebody hears of it."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from simplane.channels import subscriptions
from simplane.channels.errors import ShopNotReachable
from simplane.channels.models import Shop
from simplane.channels.shopify.handle import SUBSCRIBED
from simplane.channels.shops import by_key
from simplane.core.models import DeadLetter, Event
from tests import factories
from tests.channels.helpers import DOMAIN, Merchant, run


@pytest.fixture(autouse=True)
def address(settings: Settings, shop: Shop) -> str:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"base_url": "http://127.0.0.1:9400/"})
    address = subscriptions.our_address(by_key(shop.key))
    assert address == "http://127.0.0.1:9400/webhooks/shopify/demo"
    return address


def listed(merchant: Merchant) -> list[tuple[str, str]]:
    found = merchant.standin.control(f"shops/{DOMAIN}/subscriptions")["subscriptions"]
    return [(one["topic"], one["uri"]) for one in found]


def test_all_are_made_for_a_new_shop_and_none_twice(merchant: Merchant, shop: Shop, address: str) -> None:
    assert run(subscriptions.check_subscriptions(shop.pk)) == list(SUBSCRIBED)
    assert sorted(listed(merchant)) == sorted((topic, address) for topic in SUBSCRIBED)
    assert run(subscriptions.check_subscriptions(shop.pk)) == []
    assert len(listed(merchant)) == len(SUBSCRIBED)


def test_a_missing_one_is_made_again_and_told(merchant: Merchant, shop: Shop, address: str) -> None:
    topics = ",".join(topic for topic in SUBSCRIBED if topic != "orders/paid")
    merchant.standin.settings(webhook_url=address, topics=topics)
    assert run(subscriptions.check_subscriptions(shop.pk)) == ["orders/paid"]
    assert ("orders/paid", address) in listed(merchant)
    assert Event.objects.get(name="SubscriptionsMended").data["topics"] == ["orders/paid"]


def test_those_of_others_are_left_alone_and_do_not_count(merchant: Merchant, shop: Shop) -> None:
    merchant.standin.settings(webhook_url="http://127.0.0.1:9401/somebody/else")
    assert len(run(subscriptions.check_subscriptions(shop.pk))) == len(SUBSCRIBED)
    assert len(listed(merchant)) == 2 * len(SUBSCRIBED)


def test_a_shop_that_can_not_be_asked_is_put_before_a_person_and_the_others_are_checked(merchant: Merchant) -> None:
    factories.shop(key="away")
    results = run(subscriptions.check_all())
    assert results["demo"].startswith("made again: orders/create")
    assert "no token" in results["away"]
    assert DeadLetter.objects.get(kind="subscriptions").subject_id == "away"


def test_a_refusal_of_one_topic_is_told(merchant: Merchant, shop: Shop) -> None:
    merchant.standin.fault("graphql", "access_denied", match="webhookSubscriptionCreate")
    with pytest.raises(ShopNotReachable, match="orders/create"):
        run(subscriptions.check_subscriptions(shop.pk))


def test_what_a_check_found_stands_in_the_shops_row(merchant: Merchant, shop: Shop) -> None:
    run(subscriptions.check_subscriptions(shop.pk))
    run(subscriptions.check_subscriptions(shop.pk))
    shop.refresh_from_db()
    assert shop.subscriptions_result == "all there"
    assert shop.subscriptions_at is not None
    merchant.standin.fault("graphql", "status_before", status=503)
    with pytest.raises(ShopNotReachable):
        run(subscriptions.check_subscriptions(shop.pk))
    before = shop.subscriptions_at
    shop.refresh_from_db()
    assert shop.subscriptions_at > before
    assert shop.subscriptions_result.startswith("demo: ")
