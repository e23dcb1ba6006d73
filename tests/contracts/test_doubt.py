"""Orders whose answer never came, or can not be read: never repeated, always found."""

from __future__ import annotations

import pytest

from simplane.suppliers.outcomes import Accepted, Ok, Retryable, Unknown
from tests.contracts.desk import Desk

EXECUTED = ["drop_after", "status_after", "empty", "malformed", "wrong_type"]
NOT_EXECUTED = ["drop_before", "status_before", "html"]


@pytest.mark.parametrize("kind", EXECUTED)
def test_an_executed_order_without_a_good_answer_is_unknown_and_found(desk: Desk, kind: str) -> None:
    desk.standin.fault("order", kind)
    request = desk.request()
    assert isinstance(desk.issue(request), Unknown)
    [order] = desk.bought()
    [found] = desk.found()
    assert found.order_id == order["order_id"]
    assert found.iccids == tuple(order["lines"])
    assert found.quantity == 1
    assert found.done
    expected = request.reference if desk.adapter.capabilities.finds_orders_by_reference else ""
    assert found.reference == expected


@pytest.mark.parametrize("kind", NOT_EXECUTED)
def test_an_order_that_was_not_executed_is_unknown_and_not_found(desk: Desk, kind: str) -> None:
    desk.standin.fault("order", kind)
    assert isinstance(desk.issue(), Unknown)
    assert desk.bought() == []
    assert desk.found() == []


def test_an_unknown_order_is_asked_for_once(desk: Desk) -> None:
    desk.standin.fault("order", "drop_after", times=-1)
    desk.issue()
    assert desk.calls("order") == 1


def test_a_late_answer_is_no_answer(desk: Desk) -> None:
    desk.standin.fault("order", "delay", seconds=0.6)
    answer = desk.issue(adapter=desk.open(read_seconds=0.2))
    assert isinstance(answer, Unknown)
    assert answer.code == "no_answer"
    assert len(desk.found()) == 1


def test_a_gateway_time_out_is_unknown(desk: Desk) -> None:
    desk.standin.fault("order", "status_after", status=504)
    answer = desk.issue()
    assert isinstance(answer, Unknown)
    assert answer.code == "504"


def test_a_new_field_does_no_harm(desk: Desk) -> None:
    desk.standin.fault("order", "extra_field")
    assert isinstance(desk.issue(), Ok | Accepted)


def test_a_found_order_gives_its_line(desk: Desk) -> None:
    desk.standin.fault("order", "drop_after")
    desk.issue()
    [found] = desk.found()
    line = desk.do(desk.adapter.get_order(found.order_id))
    assert isinstance(line, Ok)
    assert (line.value.iccid,) == found.iccids


def test_repeating_an_unknown_order_by_its_key_buys_nothing_more(desk: Desk) -> None:
    desk.standin.fault("order", "drop_after")
    request = desk.request()
    desk.issue(request)
    if desk.adapter.capabilities.idempotent_orders:
        assert isinstance(desk.issue(request), Accepted)
    assert len(desk.bought()) == 1


def test_finds_only_orders_of_the_offer_and_of_the_window(desk: Desk) -> None:
    desk.buy()
    desk.buy(desk.vendor.other)
    desk.standin.control("clock", advance_seconds=3600)
    desk.buy()
    assert [order.order_id for order in desk.found()] == [desk.bought_ids(desk.vendor.offer)[0]]


def test_finds_every_order_of_a_busy_minute(desk: Desk) -> None:
    ids = {desk.buy().order_id for _ in range(105)}
    assert {order.order_id for order in desk.found()} == ids


@pytest.mark.parametrize("kind", ["drop_before", "status_before", "html", "malformed", "empty", "wrong_type"])
def test_a_lookup_that_fails_says_nothing_about_the_order(desk: Desk, kind: str) -> None:
    desk.standin.fault(desk.vendor.lookup, kind, times=-1)
    answer = desk.look_up()
    assert isinstance(answer, Retryable)


@pytest.mark.parametrize("kind", ["drop_before", "status_before", "html", "malformed", "throttle"])
def test_a_read_is_repeated_after_a_passing_fault(desk: Desk, kind: str) -> None:
    line = desk.buy()
    desk.standin.fault(desk.vendor.reading, kind, retry_after=0)
    assert isinstance(desk.do(desk.adapter.get_line(desk.ref(line))), Ok)
