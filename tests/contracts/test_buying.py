"""Buying at a supplier: what is bought, what is refused, and that a refusal bought nothing."""

from __future__ import annotations

import socket

from simplane.suppliers.outcomes import Accepted, Blocked, NotReady, Ok, Permanent, Retryable
from tests.contracts.desk import Desk


def test_buys_one_esim_at_its_price(desk: Desk) -> None:
    line = desk.buy()
    [order] = desk.bought()
    assert order["product"] == desk.vendor.offer
    assert order["quantity"] == 1
    assert order["charged_minor"] == desk.vendor.price.minor
    assert order["lines"] == [line.iccid]
    assert order["order_id"] == line.order_id


def test_gives_what_a_phone_needs(desk: Desk) -> None:
    line = desk.buy()
    assert str(line.code).startswith("LPA:1$")
    assert "/" not in line.code.smdp
    assert line.code.matching_id
    assert line.iccid.isdecimal()


def test_answers_as_its_capabilities_say(desk: Desk) -> None:
    answer = desk.issue()
    expected = Ok if desk.adapter.capabilities.issues == "sync" else Accepted
    assert isinstance(answer, expected)


def test_says_what_it_charged_when_the_supplier_does(desk: Desk) -> None:
    line = desk.buy()
    assert line.cost == (desk.vendor.price if "cost" in desk.vendor.tells else None)


def test_waits_for_an_order_that_is_made_in_the_background(desk: Desk) -> None:
    desk.standin.settings(**desk.vendor.slow)
    if desk.vendor.vendor == "esimgo":
        desk.standin.fault("order", "async")
    answer = desk.issue()
    assert isinstance(answer, Accepted)
    assert isinstance(desk.do(desk.adapter.get_order(answer.order_id)), NotReady)
    desk.standin.control("clock", advance_seconds=61)
    line = desk.do(desk.adapter.get_order(answer.order_id))
    assert isinstance(line, Ok)
    assert desk.bought()[0]["lines"] == [line.value.iccid]


def test_repeating_a_reference_buys_again_only_where_there_is_no_key(desk: Desk) -> None:
    request = desk.request()
    desk.issue(request)
    desk.issue(request)
    assert len(desk.bought()) == (1 if desk.adapter.capabilities.idempotent_orders else 2)


def test_refuses_when_the_balance_is_empty(desk: Desk) -> None:
    desk.standin.settings(balance_minor=0)
    answer = desk.issue()
    assert isinstance(answer, Blocked)
    assert answer.kind == "funds"
    assert desk.bought() == []


def test_refuses_with_a_wrong_key(desk: Desk) -> None:
    answer = desk.issue(adapter=desk.open(credentials=dict(desk.vendor.wrong_credentials)))
    assert isinstance(answer, Blocked)
    assert answer.kind == "key"
    assert desk.bought() == []


def test_says_that_a_vanished_offer_is_stale(desk: Desk) -> None:
    desk.vendor.remove(desk.standin, desk.vendor.offer)
    answer = desk.issue()
    assert isinstance(answer, Permanent)
    assert answer.stale_catalogue
    assert desk.bought() == []


def test_says_that_an_unknown_offer_is_stale(desk: Desk) -> None:
    answer = desk.issue(desk.request(desk.vendor.missing_offer))
    assert isinstance(answer, Permanent)
    assert answer.stale_catalogue


def test_notices_another_price_before_or_after_buying(desk: Desk) -> None:
    desk.vendor.reprice(desk.standin, desk.vendor.offer, 199)
    answer = desk.issue()
    if desk.adapter.capabilities.validates_price:
        assert isinstance(answer, Permanent)
        assert answer.stale_catalogue
        assert desk.bought() == []
    else:
        if isinstance(answer, Accepted):
            answer = desk.do(desk.adapter.get_order(answer.order_id))
        assert isinstance(answer, Ok)
        assert answer.value.cost is not None
        assert answer.value.cost.minor == 199


def test_sends_nothing_when_nobody_listens(desk: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        answer = desk.issue(adapter=desk.open(nobody))
    assert isinstance(answer, Retryable)
    assert answer.code == "not_sent"


def test_buys_once_when_it_is_throttled_for_a_moment(desk: Desk) -> None:
    desk.standin.fault("order", "throttle", retry_after=0)
    assert isinstance(desk.issue(), Ok | Accepted)
    assert len(desk.bought()) == 1


def test_comes_back_later_when_it_is_throttled_for_long(desk: Desk) -> None:
    desk.standin.fault("order", "throttle", times=-1, retry_after=7)
    answer = desk.issue()
    assert isinstance(answer, Retryable)
    assert answer.retry_after == 7
    assert desk.bought() == []
