"""What our own people ask of the books: the trial balance, accounts, single transactions, months."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date

from django.db.models import Count, DateField, Min, QuerySet, Sum
from django.db.models.functions import TruncMonth

from simplane.core import clock
from simplane.ledger.chart import CHART, Kind
from simplane.ledger.models import Account, Entry, Ledger, Period, Transaction
from simplane.ledger.statements import following
from simplane.ledger.values import own_side


@dataclass(frozen=True, slots=True)
class TrialRow:
    """All accounts of one kind in one currency. `debit_minor` and `credit_minor`: one of them is zero."""

    kind: Kind
    currency: str
    accounts: int
    debit_minor: int
    credit_minor: int

    @property
    def meaning(self) -> str:
        """What such an account holds."""
        return CHART[self.kind].meaning


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every kind of account, and per currency what all of them sum to: zero, or the books are broken."""

    rows: tuple[TrialRow, ...]
    sums: dict[str, tuple[int, int]]
    """Debits and credits by currency; equal when the books are whole."""

    @property
    def balanced(self) -> bool:
        """Whether debits equal credits in every currency."""
        return all(debits == credits_ for debits, credits_ in self.sums.values())


@dataclass(frozen=True, slots=True)
class MonthState:
    """A month of a ledger. `period` None: it is open."""

    month: date
    transactions: int
    period: Period | None
    over: bool


def trial_balance(ledger: Ledger) -> TrialBalance:
    """Of everything posted so far; reads every entry."""
    totals = (
        Entry.objects.filter(account__ledger=ledger)
        .values_list("account__kind", "currency")
        .annotate(total=Sum("amount_minor"), accounts=Count("account", distinct=True))
    )
    rows = [
        TrialRow(Kind(kind), currency, accounts, max(-total, 0), max(total, 0))
        for kind, currency, total, accounts in totals
    ]
    order = list(Kind)
    rows.sort(key=lambda one: (one.currency, order.index(one.kind)))
    sums = {
        currency: (
            sum(one.debit_minor for one in rows if one.currency == currency),
            sum(one.credit_minor for one in rows if one.currency == currency),
        )
        for currency in dict.fromkeys(one.currency for one in rows)
    }
    return TrialBalance(tuple(rows), sums)


def accounts(ledger: Ledger) -> QuerySet[Account]:
    """All accounts of a ledger with their owners."""
    return Account.objects.filter(ledger=ledger).select_related("organization")


def balances(rows: Iterable[Account]) -> dict[int, int]:
    """Balances on each account's own side, in one query."""
    kinds = {row.pk: Kind(row.kind) for row in rows}
    sums = Entry.objects.filter(account__in=kinds).values_list("account").annotate(total=Sum("amount_minor"))
    found = {pk: own_side(kinds[pk], total) for pk, total in sums}
    return {pk: found.get(pk, 0) for pk in kinds}


def month_range(ledger: Ledger) -> list[date]:
    """The first of every month since the first posting, newest first."""
    first = Transaction.objects.filter(ledger=ledger).aggregate(at=Min("at"))["at"]
    if first is None:
        return []
    today, month, made = clock.now().date(), first.astimezone(UTC).date().replace(day=1), []
    while month <= today:
        made.append(month)
        month = following(month)
    return made[::-1]


def months(ledger: Ledger) -> list[MonthState]:
    """Every month since the first posting, newest first; counts every transaction."""
    many = (
        Transaction.objects.filter(ledger=ledger)
        .annotate(month=TruncMonth("at", tzinfo=UTC, output_field=DateField()))
        .values_list("month")
        .annotate(many=Count("pk"))
    )
    counted = dict(many)
    closed = {row.month: row for row in Period.objects.filter(ledger=ledger)}
    today = clock.now().date()
    return [
        MonthState(month, counted.get(month, 0), closed.get(month), following(month) <= today)
        for month in month_range(ledger)
    ]
