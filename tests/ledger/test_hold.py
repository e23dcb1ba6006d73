"""Money set aside is captured or released, and each part of it has one winner."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.errors import Refusal
from simplane.ledger import queries
from simplane.ledger.actions import capture, expire_holds, hold, release
from simplane.ledger.errors import BadPosting, HoldOver, InsufficientFunds
from simplane.ledger.models import Hold, Wallet
from simplane.ledger.verify import verify
from tests.ledger.money import SALES, fresh, funded

pytestmark = pytest.mark.django_db(transaction=True)


def set_aside(wallet: Wallet, minor: int, *, key: str = "order:1", **given: object) -> Hold:
    with transaction():
        return hold(wallet, minor, key=key, **given)  # type: ignore[arg-type]


def spend(minor: int, *, part: str, key: str = "order:1") -> None:
    with transaction():
        capture(key, minor, [(SALES, minor)], part=part)


def give_back(minor: int, *, part: str, key: str = "order:1") -> None:
    with transaction():
        release(key, minor, part=part)


def state_of(key: str = "order:1") -> tuple[str, int, int]:
    row = Hold.objects.get(key=key)
    return row.state, row.remaining_minor, row.captured_minor


def test_a_hold_takes_money_out_of_what_can_be_spent() -> None:
    wallet = funded(10_00)
    set_aside(wallet, 6_00)

    (state,) = queries.wallets(wallet.organization_id)
    assert (state.balance_minor, state.held_minor, state.available.minor) == (4_00, 6_00, 4_00)
    with pytest.raises(InsufficientFunds):
        set_aside(wallet, 4_01, key="order:2")


def test_parts_of_a_hold_are_captured_and_released() -> None:
    wallet = funded(10_00)
    set_aside(wallet, 9_00)
    spend(3_00, part="unit:1")
    give_back(2_00, part="unit:2")
    spend(4_00, part="unit:3")

    assert state_of() == ("spent", 0, 7_00)
    assert fresh(wallet).balance_minor == 3_00
    assert queries.balance(SALES) == 7_00
    assert verify().problems == ()


def test_the_same_part_again_moves_nothing() -> None:
    wallet = funded(10_00)
    set_aside(wallet, 9_00)
    set_aside(wallet, 9_00)
    for _ in range(2):
        spend(3_00, part="unit:1")

    assert state_of() == ("open", 6_00, 3_00)
    assert fresh(wallet).balance_minor == 1_00


def test_more_than_remains_is_refused() -> None:
    wallet = funded(10_00)
    set_aside(wallet, 5_00)
    spend(3_00, part="unit:1")

    with pytest.raises(HoldOver):
        spend(2_01, part="unit:2")
    with pytest.raises(BadPosting), transaction():
        capture("order:1", 100, [(SALES, 99)], part="unit:2")

    assert state_of() == ("open", 2_00, 3_00)
    assert verify().problems == ()


def test_a_hold_expires_once() -> None:
    wallet = funded(10_00)
    set_aside(wallet, 5_00, expires_at=clock.now() - timedelta(seconds=1))
    set_aside(wallet, 1_00, key="order:2", expires_at=clock.now() + timedelta(hours=1))

    assert (expire_holds(), expire_holds()) == (1, 0)
    assert state_of() == ("expired", 0, 0)
    assert fresh(wallet).balance_minor == 9_00
    with pytest.raises(HoldOver):
        spend(1, part="late")


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run all at the same moment, each on a thread and connection of its own; a refusal is an answer."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            barrier.wait()
            return work()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def test_forty_buyers_at_once_on_funds_for_ten_are_ten() -> None:
    wallet = funded(10_00)

    answers = at_once(*[lambda n=n: set_aside(wallet, 1_00, key=f"order:{n}").pk and "held" for n in range(40)])

    assert sorted(set(map(str, answers))) == ["held", "insufficient_funds"]
    assert answers.count("held") == 10
    assert fresh(wallet).balance_minor == 0
    assert verify().problems == ()


def test_capture_release_and_expiry_at_once_have_one_winner() -> None:
    wallet = funded(100_00)
    for n in range(20):
        key = f"order:{n}"
        set_aside(wallet, 1_00, key=key, expires_at=clock.now() - timedelta(seconds=1))
        answers = at_once(
            lambda key=key: spend(1_00, part="sale", key=key),  # type: ignore[misc]
            lambda key=key: give_back(1_00, part="void", key=key),  # type: ignore[misc]
            expire_holds,
        )
        state, remaining, captured = state_of(key)
        won = [answers[0] is None, answers[1] is None, answers[2] == 1]
        assert (won.count(True), remaining) == (1, 0)
        assert (captured == 1_00) == won[0]
        assert (state == "expired") == won[2]

    assert verify().problems == ()


def test_two_wallets_are_moved_by_many_without_waiting_for_each_other_for_ever() -> None:
    first, second = funded(50_00), funded(50_00)
    from simplane.ledger.actions import post
    from simplane.ledger.actions.post import Fact
    from simplane.ledger.values import Posting
    from tests.ledger.money import wallet_ref

    def swap(number: int) -> None:
        pair = (first, second) if number % 2 else (second, first)
        source, target = (wallet_ref(one.organization) for one in pair)
        with transaction():
            post(Fact(kind="swap", key=f"swap:{number}"), [Posting(source, target, 1)])

    assert at_once(*[lambda n=n: swap(n) for n in range(24)]) == [None] * 24
    assert (fresh(first).balance_minor, fresh(second).balance_minor) == (50_00, 50_00)
