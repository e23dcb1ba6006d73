"""What only eSIM Access does: busy answers that prove nothing, signatures, its own refusals, odd types, re-used ICCIDs."""

from __future__ import annotations

import pytest

from simplane.suppliers.outcomes import Accepted, Blocked, NotReady, Ok, Permanent, Retryable, Unknown
from tests.contracts.desk import Desk
from tests.contracts.vendors import ACCESS
from tests.standins import receiving

pytestmark = pytest.mark.parametrize("vendor", [ACCESS], ids=["esimaccess"])


@pytest.mark.parametrize("kind", ["busy_after", "server_error_after", "busy_before", "server_error_before"])
def test_a_busy_answer_is_repeated_with_the_same_key(desk: Desk, kind: str) -> None:
    desk.standin.fault("order", kind)
    assert isinstance(desk.issue(), Accepted)
    assert len(desk.bought()) == 1


@pytest.mark.parametrize(("kind", "bought"), [("busy_after", 1), ("server_error_after", 1), ("busy_before", 0)])
def test_a_busy_answer_for_ever_is_unknown(desk: Desk, kind: str, bought: int) -> None:
    desk.standin.fault("order", kind, times=-1)
    assert isinstance(desk.issue(), Unknown)
    assert len(desk.bought()) == bought


def test_a_refusal_of_the_repeat_does_not_clear_the_first_attempt(desk: Desk) -> None:
    desk.standin.fault("order", "busy_before")
    desk.standin.fault("order", "no_funds")
    answer = desk.issue()
    assert isinstance(answer, Unknown)
    assert answer.code == "900001"


def test_a_busy_top_up_is_looked_up_not_repeated(desk: Desk) -> None:
    line = desk.buy()
    desk.standin.fault("topup", "busy_after", times=-1)
    assert isinstance(desk.do(desk.adapter.top_up(desk.ref(line), desk.request())), Ok)
    assert [order["topup"] for order in desk.bought()] == [False, True]


def test_an_old_signature_is_made_anew(desk: Desk) -> None:
    desk.standin.fault("order", "signature_expired")
    assert isinstance(desk.issue(), Accepted)


def test_no_profiles_left_is_for_later_or_elsewhere(desk: Desk) -> None:
    desk.standin.fault("order", "no_profiles", times=-1)
    answer = desk.issue()
    assert isinstance(answer, Retryable)
    assert answer.code == "200011"
    assert desk.calls("order") == 1


def test_a_wrong_access_code_blocks(desk: Desk) -> None:
    answer = desk.issue(adapter=desk.open(credentials={"access_code": "wrong"}))
    assert isinstance(answer, Blocked)
    assert answer.kind == "key"


def test_signs_only_with_a_secret_key(desk: Desk) -> None:
    unsigned = desk.open(credentials={"access_code": ACCESS.credentials["access_code"]})
    assert isinstance(desk.issue(adapter=unsigned), Blocked)
    desk.standin.settings(require_signature=False)
    assert isinstance(desk.issue(adapter=unsigned), Accepted)


def test_throttling_in_the_envelope_is_waited_out(desk: Desk) -> None:
    desk.standin.settings(throttle_as="900001")
    line = desk.buy()
    desk.standin.fault("query", "throttle")
    assert isinstance(desk.do(desk.adapter.get_line(desk.ref(line))), Ok)


def test_odd_types_everywhere_change_nothing(desk: Desk) -> None:
    desk.standin.settings(odd_types=True)
    line = desk.buy()
    assert isinstance(desk.do(desk.adapter.get_line(desk.ref(line))), Ok)
    assert isinstance(desk.issue(desk.request("NOSUCH001")), Permanent)
    desk.standin.settings(balance_minor=0)
    assert isinstance(desk.issue(), Blocked)


def test_lines_that_share_an_iccid_are_kept_apart(desk: Desk) -> None:
    desk.standin.settings(reuse_iccids=True)
    first = desk.buy()
    desk.do(desk.adapter.cancel_or_refund(desk.ref(first)))
    second = desk.buy()
    assert second.iccid == first.iccid
    assert desk.do(desk.adapter.get_line(desk.ref(first))).value.service == "terminated"
    assert desk.do(desk.adapter.get_line(desk.ref(second))).value.service == "active"


def test_a_line_that_is_still_made_is_not_ready(desk: Desk) -> None:
    desk.standin.fault("order", "slow_ready")
    answer = desk.issue()
    assert isinstance(answer, Accepted)
    assert isinstance(desk.do(desk.adapter.get_order(answer.order_id)), NotReady)


def test_webhooks_come_only_from_the_listed_addresses(desk: Desk) -> None:
    real = desk.open(is_stand_in=False)
    assert real.verify_webhook({}, b"{}", "3.1.131.226").kind == "hint"
    assert real.verify_webhook({}, b"{}", "10.0.0.1").kind == "refused"
    own = desk.open(webhook_ips=["10.0.0.1"])
    assert own.verify_webhook({}, b"{}", "10.0.0.1").kind == "hint"
    assert own.verify_webhook({}, b"{}", "3.1.131.226").kind == "refused"


def test_the_probe_of_a_new_webhook_address_is_told_as_one(desk: Desk) -> None:
    with receiving() as receiver:
        assert desk.do(desk.adapter.register_webhook(f"{receiver.url}/hooks")) == Ok(None)
        [event] = desk.adapter.parse_webhook(receiver.next().body)
    assert (event.kind, event.order_id) == ("probe", "")


def test_a_vanished_price_is_refused_before_it_is_paid(desk: Desk) -> None:
    desk.standin.fault("order", "price_changed")
    answer = desk.issue()
    assert isinstance(answer, Permanent)
    assert answer.stale_catalogue
