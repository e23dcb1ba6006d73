"""What the doctor says of suppliers and shops that really answer, or do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from pytest_django import Settings

from simplane.channels.subscriptions import check_subscriptions
from simplane.core import clock
from simplane.ops import doctor_shops, doctor_suppliers
from simplane.ops.doctor_findings import look
from tests import factories
from tests.ops.doctor_patients import DOMAIN, GO_KEY, account, change, our_shop, said
from tests.standins import Standin, free_port


@pytest.mark.usefixtures("transactional_db")
class TestSuppliers:
    def test_one_that_answers(self, go: Standin) -> None:
        seller = account(go)
        factories.catalog_run(supplier=seller)
        factories.offer(supplier=seller)
        factories.inbox_message(channel="supplier", account="go", received_at=clock.now() - timedelta(minutes=5))
        found = said(doctor_suppliers.suppliers)
        assert [state for state, _ in found] == ["ok", "ok", "ok"]
        assert found[0][1].startswith("go: balance ")
        assert found[1:] == [
            ("ok", "go: 1 offers may be sold, read 0 s ago"),
            ("ok", "go: its last webhook came 5 min ago"),
        ]

    def test_one_with_a_wrong_key(self, go: Standin) -> None:
        account(go, credentials={"api_key": "wrong-key-000001"})
        (first, *_) = look("x", doctor_suppliers.suppliers)
        assert (first.state, first.text[:33]) == ("fail", "go: its balance can not be read: ")
        assert "wrong-key-000001" not in first.text
        assert first.fix == "are key and address right, is it up?"

    def test_one_that_is_not_there(self) -> None:
        factories.supplier(code="go", base_url=f"http://127.0.0.1:{free_port()}", credentials={"api_key": GO_KEY})
        assert said(doctor_suppliers.suppliers)[0][0] == "fail"

    def test_one_below_its_threshold_that_was_never_read(self, go: Standin) -> None:
        account(go, float_low_minor=10**12, paused_reason="funds: empty")
        found = said(doctor_suppliers.suppliers)
        assert [state for state, _ in found] == ["warn", "warn", "warn", "note"]
        assert found[0][1].endswith("below its threshold")
        assert found[1] == ("warn", "go: nothing is bought there: funds: empty")
        assert found[2] == ("warn", "go: its catalogue was never read")

    def test_one_without_keys(self, go: Standin) -> None:
        account(go, credentials={"api_key": ""})
        assert said(doctor_suppliers.suppliers) == [("fail", "go: keys are missing: api_key")]

    def test_one_whose_keys_can_not_be_read_any_more(self, go: Standin) -> None:
        account(go)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE suppliers_supplier SET credentials = 'gAAAAABnonsense'")
        assert said(doctor_suppliers.suppliers) == [("fail", f"go: {doctor_suppliers.LOST_KEY}")]

    def test_a_stand_in_where_none_may_be(self, go: Standin, settings: Settings) -> None:
        account(go)
        change(settings, allow_stand_ins=False)
        assert said(doctor_suppliers.suppliers) == [("fail", "go: it is a stand-in, which this environment refuses")]

    def test_none(self) -> None:
        factories.supplier(active=False)
        assert said(doctor_suppliers.suppliers) == [("warn", "there is no active supplier: nothing can be bought")]


@pytest.mark.usefixtures("transactional_db")
class TestShops:
    def test_one_that_is_well(self, shopify: Standin) -> None:
        shop = our_shop(shopify)
        factories.reconciliation(shop=shop)
        async_to_sync(check_subscriptions)(shop.pk)
        assert said(doctor_shops.shops) == [
            ("ok", "demo: it gives an access token and answers"),
            ("ok", "demo: all webhook subscriptions come to us"),
            ("ok", "demo: compared 0 s ago: 10 orders there, 10 here, 0 named exceptions"),
        ]

    def test_one_whose_subscriptions_are_gone(self, shopify: Standin, settings: Settings) -> None:
        change(settings, base_url="https://elsewhere.example")
        our_shop(shopify)
        found = said(doctor_shops.shops)
        assert found[1][0] == "warn"
        assert found[1][1].startswith("demo: webhook subscriptions are missing: orders/create, orders/paid")
        assert found[2] == ("note", "demo: it was never compared with us")

    def test_one_with_a_wrong_secret(self, shopify: Standin) -> None:
        our_shop(shopify, credentials={"client_id": "demo-client-id", "client_secret": "wrong-secret-0001"})
        found = list(look("x", doctor_shops.shops))
        assert found[0].state == "fail"
        assert found[0].text.startswith("demo: its API can not be used: the shop gives no access token")
        assert "wrong-secret-0001" not in str(found)

    def test_one_that_does_not_balance(self, shopify: Standin) -> None:
        factories.reconciliation(shop=our_shop(shopify), balanced=False, at_shop=11)
        assert ("fail", "demo: compared 0 s ago: 11 orders there, 10 here: not balanced") in said(doctor_shops.shops)

    def test_one_that_nobody_compared_for_hours(self, shopify: Standin) -> None:
        before = clock.now() - timedelta(hours=4)
        factories.reconciliation(shop=our_shop(shopify), started_at=before, finished_at=before)
        assert ("warn", "demo: compared 4 h ago: 10 orders there, 10 here") in said(doctor_shops.shops)

    def test_one_that_is_paused(self, shopify: Standin) -> None:
        our_shop(shopify, state="paused", problem="the key was refused")
        assert ("fail", "demo: it is paused: the key was refused") in said(doctor_shops.shops)

    def test_a_real_one_at_a_wrong_address(self, shopify: Standin) -> None:
        our_shop(shopify, is_stand_in=False)
        assert ("fail", f"demo: the API address is not https://{DOMAIN}") in said(doctor_shops.shops)

    def test_a_stand_in_where_none_may_be(self, shopify: Standin, settings: Settings) -> None:
        our_shop(shopify)
        change(settings, allow_stand_ins=False)
        assert said(doctor_shops.shops) == [("fail", "demo: it is a stand-in, which this environment refuses")]

    def test_one_that_was_uninstalled_is_no_news(self) -> None:
        factories.shop(state="uninstalled")
        assert said(doctor_shops.shops) == [("warn", "there is no shop: no order can come")]
