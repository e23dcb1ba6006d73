"""What only a test key may do."""

from __future__ import annotations

import pytest

from simplane.ledger.models import Transaction, Wallet
from tests.api.v1.calls import Program, program

pytestmark = pytest.mark.django_db


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
