"""What people write into the ledger: corrections with four eyes, money for suppliers, payouts and fees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from simplane.core import clock, context
from simplane.core.errors import BadInput, Refusal
from simplane.core.foureyes import SecondPersonNeeded
from simplane.core.models import AuditEntry
from simplane.core.money import Money
from simplane.ledger import queries
from simplane.ledger.actions import close_month
from simplane.ledger.actions.adjust import decide_adjustment, propose_adjustment
from simplane.ledger.actions.cashbook import (
    Payout,
    SupplierTopUp,
    record_payouts,
    record_supplier_top_up,
    reverse_by_hand,
)
from simplane.ledger.chart import Kind
from simplane.ledger.errors import AlreadyReversed, InsufficientFunds, KeyReused, PeriodClosed
from simplane.ledger.models import Adjustment, Transaction
from simplane.ledger.values import AccountRef
from simplane.ledger.verify import verify
from tests.ledger.money import BANK, fresh, funded

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = clock.now().date()
CLEARING = AccountRef(Kind.CLEARING, "EUR", subject="demo")


@contextmanager
def _as(number: int) -> Iterator[None]:
    with context.acting(f"user:{number} someone{number}@simplane.example"):
        yield


def _eur(minor: int) -> Money:
    return Money(minor, "EUR")


@pytest.mark.parametrize(
    ("minor", "cause", "other"),
    [
        (3_00, "goodwill", AccountRef(Kind.WRITE_OFFS, "EUR", subject="goodwill")),
        (-3_00, "correction", AccountRef(Kind.DIFFERENCES, "EUR", subject="correction")),
    ],
)
def test_a_correction_is_proposed_by_one_and_posted_by_another(minor: int, cause: str, other: AccountRef) -> None:
    wallet = funded(10_00)
    with _as(1):
        row = propose_adjustment(wallet, minor, cause=cause, reason="eSIM lost")
        with pytest.raises(SecondPersonNeeded):
            decide_adjustment(row.pk, approve=True, reason="fine")
    assert fresh(wallet).balance_minor == 10_00

    with _as(2):
        done = decide_adjustment(row.pk, approve=True, reason="seen the ticket")
        with pytest.raises(BadInput, match="posted already"):
            decide_adjustment(row.pk, approve=True, reason="again")

    assert fresh(wallet).balance_minor == 10_00 + minor
    assert queries.balance(other) == 3_00
    posted = Transaction.objects.get(adjustment=done)
    assert (posted.actor[:6], posted.reason) == (
        "user:2", "eSIM lost (proposed by user:1 someone1@simplane.example)",
    )  # fmt: skip
    assert list(AuditEntry.objects.values_list("action", flat=True).order_by("pk")) == [
        "adjustment.proposed",
        "adjustment.posted",
    ]
    with pytest.raises(IntegrityError):
        Adjustment.objects.update(decided_by=row.proposed_by)
    assert verify().problems == ()


def test_a_correction_takes_no_more_than_there_is_and_can_be_declined() -> None:
    wallet = funded(1_00)
    with _as(1):
        row = propose_adjustment(wallet, -1_01, cause="correction", reason="paid twice")
    with _as(2), pytest.raises(InsufficientFunds):
        decide_adjustment(row.pk, approve=True, reason="yes")
    with _as(1):
        decide_adjustment(row.pk, approve=False, reason="a slip")

    assert fresh(wallet).balance_minor == 1_00
    assert Adjustment.objects.get().state == "declined"


@pytest.mark.parametrize(
    ("minor", "cause", "reason"), [(0, "goodwill", "x"), (1, "gift", "x"), (1, "goodwill", " "), (10**16, "debt", "x")]
)
def test_a_correction_that_means_nothing_is_refused(minor: int, cause: str, reason: str) -> None:
    wallet = funded(0)
    with pytest.raises(Refusal):
        propose_adjustment(wallet, minor, cause=cause, reason=reason)

    assert not Adjustment.objects.exists()


def test_money_for_a_supplier_is_recorded_once_also_in_another_currency() -> None:
    here = SupplierTopUp(supplier="one", credited=_eur(500_00), reference="INV 1", on=TODAY, reason="November")
    there = SupplierTopUp(supplier="two", credited=Money(100_00, "USD"), paid=_eur(92_00), reference="INV 1", on=TODAY)

    assert [record_supplier_top_up(one) for one in (here, there, there)] == [True, True, False]

    assert queries.balance(AccountRef(Kind.SUPPLIER_FLOAT, "EUR", subject="one")) == 500_00
    assert queries.balance(AccountRef(Kind.SUPPLIER_FLOAT, "USD", subject="two")) == 100_00
    assert queries.balance(BANK) == -592_00
    assert AuditEntry.objects.count() == 2
    with pytest.raises(KeyReused):
        record_supplier_top_up(SupplierTopUp(supplier="one", credited=_eur(5_00), reference="INV 1", on=TODAY))


def test_a_payout_leaves_clearing_its_fee_aside_and_can_be_undone_once() -> None:
    payouts = [
        Payout(service="demo", gross=_eur(100_00), fee=_eur(2_50), reference="po_1", on=TODAY),
        Payout(service="demo", gross=_eur(0), fee=_eur(1_00), reference="bill 7", on=TODAY),
    ]
    assert (record_payouts(payouts), record_payouts(payouts)) == (2, 0)

    fees = AccountRef(Kind.FEES, "EUR", subject="demo")
    assert [queries.balance(one) for one in (BANK, CLEARING, fees)] == [97_50, -101_00, 3_50]

    row = Transaction.objects.get(kind="payout")
    reverse_by_hand(row.pk, reason="typed wrongly")
    with pytest.raises(AlreadyReversed):
        reverse_by_hand(row.pk, reason="once more")

    assert [queries.balance(one) for one in (BANK, CLEARING, fees)] == [0, -1_00, 1_00]
    assert verify().problems == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"fee": _eur(101_00)}, {"fee": _eur(-1)}, {"gross": _eur(0), "fee": _eur(0)}, {"fee": Money(1, "USD")},
        {"reference": " "}, {"on": TODAY + timedelta(days=1)}, {"reference": "x" * 61},
    ],
)  # fmt: skip
def test_one_payout_that_can_not_be_lets_none_be(wrong: dict[str, object]) -> None:
    fields: dict[str, object] = {
        "service": "demo", "gross": _eur(100_00), "fee": _eur(1), "reference": "po_1", "on": TODAY,
    }  # fmt: skip
    good = Payout(service="demo", gross=_eur(1), fee=_eur(0), reference="good", on=TODAY)

    with pytest.raises(Refusal):
        record_payouts([good, Payout(**fields | wrong)])  # type: ignore[arg-type]

    assert not Transaction.objects.exists()


def test_nothing_is_recorded_in_a_closed_month_and_only_hand_written_is_undone_by_hand() -> None:
    close_month(date(2026, 9, 1))
    late = Payout(service="demo", gross=_eur(1), fee=_eur(0), reference="po", on=date(2026, 9, 30))
    with pytest.raises(PeriodClosed):
        record_payouts([late])

    funded(5_00)
    with pytest.raises(Refusal, match="not reversed by hand"):
        reverse_by_hand(Transaction.objects.get().pk, reason="no")
