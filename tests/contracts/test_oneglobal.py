"""What only 1GLOBAL Connect does: tokens that end, keys in use, changes for later, new profiles, Basic webhooks."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from simplane.core import clock
from simplane.core.money import Money
from simplane.suppliers.outcomes import Accepted, Blocked, NotReady, Ok, Permanent, Retryable, Unknown
from simplane.suppliers.transport import traced
from simplane.suppliers.values import CatalogOffer, IssuedLine, LineStatus
from tests.contracts.desk import Desk
from tests.contracts.recorder import recording
from tests.contracts.vendors import ONE
from tests.standins import receiving

pytestmark = pytest.mark.parametrize("vendor", [ONE], ids=["oneglobal"])
DAY = 86_400
ADD_ON = "prdoff_01JPX5Y7Z00000000000000011"
UNLIMITED = "prdoff_01JPX5Y7Z00000000000000003"


def status(desk: Desk, line: IssuedLine) -> LineStatus:
    answer = desk.do(desk.adapter.get_line(desk.ref(line)))
    assert isinstance(answer, Ok), answer
    found: LineStatus = answer.value
    return found


def set_status(desk: Desk, line: IssuedLine, verb: str) -> None:
    """As the vendor's own people would: by the call that our adapter never makes."""
    client = desk.adapter._client
    answer = desk.do(client.send(verb, f"/subscriptions/{line.line_id}/{verb}", lambda _: Ok(None)))
    assert answer == Ok(None)


def test_one_token_serves_many_calls_and_a_refused_one_is_renewed_once(desk: Desk) -> None:
    line = desk.buy()
    assert desk.calls("token") == 1
    desk.standin.fault("subscription", "token_expired")
    assert status(desk, line).service == "active"
    assert desk.calls("token") == 2
    desk.standin.control("clock", advance_seconds=301)
    assert isinstance(desk.issue(), Accepted)
    assert desk.calls("token") == 3
    assert len(desk.bought()) == 2


def test_a_token_endpoint_that_fails_buys_nothing_and_may_be_asked_again(desk: Desk) -> None:
    desk.standin.fault("token", "status_before", times=-1)
    assert isinstance(desk.issue(), Retryable)
    assert desk.calls("order") == 0
    desk.standin.control("faults", "DELETE")
    assert isinstance(desk.issue(), Accepted)


def test_a_key_in_use_is_waited_for_and_buys_once(desk: Desk) -> None:
    desk.standin.fault("order", "still_running_after")
    assert isinstance(desk.issue(), Accepted)
    assert len(desk.bought()) == 1
    desk.standin.fault("order", "still_running", times=-1)
    answer = desk.issue()
    assert isinstance(answer, Unknown)
    assert answer.code == "409"
    assert len(desk.bought()) == 1


def test_a_key_that_stands_for_another_order_stops_and_buys_nothing(desk: Desk) -> None:
    request = desk.request()
    desk.issue(request)
    answer = desk.issue(desk.request(ONE.other, reference=request.reference))
    assert isinstance(answer, Permanent)
    elsewhere = desk.open(purchase_location="DE")
    again = desk.issue(request, adapter=elsewhere)
    assert isinstance(again, Unknown)
    assert again.code == "422"
    assert len(desk.bought()) == 1


def test_a_subscriber_without_an_answer_is_made_once_and_then_bought_for(desk: Desk) -> None:
    desk.standin.fault("subscriber_create", "drop_after")
    request = desk.request()
    assert isinstance(desk.issue(request), Accepted)
    [found] = desk.found()
    assert found.reference == request.reference


def test_a_subscriber_that_can_not_be_made_means_that_nothing_was_ordered(desk: Desk) -> None:
    desk.standin.fault("subscriber_create", "drop_before", times=-1)
    assert isinstance(desk.issue(), Retryable)
    assert desk.calls("order") == 0


def test_a_lookup_says_nothing_while_an_order_is_being_made(desk: Desk) -> None:
    desk.standin.settings(**ONE.slow)
    desk.standin.fault("order", "drop_after")
    assert isinstance(desk.issue(), Unknown)
    answer = desk.look_up()
    assert isinstance(answer, Retryable)
    assert answer.code == "still_made"
    desk.standin.control("clock", advance_seconds=61)
    assert [found.order_id for found in desk.found()] == [desk.bought()[0]["order_id"]]


def test_an_order_that_fails_or_is_taken_back_is_refused(desk: Desk) -> None:
    desk.standin.fault("order", "order_fails")
    answer = desk.issue()
    assert isinstance(answer, Accepted)
    came = desk.do(desk.adapter.get_order(answer.order_id))
    assert isinstance(came, Permanent)
    assert came.code == "order_failed"
    assert desk.found() == []
    assert desk.bought()[0]["refunded_minor"] == ONE.price.minor


def test_an_add_on_is_listed_bought_and_counted(desk: Desk) -> None:
    line = desk.buy()
    listed = desk.do(desk.adapter.list_top_ups(desk.ref(line))).value
    assert ADD_ON in {row.code for row in listed if isinstance(row, CatalogOffer)}
    assert ADD_ON not in {row.code for row in desk.catalogue()}
    answer = desk.do(desk.adapter.top_up(desk.ref(line), desk.request(ADD_ON)))
    assert answer.value.cost == Money(180, "EUR")
    assert status(desk, line).data_total == 4 << 30


def test_an_order_that_takes_longer_than_a_person_waits_is_accepted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simplane.suppliers.oneglobal.adapter.FOLLOWED", (0.0, 0.01))
    line = desk.buy()
    desk.standin.settings(**ONE.slow)
    answer = desk.do(desk.adapter.terminate_line(desk.ref(line)))
    assert isinstance(answer, Accepted)
    assert status(desk, line).service == "active"
    desk.standin.control("clock", advance_seconds=61)
    assert desk.do(desk.adapter.terminate_line(desk.ref(line))).value.how == "already_gone"


def test_a_plan_changes_when_its_cycle_ends_or_on_a_day_unless_taken_back(desk: Desk) -> None:
    line = desk.buy()
    desk.advance(line, "used", bytes=1_000)
    later = desk.do(desk.adapter.change_plan(desk.ref(line), desk.request(ONE.other), clock.now() + timedelta(days=9)))
    assert isinstance(later, Accepted)
    assert isinstance(desk.do(desk.adapter.get_order(later.order_id)), NotReady)
    assert [desk.do(desk.adapter.cancel_order(later.order_id)) for _ in range(2)] == [Ok(None), Ok(None)]
    assert desk.bought()[-1]["refunded_minor"] == desk.bought()[-1]["charged_minor"] == 820

    ending = desk.do(desk.adapter.change_plan(desk.ref(line), desk.request(ONE.other), "end_of_cycle"))
    assert isinstance(ending, Accepted)
    assert status(desk, line).data_total == ONE.size
    desk.standin.control("clock", advance_seconds=30 * DAY)
    assert desk.do(desk.adapter.get_order(ending.order_id)).value.cost == Money(820, "EUR")
    assert (status(desk, line).plan, status(desk, line).data_total) == ("active", 5 << 30)
    assert isinstance(desk.do(desk.adapter.cancel_order(ending.order_id)), Permanent)
    assert isinstance(desk.do(desk.adapter.cancel_order("ord_none")), Permanent)


def test_a_day_that_has_passed_is_refused(desk: Desk) -> None:
    line = desk.buy()
    answer = desk.do(desk.adapter.change_plan(desk.ref(line), desk.request(ONE.other), clock.now() - timedelta(days=2)))
    assert isinstance(answer, Permanent)
    assert len(desk.bought()) == 1


def test_a_new_profile_comes_on_the_same_line_and_a_repeat_is_the_same_one(desk: Desk) -> None:
    line = desk.buy()
    desk.advance(line, "used", bytes=5_000)
    first, again = (desk.do(desk.adapter.swap_profile(desk.ref(line), "sp-new-phone")).value for _ in range(2))
    assert first.line_id == line.line_id
    assert first.iccid != line.iccid
    assert first.code != line.code
    assert again == first
    assert (status(desk, line).profile, status(desk, line).data_used) == ("released", 5_000)
    assert len(desk.bought()) == 1


def test_a_debtors_line_counts_as_suspended_and_is_not_woken(desk: Desk) -> None:
    line = desk.buy()
    for verb in ("grace", "suspend"):
        set_status(desk, line, verb)
        assert status(desk, line).service == "suspended"
        assert isinstance(desk.do(desk.adapter.reactivate_line(desk.ref(line), "paid")), Permanent)
    assert desk.do(desk.adapter.suspend_line(desk.ref(line), "lost")).value.service == "suspended"


def test_an_unlimited_line_has_no_total(desk: Desk) -> None:
    line = desk.buy(UNLIMITED)
    desk.advance(line, "used", bytes=7_000)
    [reading] = desk.do(desk.adapter.fetch_usage([desk.ref(line)])).value
    assert (reading.used, reading.total) == (7_000, None)


def test_only_the_account_with_place_and_customer_is_set_up(desk: Desk) -> None:
    wrong: list[dict[str, Any]] = [{"account_id": ""}, {"purchase_location": "Britain"}]
    for missing in wrong:
        with pytest.raises(ValueError, match="account_id"):
            desk.open(**missing)


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_webhooks_are_taken_only_with_the_credentials_of_now_or_before(desk: Desk) -> None:
    good = ONE.credentials
    rotated = desk.open(credentials={**good, "webhook_password": "new", "previous_webhook_passwords": ["old"]})
    kinds = {
        password: rotated.verify_webhook(basic("simplane", password), b"{}", "").kind
        for password in ("new", "old", "x")
    }
    assert kinds == {"new": "hint", "old": "hint", "x": "refused"}
    refused: list[dict[str, str]] = [
        {},
        {"authorization": "Bearer new"},
        {"authorization": "Basic %%"},
        basic("x", "new"),
    ]
    assert {rotated.verify_webhook(headers, b"{}", "").kind for headers in refused} == {"refused"}
    none = desk.open(credentials={name: good[name] for name in ("client_id", "client_secret")})
    assert none.verify_webhook(basic("", ""), b"{}", "").kind == "refused"


def test_the_address_we_register_gets_our_credentials_and_no_trace_shows_them(desk: Desk) -> None:
    secret = "p@ss/word:1"
    adapter = desk.open(credentials={**ONE.credentials, "webhook_password": secret})
    with receiving() as receiver, traced() as calls:
        assert desk.do(adapter.register_webhook(f"{receiver.url}/hooks")) == Ok(None)
        desk.advance(desk.buy(), "installed", notify=True)
        came = receiver.next()
    assert adapter.verify_webhook(came.headers, came.body, "").kind == "hint"
    shown = str(calls)
    for hidden in (secret, "p%40ss", ONE.credentials["client_secret"], "matching_id': '"):
        assert hidden not in shown


def test_calls_say_version_correlation_and_one_key_for_every_attempt(desk: Desk) -> None:
    with recording(desk.standin.url) as proxy:
        adapter = desk.open(proxy.url)
        request = desk.request()
        proxy.lose("/orders")
        assert isinstance(desk.issue(request, adapter=adapter), Unknown)
        assert isinstance(desk.issue(request, adapter=adapter), Accepted)
        sent = [one for one in proxy.exchanges if one.method == "POST" and one.path == "/connect/orders"]
    assert {one.headers["idempotency-key"] for one in sent} == {request.reference}
    assert {one.headers["api-version"] for one in sent} == {"2026-02-05"}
    assert len({one.headers["correlation-id"] for one in sent}) == 2
    names: list[Any] = [one.request() for one in proxy.exchanges if one.path == "/connect/subscribers"]
    assert {(one["first_name"], one["last_name"]) for one in names} == {(request.reference, ONE.offer)}
    assert len(desk.bought()) == 1


def test_credit_that_is_used_up_blocks_until_somebody_pays(desk: Desk) -> None:
    desk.standin.fault("order", "no_credit")
    answer = desk.issue()
    assert isinstance(answer, Blocked)
    assert answer.kind == "funds"
