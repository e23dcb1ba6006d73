"""Calls to a shop over real HTTP: token, query points, and what each way to fail means."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from simplane.channels.models import Shop
from simplane.channels.shopify import operations
from simplane.channels.shopify.answers import judge
from simplane.channels.shopify.bucket import Bucket, throttled_wait
from simplane.channels.shopify.client import address_problem, call
from simplane.channels.shopify.operations import FULFIL, PROBE, REFUND, Operation
from simplane.channels.shopify.outcomes import Blocked, Ok, Outcome, Permanent, Retryable, Unknown
from simplane.channels.shops import ShopRef, by_key, forget
from simplane.core import clock
from simplane.core.http import Answer
from simplane.core.models import DeadLetter
from tests import factories
from tests.channels.helpers import Merchant, run
from tests.specs import load_spec
from tests.standins import free_port

NO_FULFILMENT: dict[str, Any] = {"fulfillment": {"lineItemsByFulfillmentOrder": []}}


def ask(ref: ShopRef, operation: Operation = PROBE, variables: dict[str, Any] | None = None) -> Outcome:
    found: Outcome = run(call(ref, operation, variables or {}))
    return found


def tokens_asked(merchant: Merchant) -> int:
    return sum("access_token" in one["path"] for one in merchant.standin.journal(limit=200))


class TestToken:
    def test_is_asked_for_once_and_kept_encrypted_at_the_shop(self, ref: ShopRef, merchant: Merchant) -> None:
        assert isinstance(ask(ref), Ok)
        assert isinstance(ask(ref), Ok)
        assert tokens_asked(merchant) == 1
        kept = Shop.objects.get(pk=ref.pk).access_token
        assert clock.parse_time(kept["expires_at"]) - clock.now() > timedelta(hours=23)
        with connection.cursor() as cursor:
            cursor.execute("SELECT access_token FROM channels_shop WHERE id = %s", [ref.pk])
            row = cursor.fetchone()
        assert row is not None
        assert kept["token"] not in row[0]

    def test_many_calls_at_once_share_one(self, ref: ShopRef, merchant: Merchant) -> None:
        async def many() -> list[Outcome]:
            return list(await asyncio.gather(*(call(ref, PROBE, {}) for _ in range(10))))

        assert {outcome.name for outcome in run(many())} == {"ok"}
        assert tokens_asked(merchant) == 1

    def test_a_refused_one_is_replaced_once(self, ref: ShopRef, merchant: Merchant) -> None:
        ask(ref)
        merchant.standin.control("clock", advance_seconds=90_000)
        assert isinstance(ask(ref), Ok)
        assert tokens_asked(merchant) == 2

    def test_a_wrong_key_pauses_the_shop_and_tells_a_person(self, shop: Shop, ref: ShopRef) -> None:
        shop.credentials = {"client_id": "demo-client-id", "client_secret": "stolen"}
        shop.save()
        outcome = ask(ref)
        assert isinstance(outcome, Blocked)
        shop.refresh_from_db()
        assert (shop.state, shop.problem) == ("paused", outcome.reason)
        assert DeadLetter.objects.get(kind="shop", subject_id="demo").cause == "shop_blocked"

    def test_a_throttled_token_endpoint_is_waited_for(self, ref: ShopRef, merchant: Merchant) -> None:
        merchant.standin.fault("token", "throttle", retry_after=7)
        outcome = ask(ref)
        assert isinstance(outcome, Retryable)
        assert outcome.wait == 7.0

    def test_an_uninstalled_app_gets_none(self, ref: ShopRef, merchant: Merchant) -> None:
        merchant.standin.control("shops/demo-shop.myshopify.com/uninstall", "POST")
        assert isinstance(ask(ref), Blocked)


class TestFailures:
    @pytest.mark.parametrize(
        ("kind", "given", "classes"),
        [
            ("drop_before", {}, (Retryable, Unknown)),
            ("drop_after", {}, (Retryable, Unknown)),
            ("html", {"status": 200}, (Retryable, Unknown)),
            ("html", {"status": 502}, (Retryable, Unknown)),
            ("empty", {}, (Retryable, Unknown)),
            ("malformed", {}, (Retryable, Unknown)),
            ("status_before", {"status": 500}, (Retryable, Unknown)),
            ("status_before", {"status": 503}, (Retryable, Unknown)),
            ("internal_error", {}, (Retryable, Unknown)),
            ("throttle", {}, (Retryable, Retryable)),
            ("access_denied", {}, (Blocked, Blocked)),
            ("status_before", {"status": 402}, (Blocked, Blocked)),
            ("status_before", {"status": 403}, (Blocked, Blocked)),
            ("status_before", {"status": 423}, (Blocked, Blocked)),
            ("status_before", {"status": 430}, (Blocked, Blocked)),
            ("status_before", {"status": 404}, (Permanent, Permanent)),
            ("extra_field", {}, (Ok, Ok)),
        ],
    )
    def test_each_way_to_fail_has_its_class(
        self, shop: Shop, merchant: Merchant, kind: str, given: dict[str, Any], classes: tuple[type, type]
    ) -> None:
        read, change = classes
        for operation, variables, expected in ((PROBE, {}, read), (FULFIL, NO_FULFILMENT, change)):
            Shop.objects.update(state="active")
            forget(shop.key)
            merchant.standin.fault("graphql", kind, **given)
            assert type(ask(by_key(shop.key), operation, variables)) is expected

    def test_a_shop_that_does_not_listen_was_surely_not_asked(self, shop: Shop) -> None:
        shop.api_url = f"http://127.0.0.1:{free_port()}"
        shop.access_token = {"token": "t", "expires_at": (clock.now() + timedelta(hours=1)).isoformat()}
        shop.save()
        assert isinstance(ask(by_key(shop.key), FULFIL, NO_FULFILMENT), Retryable)

    def test_a_missing_scope_does_not_stop_the_shop(self, ref: ShopRef, merchant: Merchant) -> None:
        merchant.standin.settings(scopes="read_orders")
        outcome = ask(ref, REFUND, {"input": {"orderId": operations.gid("Order", "1")}, "key": "k"})
        assert isinstance(outcome, Blocked)
        assert outcome.kind == "scope"
        assert Shop.objects.get(pk=ref.pk).state == "active"
        assert DeadLetter.objects.get(kind="shop").cause == "shop_scope_missing"

    def test_after_five_failures_in_a_row_the_shop_is_left_alone_for_a_while(
        self, ref: ShopRef, merchant: Merchant
    ) -> None:
        ask(ref)
        merchant.standin.fault("graphql", "status_before", status=500, times=-1)

        async def many() -> list[Outcome]:
            return [await call(ref, PROBE, {}) for _ in range(8)]

        outcomes = run(many())
        assert {outcome.name for outcome in outcomes} == {"retryable"}
        assert sum("HTTP 500" in outcome.reason for outcome in outcomes) == 5

    @pytest.mark.parametrize("state", ["paused", "uninstalled"])
    def test_a_stopped_shop_is_not_called(self, shop: Shop, merchant: Merchant, state: str) -> None:
        Shop.objects.update(state=state)
        assert isinstance(ask(by_key(shop.key)), Blocked)
        assert merchant.standin.journal() == []


class TestAnswers:
    def test_a_change_done_in_part_is_unknown(self) -> None:
        errors = b'[{"message":"x","extensions":{"code":"ACCESS_DENIED"}}]'
        body = b'{"data":{"fulfillmentCreate":{"fulfillment":null}},"errors":' + errors + b"}"
        assert isinstance(judge(FULFIL, Answer(200, {}, body))[0], Unknown)

    def test_an_unknown_error_is_ours(self) -> None:
        body = b'{"errors":[{"message":"Field x does not exist","extensions":{"code":"undefinedField"}}]}'
        assert isinstance(judge(PROBE, Answer(200, {}, body))[0], Permanent)

    def test_a_throttled_answer_says_how_long_to_wait(self) -> None:
        sample = load_spec("channels", "shopify", "examples", "graphql_throttled.response.json")
        assert throttled_wait(sample["extensions"]["cost"]) == pytest.approx((752 - 33) / 100)

    def test_filters_that_were_left_out_are_told(self, ref: ShopRef) -> None:
        outcome = ask(ref, operations.CHANGED_ORDERS, {"q": "updated_at:>=yesterday", "after": None})
        assert isinstance(outcome, Ok)
        assert outcome.warnings


class TestBucket:
    def test_waits_for_what_the_shop_says_is_missing(self) -> None:
        bucket = Bucket()
        assert bucket.wait("A") == 0.0
        status = {"currentlyAvailable": 50, "maximumAvailable": 2000.0, "restoreRate": 100.0}
        bucket.learn("A", {"requestedQueryCost": 250, "throttleStatus": status})
        assert bucket.wait("A") == pytest.approx(2.0, abs=0.1)
        reserved = bucket.begin("A")
        assert bucket.wait("A") == pytest.approx(4.5, abs=0.1)
        bucket.end(reserved)
        assert bucket.wait("A") == pytest.approx(2.0, abs=0.1)

    def test_a_shop_without_limits_is_never_waited_for(self) -> None:
        bucket = Bucket()
        nothing = {"currentlyAvailable": 0, "maximumAvailable": 0.0, "restoreRate": 0.0}
        bucket.learn("A", {"requestedQueryCost": 250, "throttleStatus": nothing})
        assert bucket.wait("A") == 0.0


class TestAddress:
    @pytest.mark.parametrize(
        ("given", "fine"),
        [
            ({"domain": "a-shop.myshopify.com", "api_url": "https://a-shop.myshopify.com"}, True),
            ({"domain": "a-shop.myshopify.com", "api_url": "https://evil.example"}, False),
            ({"domain": "evil.example", "api_url": "https://evil.example"}, False),
            ({"domain": "a.myshopify.com.evil.example", "api_url": "https://a.myshopify.com.evil.example"}, False),
            ({"domain": "a-shop.myshopify.com", "api_url": "http://127.0.0.1:1", "is_stand_in": True}, True),
        ],
    )
    @pytest.mark.django_db
    def test_a_real_shop_is_called_at_its_own_domain_only(self, given: dict[str, Any], fine: bool) -> None:
        made = factories.shop(**{"is_stand_in": False} | given)
        assert (address_problem(by_key(made.key)) == "") is fine
