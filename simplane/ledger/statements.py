"""Statements: an account's month as opening balance, every entry, closing balance; on a page, as CSV, as XLSX.

Amounts stand on the account's own side (a wallet's top-up is positive, what it spent negative). Dates are UTC.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain

import xlsxwriter
from django.db.models import Q, QuerySet, Sum
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from simplane.core import clock, keyset
from simplane.core.cells import csv_lines
from simplane.core.errors import BadInput
from simplane.core.money import Money, precision
from simplane.ledger.actions.wallet import ledger_of
from simplane.ledger.chart import Kind
from simplane.ledger.models import Account, Entry
from simplane.ledger.queries import find_account
from simplane.ledger.values import AccountRef, StatementLine, own_side
from simplane.organizations.models import Organization

COLUMNS = ("date (UTC)", "what", "about", "reason", "amount", "balance", "currency", "transaction")
PAGE = 100
YEARS = range(2000, 2100)
MOST_XLSX = 1_000_000
"""A sheet has 1,048,576 rows."""


@dataclass(frozen=True, slots=True)
class Month:
    """One account in one month. `account_id` None: nothing was ever posted to it."""

    ref: AccountRef
    month: date
    account_id: int | None
    opening_minor: int
    closing_minor: int

    @property
    def since(self) -> datetime:
        """The first moment inside."""
        return datetime.combine(self.month, time.min, UTC)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(following(self.month), time.min, UTC)

    def file_name(self, extension: str) -> str:
        """`statement-EUR-2026-11.csv`."""
        return f"statement-{self.ref.kind.value}-{self.ref.currency}-{self.month:%Y-%m}.{extension}"


@dataclass(frozen=True, slots=True)
class LinesPage:
    """Some entries of a month, oldest first; `after` is the cursor of the next page, empty at the end."""

    lines: tuple[StatementLine, ...]
    after: str


def parse_month(text: str) -> date:
    """`2026-11`, or nothing for the running month. Raises BadInput."""
    if not text:
        return clock.now().date().replace(day=1)
    try:
        month = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  a month has no time zone
    except ValueError:
        raise BadInput(f"{text!r} is no month", fix="write it as 2026-11") from None
    if month.year not in YEARS:
        raise BadInput(f"no statement is of {month.year}", fix=f"choose a year from {YEARS[0]} to {YEARS[-1]}")
    return month


def following(month: date) -> date:
    """The first of the next month."""
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1)


def wallet_month(organization: Organization, currency: str, month: date) -> Month:
    """A month of an organization's wallet; a test twin's is play money."""
    ref = AccountRef(Kind.WALLET, currency, organization.pk)
    account = find_account(ref, ledger=ledger_of(organization))
    return _month(ref, account.pk if account else None, month)


def account_month(account: Account, month: date) -> Month:
    """A month of any account."""
    return _month(ref_of(account), account.pk, month)


def ref_of(account: Account) -> AccountRef:
    """What an account is."""
    return AccountRef(Kind(account.kind), account.currency, account.organization_id, account.subject)


def balance_at(account: Account, moment: datetime) -> int:
    """Minor units on the account's own side just before a moment."""
    return own_side(Kind(account.kind), _total(Entry.objects.filter(account=account, at__lt=moment)))


def lines(month: Month) -> Iterator[StatementLine]:
    """Every entry of the month with the balance after it, read while they are used."""
    running = month.opening_minor
    for row in _rows(month).iterator(chunk_size=2000):
        line = _line(row, month.ref.kind, running)
        running = line.balance_minor
        yield line


def lines_page(month: Month, *, after: str = "", size: int = PAGE) -> LinesPage:
    """Entries behind a cursor. An unreadable cursor shows the first page."""
    place = _place(after)
    rows, running = _rows(month), month.opening_minor
    if place:
        at, pk = place
        running += own_side(month.ref.kind, _total(rows.filter(keyset.until("at", at, pk))))
        rows = rows.filter(keyset.beyond("at", at, pk, falling=False))
    found = list(rows[: size + 1])
    made = []
    for row in found[:size]:
        made.append(_line(row, month.ref.kind, running))
        running = made[-1].balance_minor
    last = found[size - 1] if len(found) > size else None
    return LinesPage(tuple(made), place_of(last.at, last.pk) if last else "")


def place_of(at: datetime, entry_id: int) -> str:
    """The cursor of what follows an entry."""
    return f"{at.isoformat()}~{entry_id}"


def to_csv(month: Month) -> Iterator[str]:
    """The statement as lines of a CSV file, opening and closing balance as rows of their own."""
    return csv_lines(COLUMNS, _table(month))


def to_xlsx(month: Month) -> bytes:
    """The statement as a workbook of one sheet; amounts are numbers with the currency's decimals.

    Raises BadInput for more entries than a sheet has rows.
    """
    if _rows(month).count() > MOST_XLSX:
        raise BadInput("a workbook does not hold so many entries", fix="take the CSV file")
    sink = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(sink, options) as book:
        digits = precision(month.ref.currency)
        amount = book.add_format({"num_format": "#,##0" + ("." + "0" * digits if digits else "")})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet(f"{month.month:%Y-%m}")
        sheet.set_column(0, 0, 20)
        sheet.set_column(1, 3, 24)
        sheet.set_column(4, 5, 14, amount)
        made = _Sheet(sheet, moment, amount)
        for number, row in enumerate(chain([COLUMNS], _table(month))):
            made.write(number, row)
    return sink.getvalue()


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A worksheet and how its moments and amounts look."""

    sheet: Worksheet
    moment: Format
    amount: Format

    def write(self, row: int, values: Sequence[object]) -> None:
        for column, value in enumerate(values):
            if isinstance(value, datetime):
                self.sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), self.moment)
            elif isinstance(value, Decimal):
                # A sheet's numbers are floats; their 15 digits show every possible amount exactly.
                self.sheet.write_number(row, column, float(value), self.amount)
            elif value:
                self.sheet.write_string(row, column, str(value))


def _table(month: Month) -> Iterator[tuple[object, ...]]:
    currency = month.ref.currency

    def shown(minor: int) -> Decimal:
        return Money(minor, currency).decimal()

    yield (month.since, "opening balance", "", "", None, shown(month.opening_minor), currency, "")
    running = month.opening_minor
    for one in lines(month):
        running = one.balance_minor
        amounts = shown(one.amount_minor), shown(running)
        yield (one.at, one.kind, one.subject, one.reason, *amounts, currency, str(one.transaction_id))
    yield (min(month.until, clock.now()), "closing balance", "", "", None, shown(running), currency, "")


def _month(ref: AccountRef, account_id: int | None, month: date) -> Month:
    empty = Month(ref, month.replace(day=1), account_id, 0, 0)
    if account_id is None:
        return empty
    rows = Entry.objects.filter(account_id=account_id)
    sums = rows.aggregate(
        opening=Sum("amount_minor", filter=Q(at__lt=empty.since)),
        closing=Sum("amount_minor", filter=Q(at__lt=empty.until)),
    )
    opening, closing = (own_side(ref.kind, int(sums[name] or 0)) for name in ("opening", "closing"))
    return Month(ref, empty.month, account_id, opening, closing)


def _rows(month: Month) -> QuerySet[Entry]:
    if month.account_id is None:
        return Entry.objects.none()
    inside = Entry.objects.filter(account_id=month.account_id, at__gte=month.since, at__lt=month.until)
    return inside.select_related("transaction").order_by("at", "pk")


def _line(row: Entry, kind: Kind, running: int) -> StatementLine:
    amount = own_side(kind, row.amount_minor)
    fact = row.transaction
    return StatementLine(row.pk, fact.pk, row.at, fact.kind, fact.subject, fact.reason, amount, running + amount)


def _total(rows: QuerySet[Entry]) -> int:
    return int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)


def _place(cursor: str) -> tuple[datetime, int] | None:
    moment, _, key = cursor.partition("~")
    try:
        at, pk = datetime.fromisoformat(moment), int(key)
    except ValueError:
        return None
    return (at, pk) if at.tzinfo is not None and at.year in YEARS else None
