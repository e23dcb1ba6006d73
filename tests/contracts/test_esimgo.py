"""What only eSIM Go does: orders in the background that fail, several eSIMs an order, refunds switched off, two keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

import httpx2
import pytest

from simplane.core import clock
from simplane.suppliers.outcomes import Accepted, Blocked, NotReady, Ok, Permanent
from simplane.suppliers.transport import traced
from simplane.suppliers.values import CatalogOffer, Returned
from tests.contracts.desk import Desk
from tests.contracts.recorder import recording
from tests.contracts.vendors import GO_25

pytestmark = pytest.mark.parametrize("vendor", [GO_25], ids=["esimgo"])
KEY = str(GO_25.credentials["api_key"])


def test_an_order_that_fails_in_the_background_is_refused(desk: Desk) -> None:
    desk.standin.fault("order", "async_failed")
    answer = desk.issue()
    assert isinstance(answer, Accepted)
    desk.standin.control("clock", advance_seconds=10)
    assert isinstance(desk.do(desk.adapter.get_order(answer.order_id)), Permanent)


def test_install_details_that_are_not_ready_yet_are_waited_for(desk: Desk) -> None:
    line = desk.buy()
    desk.standin.settings(assignments_delay_seconds=60)
    answer = desk.do(desk.adapter.get_install_details(desk.ref(line)))
    assert answer == NotReady(poll_after=1.0)


def test_install_details_of_a_deactivated_line_are_gone(desk: Desk) -> None:
    line = desk.buy()
    desk.do(desk.adapter.terminate_line(desk.ref(line)))
    answer = desk.do(desk.adapter.get_install_details(desk.ref(line)))
    assert isinstance(answer, Permanent)
    assert answer.code == "410"


def test_finds_each_of_two_hundred_orders_over_several_pages(desk: Desk) -> None:
    with httpx2.Client(headers={"X-API-Key": KEY}, trust_env=False) as office:
        item = {"type": "bundle", "quantity": 1, "item": GO_25.offer}
        body = {"type": "transaction", "assign": True, "order": [item]}
        for _ in range(205):
            office.post(f"{desk.standin.url}/v2.5/orders", json=body)
    assert len(desk.found()) == 205


def test_orders_of_money_and_of_stock_are_no_purchases(desk: Desk) -> None:
    with httpx2.Client(headers={"X-API-Key": KEY}, trust_env=False) as office:
        office.post(f"{desk.standin.url}/v2.5/organisation/balance?amount=1000")
        item = {"type": "bundle", "quantity": 1, "item": GO_25.offer}
        stock = {"type": "transaction", "assign": False, "order": [item]}
        office.post(f"{desk.standin.url}/v2.5/orders", json=stock)
        office.post(f"{desk.standin.url}/v2.5/esims/apply", json={"name": GO_25.offer})
    [found] = desk.found()
    assert found.iccids == ()


def test_an_order_of_several_says_how_many(desk: Desk) -> None:
    with httpx2.Client(headers={"X-API-Key": KEY}, trust_env=False) as office:
        item = {"type": "bundle", "quantity": 3, "item": GO_25.offer}
        body = {"type": "transaction", "assign": True, "order": [item]}
        office.post(f"{desk.standin.url}/v2.5/orders", json=body)
    [found] = desk.found()
    assert found.quantity == 3
    assert len(found.iccids) == 3
    assert found.total is not None
    assert found.total.minor == 3 * GO_25.price.minor


def test_a_lookup_reads_the_time_to_the_microsecond(desk: Desk) -> None:
    before = clock.now()
    desk.buy()
    [found] = desk.found()
    assert before - timedelta(seconds=1) <= found.created_at <= clock.now() + timedelta(seconds=1)
    assert found.created_at.microsecond


def test_keeps_a_line_when_refunds_are_switched_off(desk: Desk) -> None:
    line = desk.buy()
    desk.standin.settings(refunds_enabled=False)
    answer = desk.do(desk.adapter.cancel_or_refund(desk.ref(line)))
    assert isinstance(answer, Permanent)
    assert answer.code == "not_refundable"
    assert desk.do(desk.adapter.get_line(desk.ref(line))).value.plan == "queued"


def test_asks_people_when_the_stock_can_not_be_refunded(desk: Desk) -> None:
    line = desk.buy()
    desk.standin.fault("refund", "status_before", status=403)
    answer = desk.do(desk.adapter.cancel_or_refund(desk.ref(line)))
    assert answer == Ok(Returned(refunded=None, how="requested"))


def test_a_suspension_by_policy_can_not_be_lifted(desk: Desk) -> None:
    line = desk.buy()
    desk.standin.control(f"lines/{line.iccid}/advance", to="policy_suspended")
    answer = desk.do(desk.adapter.reactivate_line(desk.ref(line), "please"))
    assert isinstance(answer, Permanent)
    assert "policy" in answer.reason


def test_a_plan_change_at_a_date_is_not_possible(desk: Desk) -> None:
    line = desk.buy()
    answer = desk.do(desk.adapter.change_plan(desk.ref(line), desk.request(), clock.now()))
    assert answer.name == "unsupported"


def test_the_key_is_in_no_trace(desk: Desk) -> None:
    with traced() as calls:
        desk.do(desk.adapter.get_balance())
        line = desk.buy()
        desk.do(desk.adapter.get_install_details(desk.ref(line)))
    assert len(calls) == 3
    kept = str(calls)
    assert KEY not in kept
    assert line.code.matching_id not in kept


def test_the_bare_list_of_the_schema_is_read_too(desk: Desk) -> None:
    enveloped = {row.code for row in desk.catalogue()}
    desk.standin.settings(catalogue_envelope=False)
    assert {row.code for row in desk.catalogue()} == enveloped


def test_a_catalogue_of_one_group_only(desk: Desk) -> None:
    desk.adapter = desk.open(catalogue_group="Standard Domestic")
    rows = desk.catalogue()
    assert {row.code for row in rows} == {"esim_10GB_30D_GB_DOM_V2", "esim_10GB_30D_US_DOM_V2"}
    domestic = rows[0]
    assert isinstance(domestic, CatalogOffer)
    assert (domestic.voice_minutes, domestic.sms_count) == (100, 100)


def test_the_version_is_chosen_by_the_option_not_by_the_address(desk: Desk) -> None:
    with recording(desk.standin.url) as proxy:
        desk.do(desk.open(f"{proxy.url}/v2.5", version="2.4").get_balance())
        assert [exchange.path for exchange in proxy.exchanges] == ["/v2.4/organisation"]


def test_there_is_no_other_version(desk: Desk) -> None:
    with pytest.raises(ValueError, match=r"2\.3"):
        desk.open(version="2.3")


@pytest.mark.parametrize("status", [401, 503])
def test_texts_that_are_no_json_are_read(desk: Desk, status: int) -> None:
    desk.standin.fault("order", "status_before", status=status)
    answer = desk.issue()
    assert isinstance(answer, Blocked) == (status == 401)


def test_an_unready_balance_is_asked_for_later(desk: Desk) -> None:
    desk.standin.fault("organisation", "status_before", status=503)
    assert desk.do(desk.adapter.get_balance()) == NotReady(poll_after=1.0)


def signed(body: bytes, key: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def test_a_webhook_signed_with_the_previous_key_is_genuine(desk: Desk) -> None:
    adapter = desk.open(credentials={"api_key": "new-key", "previous_api_keys": ["old-key"]})
    body = b'{"alertType":"FirstAttachment","iccid":"8944538532008160222"}'
    for key in ("new-key", "old-key"):
        assert adapter.verify_webhook({"x-signature-sha256": signed(body, key)}, body, "").kind == "verified"
    assert adapter.verify_webhook({"x-signature-sha256": signed(body, "older")}, body, "").kind == "refused"


def test_an_unsigned_webhook_is_a_hint_unless_the_account_signs(desk: Desk) -> None:
    assert desk.adapter.verify_webhook({}, b"{}", "").kind == "hint"
    assert desk.open(callback_version=3).verify_webhook({}, b"{}", "").kind == "refused"
