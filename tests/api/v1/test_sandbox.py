"""What only a test key may do."""

from __future__ import annotations

from typing import Any

import pytest

from simplane.api.problems import Refused
from simplane.api.v1 import sandbox
from simplane.ledger.models import Transaction, Wallet
from simplane.ordering.models import Order
from tests.api.v1.calls import Program, program, sold

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tester() -> Program:
    return program(0, is_test=True)


def test_play_money_comes_once_a_key(tester: Program) -> None:
    first = tester.post("/sandbox/funds", {"amount_minor": 500_00}, key="f" * 255)
    again = tester.post("/sandbox/funds", {"amount_minor": 500_00}, key="f" * 255)
    more = tester.post("/sandbox/funds", {"amount_minor": 1}, key="f" * 254)
    assert (first.status, again.raw, more.status) == (201, first.raw, 201)
    assert Wallet.objects.get().balance_minor == 500_01
    assert set(Transaction.objects.values_list("ledger", flat=True)) == {"test"}


def test_a_key_is_taken_before_the_work_so_that_an_order_meanwhile_is_refused(
    tester: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order is placed by SQL, which knows nothing of the lock: it comes in the middle of the work here."""
    sold("EU-5")
    met: list[str] = []
    fund = sandbox._fund

    def order_meanwhile(*given: Any) -> None:
        met.append(tester.post("/orders", {"lines": [{"sku": "EU-5"}]}, key="same").code)
        fund(*given)

    monkeypatch.setattr(sandbox, "_fund", order_meanwhile)
    first = tester.post("/sandbox/funds", {"amount_minor": 500_00}, key="same")

    assert (met, first.status) == (["key_reused"], 201)
    assert tester.post("/sandbox/funds", {"amount_minor": 500_00}, key="same").raw == first.raw
    assert (Wallet.objects.get().balance_minor, Order.objects.count()) == (500_00, 0)


def test_a_refusal_leaves_the_key_free(tester: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise Refused("unavailable")

    with monkeypatch.context() as now:
        now.setattr(sandbox, "_fund", broken)
        assert tester.post("/sandbox/funds", {"amount_minor": 1}, key="k").code == "unavailable"
    assert tester.post("/sandbox/funds", {"amount_minor": 2}, key="k").status == 201
    assert Wallet.objects.get().balance_minor == 2


@pytest.mark.parametrize("amount", [0, -1, 10**9 + 1, 1.5, "5", None])
def test_an_amount_that_can_not_be_changes_nothing(tester: Program, amount: object) -> None:
    assert tester.post("/sandbox/funds", {"amount_minor": amount}).code == "bad_request"
    assert not Transaction.objects.exists()


def test_a_live_key_gets_neither_money_nor_faults(tester: Program) -> None:
    live = program(0)
    assert live.post("/sandbox/funds", {"amount_minor": 5}).code == live.get("/sandbox/faults").code == "test_only"
    names = [one["name"] for one in tester.get("/sandbox/faults").told["data"]]
    assert names == ["timeout", "refusal", "late", "low_data"]
    assert not Transaction.objects.exists()
