"""What was bought for whom: by month and cost centre, team or person, each currency apart; also as CSV."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from simplane.company.billing import download
from simplane.company.reach import led_by
from simplane.company.saved import saved_views
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.whom import named
from simplane.core.cells import csv_lines
from simplane.core.money import Money
from simplane.usage.queries import this_month
from simplane.usage.spend import SpendLevel, by_month
from simplane.usage.values import Spent

BY: dict[str, SpendLevel] = {"cost_centre": "cost_centre", "team": "team", "person": "employee"}
LABELS = {"cost_centre": "Cost centre", "team": "Team", "person": "Person"}
MONTHS, SHOWN = 12, 50
COLUMNS = ("month", "for", "purchases", "amount", "currency")


@dataclass(frozen=True, slots=True)
class SpendRow:
    """One sum, and whose it is. `share`: percent of the largest one of its month and currency."""

    spent: Spent
    name: str
    share: int


@dataclass(frozen=True, slots=True)
class SpendMonth:
    """A month with its totals by currency in minor units."""

    month: date
    rows: list[SpendRow]
    totals: list[tuple[int, str]]

    @property
    def shown(self) -> list[SpendRow]:
        """On the page; the file has all."""
        return self.rows[:SHOWN]

    @property
    def more(self) -> int:
        """How many the page leaves out."""
        return max(0, len(self.rows) - SHOWN)


@require_safe
@page("spend:read")
def spend(request: CompanyRequest) -> HttpResponse:
    """The last twelve months, newest first; `?file=csv`: as a file. A manager sees the teams they lead."""
    by = request.GET.get("by") if request.GET.get("by") in BY else "cost_centre"
    assert by is not None
    months = _asked(_months(_rows(request, BY[by], months_back(MONTHS - 1)), BY[by]), request.GET)
    if request.GET.get("file") == "csv":
        return _csv(months)
    query = request.GET.copy()
    query["file"] = "csv"
    context = {
        "months": months,
        "by": by,
        "label": LABELS[by],
        "choices": LABELS.items(),
        "csv": query.urlencode(),
        "views": saved_views(request, "spend"),
    }
    return show(request, "spend", "spend", context)


def _asked(months: list[SpendMonth], query: QueryDict) -> list[SpendMonth]:
    """Of one month (`2026-11`) and of names with all words, when they are asked for; totals stay those of all."""
    month, wanted = query.get("month", ""), query.get("q", "").lower().split()[:5]
    shown = [one for one in months if not month or f"{one.month:%Y-%m}" == month]
    fitting = [
        replace(one, rows=[row for row in one.rows if all(word in row.name.lower() for word in wanted)])
        for one in shown
    ]
    return [one for one in fitting if one.rows]


def months_back(count: int) -> date:
    """The first day of the month so many before this one (UTC)."""
    found = this_month()[0]
    for _ in range(count):
        found = (found - timedelta(days=1)).replace(day=1)
    return found


def spent_this_month(request: CompanyRequest) -> list[tuple[int, str]]:
    """Totals of this month by currency in minor units, as far as this member sees."""
    found = _months(_rows(request, "organization", this_month()[0]), "organization")
    return found[0].totals if found else []


def _rows(request: CompanyRequest, level: SpendLevel, since: date) -> list[Spent]:
    until = this_month()[1]
    if not request.company.narrow:
        return list(by_month(level, since, until))
    teams = led_by(request.company).values_list("pk", flat=True)
    return [one for team in teams for one in by_month(level, since, until, of="team", id=team)]


def _months(rows: list[Spent], level: SpendLevel) -> list[SpendMonth]:
    sums: dict[tuple[date, str, int | None], tuple[int, int]] = {}
    for one in rows:
        amount, count = sums.get((one.month, one.currency, one.key), (0, 0))
        sums[one.month, one.currency, one.key] = (amount + one.amount_minor, count + one.purchases)
    names = named((level, key) for _, _, key in sums if key is not None)
    made: dict[date, list[Spent]] = {}
    for (month, currency, key), (amount, count) in sums.items():
        spent = Spent(month=month, key=key, currency=currency, amount_minor=amount, purchases=count)
        made.setdefault(month, []).append(spent)
    told = {key: whom.name for (_, key), whom in names.items()}
    return [_month(month, made[month], told) for month in sorted(made, reverse=True)]


def _by_currency(months: list[SpendMonth]) -> dict[str, list[tuple[date, int]]]:
    """Oldest month first."""
    found: dict[str, list[tuple[date, int]]] = {}
    for one in reversed(months):
        for minor, currency in one.totals:
            found.setdefault(currency, []).append((one.month, minor))
    return found


def _month(month: date, rows: list[Spent], names: dict[int, str]) -> SpendMonth:
    rows.sort(key=lambda one: (one.currency, -one.amount_minor))
    totals: dict[str, int] = {}
    largest: dict[str, int] = {}
    for one in rows:
        totals[one.currency] = totals.get(one.currency, 0) + one.amount_minor
        largest[one.currency] = max(largest.get(one.currency, 1), one.amount_minor)
    shown = [
        SpendRow(one, names.get(one.key or 0, "none"), max(0, one.amount_minor * 100 // largest[one.currency]))
        for one in rows
    ]
    return SpendMonth(month, shown, [(minor, currency) for currency, minor in totals.items()])


def _csv(months: list[SpendMonth]) -> HttpResponse:
    rows = (
        (f"{month.month:%Y-%m}", one.name, one.spent.purchases, Money(one.spent.amount_minor, one.spent.currency).decimal(),
         one.spent.currency)
        for month in months
        for one in month.rows
    )  # fmt: skip
    return download("spend.csv", "text/csv; charset=utf-8", csv_lines(COLUMNS, rows))
