"""Changing lines: pause, end, give back, add; what a supplier can not do it says, as its capabilities did."""

from __future__ import annotations

from typing import Any

import pytest

from simplane.suppliers.outcomes import Ok, Permanent, Unknown, Unsupported
from simplane.suppliers.values import CatalogOffer, IssuedLine, Returned
from tests.contracts.desk import Desk
from tests.contracts.recorder import recording


@pytest.fixture
def line(desk: Desk) -> IssuedLine:
    return desk.buy()


def state(desk: Desk, line: IssuedLine) -> Any:
    answer = desk.do(desk.adapter.get_line(desk.ref(line)))
    assert isinstance(answer, Ok), answer
    return answer.value


def refunded(desk: Desk) -> int:
    return sum(order["refunded_minor"] for order in desk.bought())


def gives_back(desk: Desk) -> bool:
    return bool(desk.adapter.capabilities.refund != "no")


def can_suspend(desk: Desk) -> bool:
    return bool(desk.adapter.capabilities.suspend)


def test_suspends_a_line(desk: Desk, line: IssuedLine) -> None:
    answer = desk.do(desk.adapter.suspend_line(desk.ref(line), "lost phone"))
    if not can_suspend(desk):
        assert isinstance(answer, Unsupported)
        return
    assert answer.value.service == "suspended"
    assert state(desk, line).service == "suspended"


def test_suspending_twice_is_fine(desk: Desk, line: IssuedLine) -> None:
    answers = [desk.do(desk.adapter.suspend_line(desk.ref(line), "lost phone")) for _ in range(2)]
    assert all(isinstance(answer, Ok if can_suspend(desk) else Unsupported) for answer in answers)


def test_reactivates_a_line_once_or_twice(desk: Desk, line: IssuedLine) -> None:
    desk.do(desk.adapter.suspend_line(desk.ref(line), "lost phone"))
    answers = [desk.do(desk.adapter.reactivate_line(desk.ref(line), "found")) for _ in range(2)]
    assert all(isinstance(answer, Ok if can_suspend(desk) else Unsupported) for answer in answers)
    assert state(desk, line).service == "active"


def test_a_suspension_without_an_answer_can_be_asked_again(desk: Desk, line: IssuedLine) -> None:
    desk.standin.fault(desk.vendor.pausing, "drop_after")
    first = desk.do(desk.adapter.suspend_line(desk.ref(line), "lost phone"))
    assert isinstance(first, Unknown if can_suspend(desk) else Unsupported)
    second = desk.do(desk.adapter.suspend_line(desk.ref(line), "lost phone"))
    assert isinstance(second, Ok if can_suspend(desk) else Unsupported)


def test_ends_a_line_without_money(desk: Desk, line: IssuedLine) -> None:
    desk.advance(line, "used", bytes=1_000)
    answer = desk.do(desk.adapter.terminate_line(desk.ref(line)))
    assert answer == Ok(Returned(refunded=None, how="terminated_only"))
    assert state(desk, line).service == "terminated"
    assert refunded(desk) == 0


def test_ending_a_line_twice_says_it_is_gone(desk: Desk, line: IssuedLine) -> None:
    desk.do(desk.adapter.terminate_line(desk.ref(line)))
    answer = desk.do(desk.adapter.terminate_line(desk.ref(line)))
    assert answer == Ok(Returned(refunded=None, how="already_gone"))


def test_gives_an_unused_line_back_for_its_price(desk: Desk, line: IssuedLine) -> None:
    answer = desk.do(desk.adapter.cancel_or_refund(desk.ref(line)))
    if not gives_back(desk):
        assert isinstance(answer, Unsupported)
        return
    assert isinstance(answer, Ok)
    assert answer.value.how == "refunded"
    assert answer.value.refunded in (desk.vendor.price, None)
    assert refunded(desk) == desk.vendor.price.minor


def test_giving_back_twice_refunds_once(desk: Desk, line: IssuedLine) -> None:
    desk.do(desk.adapter.cancel_or_refund(desk.ref(line)))
    answer = desk.do(desk.adapter.cancel_or_refund(desk.ref(line)))
    # A cancelled line at eSIM Access can only have been refunded; at eSIM Go a vanished one may have been ended.
    again = Returned(refunded=None, how="refunded" if desk.vendor.vendor == "esimaccess" else "already_gone")
    assert answer == Ok(again) if gives_back(desk) else isinstance(answer, Unsupported)
    assert refunded(desk) == (desk.vendor.price.minor if gives_back(desk) else 0)


def test_an_ended_line_is_not_given_back(desk: Desk, line: IssuedLine) -> None:
    desk.advance(line, "used", bytes=1_000)
    desk.do(desk.adapter.terminate_line(desk.ref(line)))
    answer = desk.do(desk.adapter.cancel_or_refund(desk.ref(line)))
    gone = Ok(Returned(refunded=None, how="already_gone"))
    assert answer == gone if gives_back(desk) else isinstance(answer, Unsupported)
    assert refunded(desk) == 0


def test_a_used_line_is_not_taken_back_and_stays(desk: Desk, line: IssuedLine) -> None:
    desk.advance(line, "used", bytes=1_000)
    refused = desk.do(desk.adapter.cancel_or_refund(desk.ref(line)))
    assert isinstance(refused, Permanent if gives_back(desk) else Unsupported)
    assert state(desk, line).plan == "active"
    assert refunded(desk) == 0


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "empty", "malformed"])
def test_a_refund_without_an_answer_is_completed_when_asked_again(desk: Desk, line: IssuedLine, kind: str) -> None:
    if not gives_back(desk):
        assert isinstance(desk.do(desk.adapter.cancel_or_refund(desk.ref(line))), Unsupported)
        return
    desk.standin.fault("cancel" if desk.vendor.vendor == "esimaccess" else "refund", kind)
    assert isinstance(desk.do(desk.adapter.cancel_or_refund(desk.ref(line))), Unknown)
    assert isinstance(desk.do(desk.adapter.cancel_or_refund(desk.ref(line))), Ok)
    assert refunded(desk) == desk.vendor.price.minor


def test_a_revocation_without_an_answer_is_completed_when_asked_again(desk: Desk, line: IssuedLine) -> None:
    if not gives_back(desk):
        assert isinstance(desk.do(desk.adapter.cancel_or_refund(desk.ref(line))), Unsupported)
        return
    with recording(desk.standin.url) as proxy:
        adapter = desk.open(proxy.url)
        proxy.lose("type=transaction" if desk.vendor.vendor == "esimgo" else "/esim/cancel")
        assert isinstance(desk.do(adapter.cancel_or_refund(desk.ref(line))), Unknown)
        assert isinstance(desk.do(adapter.cancel_or_refund(desk.ref(line))), Ok)
    assert refunded(desk) == desk.vendor.price.minor


def test_adds_data_to_a_line(desk: Desk, line: IssuedLine) -> None:
    before = state(desk, line).data_total
    answer = desk.do(desk.adapter.top_up(desk.ref(line), desk.request()))
    assert isinstance(answer, Ok), answer
    assert answer.value.iccid == line.iccid
    assert answer.value.code == line.code
    assert state(desk, line).data_total == before * 2
    assert [order["topup"] for order in desk.bought()] == [False, True]


def test_a_top_up_says_what_it_cost(desk: Desk, line: IssuedLine) -> None:
    answer = desk.do(desk.adapter.top_up(desk.ref(line), desk.request()))
    assert answer.value.cost == desk.vendor.price


def test_a_top_up_without_an_answer_is_bought_once(desk: Desk, line: IssuedLine) -> None:
    desk.standin.fault(desk.vendor.topping, "drop_after")
    answer = desk.do(desk.adapter.top_up(desk.ref(line), desk.request()))
    assert isinstance(answer, Ok if desk.vendor.vendor == "esimaccess" else Unknown)
    assert [order["topup"] for order in desk.bought()] == [False, True]


def test_a_top_up_that_was_not_executed_stays_unknown(desk: Desk, line: IssuedLine) -> None:
    desk.standin.fault(desk.vendor.topping, "drop_before")
    assert isinstance(desk.do(desk.adapter.top_up(desk.ref(line), desk.request())), Unknown)
    assert len(desk.bought()) == 1


def test_a_plan_for_another_place_is_not_added(desk: Desk, line: IssuedLine) -> None:
    answer = desk.do(desk.adapter.top_up(desk.ref(line), desk.request(desk.vendor.elsewhere)))
    assert isinstance(answer, Permanent)
    assert len(desk.bought()) == 1


def test_lists_what_may_be_added(desk: Desk, line: IssuedLine) -> None:
    answer = desk.do(desk.adapter.list_top_ups(desk.ref(line)))
    assert isinstance(answer, Ok)
    codes = {row.code for row in answer.value if isinstance(row, CatalogOffer)}
    assert {desk.vendor.offer, desk.vendor.other} <= codes


def test_assigns_a_plan_where_it_can(desk: Desk, line: IssuedLine) -> None:
    answer = desk.do(desk.adapter.assign_plan(desk.ref(line), desk.request(desk.vendor.other)))
    if not desk.adapter.capabilities.assign_plan:
        assert isinstance(answer, Unsupported)
        return
    assert answer.value.iccid == line.iccid


def test_a_plan_that_does_not_fit_comes_on_another_line_or_not_at_all(desk: Desk, line: IssuedLine) -> None:
    answer = desk.do(desk.adapter.assign_plan(desk.ref(line), desk.request(desk.vendor.elsewhere)))
    if desk.vendor.vendor == "esimgo":
        assert answer.value.iccid != line.iccid
        return
    assert isinstance(answer, Permanent if desk.adapter.capabilities.assign_plan else Unsupported)
    assert len(desk.bought()) == 1


def test_changes_a_plan_as_its_capabilities_say(desk: Desk, line: IssuedLine) -> None:
    answer = desk.do(desk.adapter.change_plan(desk.ref(line), desk.request(desk.vendor.other), None))
    if desk.adapter.capabilities.change_plan == "no":
        assert isinstance(answer, Unsupported)
        return
    assert answer.value.iccid == line.iccid
    assert state(desk, line).data_total == {"esimgo": 2_000_000_000, "oneglobal": 5 << 30}[desk.vendor.vendor]


def test_webhook_address_by_api_only_where_there_is_one(desk: Desk) -> None:
    answer = desk.do(desk.adapter.register_webhook("http://127.0.0.1:9/hooks"))
    expected = {"esimgo": Unsupported, "esimaccess": Permanent, "oneglobal": Ok}
    assert isinstance(answer, expected[desk.vendor.vendor])
