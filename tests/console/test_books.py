"""The ledger at the console: everything adds up, every balance is explained by its entries, months close."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.models import AuditEntry
from simplane.core.money import Money
from simplane.ledger import books, queries
from simplane.ledger.actions import post
from simplane.ledger.actions.cashbook import Payout, record_payouts
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.models import Account, Ledger, Period, Transaction
from simplane.ledger.values import AccountRef, Posting
from tests import factories
from tests.ledger.money import BANK, SALES

pytestmark = pytest.mark.django_db
CLEARING = AccountRef(Kind.CLEARING, "EUR", subject="demo")
TABLE = "service,date,reference,gross,fee,currency"


def _posted(debit: AccountRef, credit: AccountRef, minor: int, day: datetime) -> None:
    with transaction():
        post(Fact(kind="sale", key=f"{day}:{minor}:{debit.currency}", at=day), [Posting(debit, credit, minor)])


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_the_trial_balance_adds_up_in_each_currency(console: Client) -> None:
    _posted(CLEARING, SALES, 9_00, datetime(2026, 10, 5, tzinfo=UTC))
    yen = AccountRef(Kind.BANK, "JPY"), AccountRef(Kind.SALES, "JPY", subject="retail")
    _posted(*yen, 700, datetime(2026, 10, 6, tzinfo=UTC))

    trial = console.get("/console/ledger/").context["trial"]

    assert (trial.sums, trial.balanced) == ({"EUR": (9_00, 9_00), "JPY": (700, 700)}, True)
    assert [(one.kind, one.debit_minor, one.credit_minor) for one in trial.rows][:2] == [
        ("sales", 0, 9_00),
        ("clearing", 9_00, 0),
    ]
    assert console.get("/console/ledger/?ledger=test").context["trial"].rows == ()


def test_an_account_shows_its_month_its_balance_then_and_comes_as_a_file(console: Client) -> None:
    _posted(BANK, CLEARING, 5_00, datetime(2026, 9, 30, tzinfo=UTC))
    _posted(BANK, CLEARING, 2_00, datetime(2026, 10, 5, tzinfo=UTC))
    _posted(CLEARING, BANK, 1_00, datetime(2026, 10, 7, tzinfo=UTC))
    bank = Account.objects.get(kind="bank")
    page = f"/console/ledger/accounts/{bank.pk}/"

    shown = console.get(f"{page}?month=2026-10&at=2026-10-06T12:00").context

    assert (shown["month"].opening_minor, shown["month"].closing_minor, shown["balance_then"]) == (5_00, 6_00, 7_00)
    assert [one.amount_minor for one in shown["lines"].lines] == [2_00, -1_00]
    listed = console.get("/console/ledger/accounts/?kind=bank").context["rows"]
    assert [(one.pk, balance) for one, balance in listed] == [(bank.pk, 6_00)]
    answer = console.get(f"{page}statement.csv?month=2026-10")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    assert [row[5] for row in rows[1:]] == ["5.00", "7.00", "6.00", "6.00"]
    assert "statement-bank-EUR-2026-10.csv" in answer.headers["Content-Disposition"]
    assert console.get(f"{page}statement.xlsx?month=2026-10").content[:2] == b"PK"
    assert console.get(f"{page}statement.xlsx?month=then").status_code == 422
    assert "is no month" in console.get(f"{page}?month=2026").content.decode()
    assert "is no moment" in console.get(f"{page}?at=noon").content.decode()
    fact = shown["lines"].lines[0].transaction_id
    assert "Clearing demo" in console.get(f"/console/ledger/transactions/{fact}/").content.decode()


def test_a_month_that_is_over_is_closed_with_a_reason(console: Client) -> None:
    _posted(BANK, SALES, 1_00, datetime(2026, 9, 5, tzinfo=UTC))

    def close(month: str, reason: str) -> str:
        form = {"month": month, "reason": reason}
        return console.post("/console/ledger/months/close/", form, follow=True).content.decode()

    assert "a reason is missing" in close("2026-09", "")
    assert "is no month" in close("September", "done")
    assert "is not over" in close(f"{clock.now():%Y-%m}", "done")
    assert "2026-09 is closed" in close("2026-09", "books are done")

    states = {one.month: one for one in books.months(Ledger.LIVE)}
    assert (states[date(2026, 9, 1)].transactions, Period.objects.get().closed_by.split(" ")[1]) == (
        1, "sam@simplane.example",
    )  # fmt: skip
    assert "closed" in console.get("/console/ledger/months/").content.decode()


def test_money_for_a_supplier_makes_its_float_true_and_says_by_how_much_it_is_off(console: Client) -> None:
    factories.supplier(code="one", float_minor=480_00, float_currency="EUR")
    form = {
        "top-supplier": "one", "top-amount": "500", "top-currency": "EUR", "top-reference": "INV 7", "top-on": "2026-11-01",
    }  # fmt: skip
    page = "/console/ledger/cash/supplier/"
    for wrong in ({"top-amount": "x"}, {"top-reference": ""}, {"top-supplier": "two"}, {"top-on": "2999-01-01"}):
        assert console.post(page, form | wrong).status_code == 422
    assert not Transaction.objects.exists()

    console.post(page, form)
    again = console.post(page, form)

    assert (again.status_code, "recorded before" in again.content.decode()) == (422, True)
    (found,) = console.get("/console/ledger/cash/").context["floats"]
    assert (str(found.ours), str(found.theirs), str(found.off)) == ("500.00 EUR", "480.00 EUR", "-20.00 EUR")


def test_payouts_come_from_a_form_or_a_table_that_is_shown_first_and_are_undone_by_their_mirror(
    console: Client,
) -> None:
    factories.shop(key="demo")
    pay = {
        "pay-service": "demo", "pay-gross": "100", "pay-fee": "2.50", "pay-currency": "EUR", "pay-reference": "po_1",
        "pay-on": "2026-11-01",
    }  # fmt: skip
    assert console.post("/console/ledger/cash/payout/", pay | {"pay-fee": "101"}).status_code == 422
    console.post("/console/ledger/cash/payout/", pay)
    content = (
        f"{TABLE}\ndemo,2026-11-01,po_1,100,2.50,EUR\ndemo,2026-11-02,po_2,50,1,EUR\ndemo,2026-11-03,bill,0,7,EUR\n"
    )
    upload = SimpleUploadedFile("payouts.csv", content.encode(), content_type="text/csv")

    shown = console.post("/console/ledger/cash/payouts/preview/", {"file": upload}).content.decode()
    assert Transaction.objects.count() == 1
    form = {"content": _hidden(shown, "content"), "token": _hidden(shown, "token")}
    forged = console.post("/console/ledger/cash/payouts/confirm/", form | {"token": "x"}, follow=True)
    assert "look at the preview again" in forged.content.decode()
    told = console.post("/console/ledger/cash/payouts/confirm/", form, follow=True).content.decode()

    assert "2 recorded, 1 were there already." in told
    assert (queries.balance(BANK), queries.balance(CLEARING)) == (146_50, -157_00)
    first = Transaction.objects.order_by("pk")[0]
    undo = f"/console/ledger/transactions/{first.pk}/reverse/"
    assert "a reason is missing" in console.post(undo, {"reason": ""}, follow=True).content.decode()
    console.post(undo, {"reason": "typed wrongly"})
    assert queries.balance(BANK) == 49_00
    assert AuditEntry.objects.get(action="ledger.reversed").reason == "typed wrongly"


def test_a_wrong_row_of_payouts_records_none(console: Client) -> None:
    record_payouts(
        [Payout(service="demo", gross=Money(1, "EUR"), fee=Money(0, "EUR"), reference="x", on=date(2026, 11, 1))]
    )
    rows = (
        "demo,2026-11-01,ok,5,1,EUR",
        "shop,2026-11-01,a,5,1,EUR",
        "demo,soon,b,5,1,EUR",
        "demo,2026-11-01,c,5,1,XXZ",
    )
    content = "\n".join([TABLE, *rows])

    shown = console.post("/console/ledger/cash/payouts/preview/", {"content": content})

    assert [bool(one.wrong) for one in shown.context["read"]] == [False, True, True, True]
    assert 'name="token"' not in shown.content.decode()
    console.post("/console/ledger/cash/payouts/confirm/", {"content": content, "token": shown.context["token"]})
    assert Transaction.objects.count() == 1
    assert (
        "can not be found"
        in console.post("/console/ledger/cash/payouts/preview/", {"content": "a,b\n1,2"}, follow=True).content.decode()
    )
