"""The wallet by API: balances, entries page by page, statements that add up."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from simplane.core import clock
from simplane.core.db import transaction
from simplane.ledger.actions import post
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.values import AccountRef, Posting
from tests.api.v1.calls import Program, program
from tests.ledger.money import funded, wallet_ref

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    made = program(10_00)
    for minor in (1_00, 2_00, 3_00):
        funded(minor, owner=made.organization)
    program(77_00)
    return made


def test_entries_come_page_by_page_newest_first_and_sum_to_the_balance(caller: Program) -> None:
    first = caller.get("/wallet/entries", limit=3).told
    second = caller.get("/wallet/entries", limit=3, cursor=first["next_cursor"]).told

    amounts = [one["amount_minor"] for one in first["data"] + second["data"]]
    assert amounts == [3_00, 2_00, 1_00, 10_00]
    assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)
    assert sum(amounts) == caller.get("/wallet").told["balances"][0]["balance_minor"]
    assert [one["balance_minor"] for one in first["data"] + second["data"]] == [16_00, 13_00, 11_00, 10_00]
    assert first["data"][0]["at"] == "2026-11-20T12:00:00.000Z"


def test_entries_are_filtered(caller: Program) -> None:
    spent = AccountRef(Kind.SALES, "EUR", subject="wholesale")
    with transaction():
        post(Fact(kind="sale", key="sale:1"), [Posting(wallet_ref(caller.organization), spent, 4_00)])
    funded(5_00, owner=caller.organization)

    paid_in = caller.get("/wallet/entries", kind="top_up").told["data"]
    assert [one["balance_minor"] for one in paid_in] == [17_00, 16_00, 13_00, 11_00, 10_00]
    assert caller.get("/wallet/entries", kind="hold").told["data"] == []
    assert caller.get("/wallet/entries", currency="USD").told["data"] == []


@pytest.mark.parametrize("cursor", ["x", "WzFd", "W251bGxd", "WyIwMDAxLTAxLTAxVDAwOjAwOjAwWiIsMV0", "é"])
def test_a_cursor_that_is_none_of_ours_is_refused(caller: Program, cursor: str) -> None:
    assert (caller.get("/wallet/entries", cursor=cursor).status, caller.get("/wallet/entries", cursor=cursor).code) == (
        400,
        "bad_cursor",
    )


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "many"}, {"currency": "eur"}])
def test_a_parameter_that_can_not_be_is_named(caller: Program, query: dict[str, object]) -> None:
    answer = caller.get("/wallet/entries", **query)
    assert (answer.status, answer.code) == (422, "bad_parameter")
    assert answer.told["fields"][0]["field"] == next(iter(query))


def test_a_statement_opens_moves_and_closes(caller: Program) -> None:
    month = caller.get("/wallet/statements", month="2026-11").told
    assert (month["opening_minor"], month["closing_minor"], month["closed"]) == (0, 16_00, False)
    assert [one["balance_minor"] for one in month["entries"]] == [10_00, 11_00, 13_00, 16_00]

    before = caller.get("/wallet/statements", month="2026-10").told
    assert (before["closing_minor"], before["entries"], before["closed"]) == (0, [], True)
    assert caller.get("/wallet/statements", month="2026-13").code == "bad_parameter"


def test_a_statement_comes_page_by_page(caller: Program) -> None:
    first = caller.get("/wallet/statements", month="2026-11", limit=3).told
    second = caller.get("/wallet/statements", month="2026-11", limit=3, cursor=first["next_cursor"]).told

    assert [[one["balance_minor"] for one in page["entries"]] for page in (first, second)] == [
        [10_00, 11_00, 13_00],
        [16_00],
    ]
    assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)
    assert first["closing_minor"] == second["closing_minor"] == 16_00
    assert caller.get("/wallet/statements", month="2026-11", cursor="x").code == "bad_cursor"
    assert caller.get("/wallet/statements", month="2026-11", limit=1001).code == "bad_parameter"


def test_a_statement_is_a_csv_that_a_spreadsheet_may_open(caller: Program) -> None:
    with transaction():
        wallet = wallet_ref(caller.organization)
        post(Fact(kind="top_up", key="k", reason="=1+1"), [Posting(AccountRef(Kind.BANK, "EUR"), wallet, 5)])
    answer = caller.get("/wallet/statements", month="2026-11", format="csv")
    rows = list(csv.reader(io.StringIO(answer.raw.decode())))

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statement-wallet-EUR-2026-11.csv"'
    assert (rows[1][1], rows[1][5], rows[-1][1], rows[-1][5]) == ("opening balance", "0.00", "closing balance", "16.05")
    assert [row[3] for row in rows[2:-1]][-1] == "'=1+1"
    assert len(rows) == 8
