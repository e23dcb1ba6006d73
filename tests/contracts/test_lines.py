"""Reading lines: state, usage, install details, balance."""

from __future__ import annotations

import pytest

from simplane.core.money import Money
from simplane.suppliers.outcomes import Ok, Permanent, Unsupported
from simplane.suppliers.values import LineRef, LineStatus, UsageReading
from tests.contracts.desk import Desk


def status(desk: Desk, line: LineRef) -> LineStatus:
    answer = desk.do(desk.adapter.get_line(line))
    assert isinstance(answer, Ok), answer
    found: LineStatus = answer.value
    return found


def test_a_new_line_is_released_and_waits(desk: Desk) -> None:
    found = status(desk, desk.ref(desk.buy()))
    assert (found.profile, found.plan, found.service) == ("released", "queued", "active")
    assert found.data_used == 0


def test_an_installed_line_says_so(desk: Desk) -> None:
    line = desk.buy()
    desk.advance(line, "installed")
    assert status(desk, desk.ref(line)).profile == "installed"


def test_a_line_in_use_says_how_much_is_used(desk: Desk) -> None:
    line = desk.buy()
    desk.advance(line, "used", bytes=300_000_000)
    found = status(desk, desk.ref(line))
    assert (found.plan, found.data_used) == ("active", 300_000_000)
    assert found.data_total is not None
    assert found.data_total >= 1_000_000_000
    assert (found.expires_at is not None) == ("end" in desk.vendor.tells)


def test_a_used_up_line_is_depleted(desk: Desk) -> None:
    line = desk.buy()
    desk.advance(line, "depleted")
    found = status(desk, desk.ref(line))
    assert (found.plan, found.data_used) == ("depleted", found.data_total)


def test_a_line_past_its_days_is_expired(desk: Desk) -> None:
    line = desk.buy()
    desk.advance(line, "used", bytes=1_000)
    desk.advance(line, "expired")
    assert status(desk, desk.ref(line)).plan == "expired"


def test_a_line_expires_by_the_clock(desk: Desk) -> None:
    line = desk.buy()
    desk.advance(line, "used", bytes=1_000)
    desk.standin.control("clock", advance_seconds=31 * 86_400)
    assert status(desk, desk.ref(line)).plan == "expired"


def test_a_line_that_is_not_ours_is_refused(desk: Desk) -> None:
    stranger = LineRef(line_id="8999000000000000009", iccid="8999000000000000009", order_id="x", offer_code="x")
    assert isinstance(desk.do(desk.adapter.get_line(stranger)), Permanent)


def test_reads_usage_of_several_lines(desk: Desk) -> None:
    lines = [desk.buy() for _ in range(3)]
    desk.advance(lines[1], "used", bytes=250_000_000)
    answer = desk.do(desk.adapter.fetch_usage([desk.ref(line) for line in lines]))
    assert isinstance(answer, Ok)
    readings: dict[str, UsageReading] = {reading.line_id: reading for reading in answer.value}
    assert [readings[line.line_id].used for line in lines] == [0, 250_000_000, 0]
    assert all(reading.total and not reading.daily for reading in readings.values())


def test_reads_install_details_again(desk: Desk) -> None:
    line = desk.buy()
    answer = desk.do(desk.adapter.get_install_details(desk.ref(line)))
    assert isinstance(answer, Ok)
    assert (answer.value.code, answer.value.iccid) == (line.code, line.iccid)


def test_an_order_nobody_made_is_refused(desk: Desk) -> None:
    assert isinstance(desk.do(desk.adapter.get_order("B00000000000000")), Permanent)


@pytest.mark.parametrize("minor", [0, 123_456, 5_000_000])
def test_reads_the_balance(desk: Desk, minor: int) -> None:
    desk.standin.settings(balance_minor=minor)
    answer = desk.do(desk.adapter.get_balance())
    if not desk.adapter.capabilities.balance:
        assert isinstance(answer, Unsupported)
        return
    assert answer == Ok(Money(minor, "USD"))


def test_the_balance_falls_by_the_price(desk: Desk) -> None:
    before = desk.standin.books(summary=True)["balance_minor"]
    desk.buy()
    assert desk.standin.books(summary=True)["balance_minor"] == before - desk.vendor.price.minor
    if desk.adapter.capabilities.balance:
        assert desk.do(desk.adapter.get_balance()).value.minor == before - desk.vendor.price.minor
