"""From facts to lines. Pure: the same facts make the same lines in the same order, however they come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

from simplane.billing.values import BillableFact, DraftLine, LineKind, Treatment
from simplane.ledger.statements import following

_ORDER = list(LineKind)
Key = tuple[int, date, str, str, str, int, int, Treatment]


def lines_of(facts: Iterable[BillableFact], tax_on: Callable[[date], Treatment]) -> tuple[DraftLine, ...]:
    """Facts of the same kind, product, price, cost centre, month and tax share a line; credits have lines of their own."""
    groups: defaultdict[Key, list[BillableFact]] = defaultdict(list)
    for fact in facts:
        if fact.minor:
            groups[_key(fact, tax_on)].append(fact)
    return tuple(
        _line(key, sorted(groups[key], key=lambda one: (one.at, one.key))) for key in sorted(groups, key=_sorted)
    )


def _key(fact: BillableFact, tax_on: Callable[[date], Treatment]) -> Key:
    day = fact.at.astimezone(UTC).date()
    sign = 1 if fact.minor > 0 else -1
    size = abs(fact.minor)
    month = day.replace(day=1)
    return _ORDER.index(fact.kind), month, fact.what, fact.sku, fact.cost_centre, size, sign, tax_on(day)


def _sorted(key: Key) -> tuple[object, ...]:
    *plain, tax = key
    return *plain, tax.category, tax.basis_points


def _line(key: Key, facts: list[BillableFact]) -> DraftLine:
    kind, month, what, sku, cost_centre, size, sign, tax = key
    return DraftLine(
        kind=_ORDER[kind],
        what=what,
        quantity=sign * len(facts),
        unit_minor=size,
        tax=tax,
        since=month,
        until=last_day(month),
        sku=sku,
        cost_centre=cost_centre,
        facts=tuple(facts),
    )


def first_moment(month: date) -> datetime:
    """The first moment of a month, UTC."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def last_day(month: date) -> date:
    """The last day of a month."""
    return following(month) - timedelta(days=1)
