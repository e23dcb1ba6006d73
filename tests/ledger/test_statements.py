"""A month of an account: what it opened with, every entry, what it closed with; on pages and as files."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.core.money import Money
from simplane.ledger import statements
from simplane.ledger.actions import post
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.models import Account
from simplane.ledger.values import AccountRef, Posting, StatementLine
from simplane.organizations.models import Organization
from tests.ledger.money import reseller, wallet_ref

pytestmark = pytest.mark.django_db(transaction=True)
OCTOBER = date(2026, 10, 1)


def _paid(owner: Organization, day: datetime, minor: int, *, currency: str = "EUR", reason: str = "") -> None:
    bank, wallet = AccountRef(Kind.BANK, currency), wallet_ref(owner, currency)
    sides = (bank, wallet) if minor > 0 else (wallet, bank)
    fact = Fact(kind="top_up", key=f"{owner.pk}:{day.isoformat()}:{minor}", at=day, reason=reason)
    with transaction():
        post(fact, [Posting(*sides, abs(minor))])


def _october(owner: Organization) -> None:
    _paid(owner, datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC), 10_00)
    _paid(owner, datetime(2026, 10, 1, tzinfo=UTC), 5_00, reason="=cmd|'/c calc'!A1")
    _paid(owner, datetime(2026, 10, 31, 23, 59, tzinfo=UTC), -2_50)
    _paid(owner, datetime(2026, 11, 1, tzinfo=UTC), 99_00)


def test_a_month_opens_with_the_one_before_and_closes_with_its_last_entry() -> None:
    owner = reseller()
    _october(owner)

    month = statements.wallet_month(owner, "EUR", OCTOBER)
    found = list(statements.lines(month))

    assert (month.opening_minor, month.closing_minor) == (10_00, 12_50)
    assert [(one.amount_minor, one.balance_minor) for one in found] == [(5_00, 15_00), (-2_50, 12_50)]
    bank = Account.objects.get(kind="bank")
    assert statements.account_month(bank, OCTOBER).closing_minor == 12_50
    assert statements.balance_at(bank, datetime(2026, 10, 15, tzinfo=UTC)) == 15_00


def test_an_account_without_entries_is_an_empty_month() -> None:
    month = statements.wallet_month(reseller(), "EUR", OCTOBER)

    assert (month.account_id, month.opening_minor, month.closing_minor) == (None, 0, 0)
    assert list(statements.lines(month)) == []


def test_pages_of_a_month_join_without_a_gap() -> None:
    owner = reseller()
    for number in range(1, 8):
        _paid(owner, datetime(2026, 10, 1 + number // 3, tzinfo=UTC), number)
    month = statements.wallet_month(owner, "EUR", OCTOBER)
    whole, after = list(statements.lines(month)), ""
    joined: list[StatementLine] = []
    for _ in range(3):
        page = statements.lines_page(month, after=after, size=3)
        joined += page.lines
        after = page.after

    assert joined == whole
    assert after == ""
    assert statements.lines_page(month, after="nonsense", size=3).lines == tuple(whole[:3])


@pytest.mark.parametrize(("currency", "shown"), [("EUR", "12.50"), ("JPY", "1250"), ("KWD", "1.250")])
def test_files_say_what_the_month_says_and_run_nothing(currency: str, shown: str) -> None:
    owner = reseller()
    _paid(owner, datetime(2026, 10, 2, 8, 30, tzinfo=UTC), 12_50, currency=currency, reason="=1+1")
    month = statements.wallet_month(owner, currency, OCTOBER)

    table = list(csv.reader(io.StringIO("".join(statements.to_csv(month)))))
    with zipfile.ZipFile(io.BytesIO(statements.to_xlsx(month))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()

    assert table[0] == list(statements.COLUMNS)
    assert [row[1] for row in table[1:]] == ["opening balance", "top_up", "closing balance"]
    assert table[2][:6] == ["2026-10-02 08:30:00", "top_up", "", "'=1+1", shown, shown]
    assert Money(12_50, currency).decimal() == Decimal(table[3][5])
    assert "<f>" not in sheet
    assert re.findall(r"<v>([\d.]+)</v>", sheet).count(str(float(shown)).removesuffix(".0")) == 3


@pytest.mark.parametrize("text", ["2026", "2026-13", "now", "2026-10-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="write it as 2026-11"):
        statements.parse_month(text)


@pytest.mark.parametrize("text", ["9999-12", "0001-01", "2100-01"])
def test_a_month_outside_of_our_time_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="from 2000 to 2099"):
        statements.parse_month(text)
