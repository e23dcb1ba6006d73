"""Money set aside in budgets: one conditional statement a budget, in the transaction of the purchase.

Several budgets bear one purchase (the person's, the team's, the company's …): all of them or none. Their periods are
taken in the order of their keys, so two purchases can wait for each other but never in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import msgspec
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from simplane.core import clock
from simplane.core.db import needs_transaction
from simplane.policies import alerting
from simplane.policies.errors import KeyReused
from simplane.policies.models import Budget, BudgetPeriod, Reservation
from simplane.policies.periods import period
from simplane.policies.purchase_rules import BudgetState, budget_cap
from simplane.policies.reading import reachable, settings_of
from simplane.policies.rule import Standing
from simplane.policies.rules import together
from simplane.policies.usage_rules import threshold
from simplane.policies.values import ALLOWED, PurchaseFacts, Reason, Verdict
from simplane.policies.words import money

WRITE = """
INSERT INTO policies_reservation (organization_id, key, state, amount_minor, currency, period_ids, facts, reserved_at)
VALUES (%(organization)s, %(key)s, 'held', %(amount)s, %(currency)s, %(ids)s, %(facts)s, %(now)s)
ON CONFLICT (key) DO UPDATE SET state = 'held', amount_minor = excluded.amount_minor, ended_at = NULL,
  currency = excluded.currency, period_ids = excluded.period_ids, facts = excluded.facts,
  reserved_at = excluded.reserved_at
WHERE policies_reservation.state = 'released' RETURNING 1
"""
"""No row: it stands already. One that was given back is taken anew."""
TAKE = """
UPDATE policies_budgetperiod SET reserved_minor = reserved_minor + %(amount)s
 WHERE id = %(id)s AND organization_id = %(organization)s
   AND (most_minor IS NULL OR reserved_minor + spent_minor + %(amount)s <= most_minor)
"""
"""No row changed: the budget can not bear it."""
GIVE_BACK = """
UPDATE policies_budgetperiod SET reserved_minor = reserved_minor - %(held)s, spent_minor = spent_minor + %(spent)s
 WHERE id = %(id)s AND organization_id = %(organization)s
"""
END = """
UPDATE policies_reservation SET state = %(state)s, settled_minor = %(spent)s, ended_at = %(now)s
 WHERE key = %(key)s AND state = 'held' RETURNING organization_id, amount_minor, period_ids
"""


class _Short(Exception):
    """A budget can not bear it: undoes what the others took."""


def standing(facts: PurchaseFacts) -> Standing:
    """Where a purchase belongs."""
    return Standing(facts.line_id, facts.employee_id, facts.team_id, facts.cost_centre_id)


def states(facts: PurchaseFacts) -> tuple[list[BudgetState], Verdict]:
    """The budgets that a purchase touches, as they stand (a period without a row is unused), and what can not be
    compared. Reads only."""
    found, wrong = _touched(facts)
    zone = settings_of(facts.organization_id).time_zone
    spans = {budget.pk: period(budget.every, facts.at, zone) for budget, _ in found}  # type: ignore[arg-type]
    with reachable():
        rows = BudgetPeriod.objects.filter(budget__in=spans, first_day__in={one.first for one in spans.values()})
        known = {(one.budget_id, one.subject_id, one.first_day): one for one in rows}
    made = []
    for budget, subject in found:
        row = known.get((budget.pk, subject, spans[budget.pk].first))
        taken = row.reserved_minor + row.spent_minor if row else 0
        limit, most = (row.limit_minor, row.most_minor) if row else (budget.limit_minor, most_of(budget))
        label = spans[budget.pk].label
        made.append(
            BudgetState(
                name=budget.name,
                label=label,
                limit_minor=limit,
                most_minor=most,
                taken_minor=taken,
                currency=budget.currency,
            )
        )
    return made, wrong


@needs_transaction
def take(facts: PurchaseFacts, key: str) -> Verdict:
    """Set the amount aside in every budget that it touches, or in none. The same key again is the same reservation.

    Raises KeyReused when the key names another amount. Several purchases in one transaction may meet another's in a
    circle, which the database breaks: take one a transaction.
    """
    found, wrong = _touched(facts)
    if wrong.outcome == "deny":
        return wrong
    try:
        with transaction.atomic(), reachable():
            ids = _periods(facts, found)
            if not _written(facts, key, ids):
                return ALLOWED
            for one in ids:
                _take(facts, one)
    except _Short:
        return _refusal(facts)
    rows = told(facts.organization_id, ids)
    return together(budget_cap(_state(one, before=facts.amount_minor), facts) for one in rows)


@needs_transaction
def end(key: str, spent_minor: int | None) -> bool:
    """Give a reservation back, or (`spent_minor`) turn it into what was really spent. False: it was ended before."""
    state = Reservation.State.RELEASED if spent_minor is None else Reservation.State.SETTLED
    with connection.cursor() as cursor:
        cursor.execute(END, {"key": key, "state": state, "spent": spent_minor, "now": clock.now()})
        row = cursor.fetchone()
        if row is None:
            return False
        organization_id, held, ids = row
        for one in sorted(ids):
            given = {"id": one, "organization": organization_id, "held": held, "spent": spent_minor or 0}
            cursor.execute(GIVE_BACK, given)
    told(organization_id, ids)
    return True


@needs_transaction
def told(organization_id: int, ids: Iterable[int]) -> list[BudgetPeriod]:
    """The periods as they stand; of those that passed 75, 90 or 100 percent people are told, once each."""
    with reachable():
        rows = list(BudgetPeriod.objects.select_related("budget").filter(pk__in=list(ids)).order_by("pk"))
        for one in rows:
            reached = threshold(one.reserved_minor + one.spent_minor, one.limit_minor)
            now_told = BudgetPeriod.objects.filter(pk=one.pk, told__lt=reached).update(told=reached)
            if reached and now_told:
                alerting.raise_alert(_alert(organization_id, one, reached), again=True)
    return rows


def _refusal(facts: PurchaseFacts) -> Verdict:
    """All budgets that are short. One that was given something back in this very moment refuses all the same."""
    said = together(budget_cap(one, facts) for one in states(facts)[0])
    if said.outcome == "deny":
        return said
    return Verdict("deny", (Reason("budget", "A budget was used up at this moment: try again."),))


def most_of(budget: Budget) -> int | None:
    """What may be reserved and spent at most; None of a soft budget."""
    return budget.limit_minor + budget.grace_minor if budget.hard else None


def _touched(facts: PurchaseFacts) -> tuple[list[tuple[Budget, int]], Verdict]:
    """The budgets with their subject. A person's own one takes the place of the one for each person; so for teams."""
    with reachable():
        rows = list(Budget.objects.filter(organization_id=facts.organization_id, active=True).order_by("pk"))
    where = standing(facts)
    found: dict[tuple[str, str, str], tuple[Budget, int]] = {}
    for one in sorted(rows, key=lambda row: row.subject_id == 0):
        subject = where.subject(one.level)
        if subject is not None and one.subject_id in (0, subject):
            found.setdefault((one.level, one.every, one.currency), (one, subject))
    same = [pair for pair in found.values() if pair[0].currency == facts.currency]
    return same, _not_comparable(facts, found.values(), same)


def _not_comparable(
    facts: PurchaseFacts, found: Iterable[tuple[Budget, int]], same: Sequence[tuple[Budget, int]]
) -> Verdict:
    """A hard budget is not walked around by paying in another currency."""
    levels = {budget.level for budget, _ in same}
    for budget, _ in found:
        if budget.hard and budget.level not in levels and facts.amount_minor:
            price = money(facts.amount_minor, facts.currency)
            words = (
                f"Budget “{budget.name}” is in {budget.currency} and “{facts.plan_name}” costs {price}: set a budget in"
            )
            reason = Reason("budget", f"{words} {facts.currency} first.", {"budget": budget.name})
            return Verdict("deny", (reason,))
    return ALLOWED


@needs_transaction
def _periods(facts: PurchaseFacts, found: Sequence[tuple[Budget, int]]) -> list[int]:
    """Keys of the periods' rows, written where they were not there yet; in the order in which they are taken."""
    zone = settings_of(facts.organization_id).time_zone
    wanted = [_period(budget, subject, facts.at, zone) for budget, subject in found]
    known = _known(wanted)
    missing = [one for one in wanted if _name(one) not in known]
    if missing:
        missing.sort(key=_name)
        BudgetPeriod.objects.bulk_create(missing, ignore_conflicts=True)
        known = _known(wanted)
    return sorted(known[_name(one)] for one in wanted)


def _name(one: BudgetPeriod) -> tuple[int, int, date]:
    return one.budget_id, one.subject_id, one.first_day


def _known(wanted: Sequence[BudgetPeriod]) -> dict[tuple[int, int, date], int]:
    budgets, days = {one.budget_id for one in wanted}, {one.first_day for one in wanted}
    subjects = {one.subject_id for one in wanted}
    rows = BudgetPeriod.objects.filter(budget__in=budgets, first_day__in=days, subject_id__in=subjects)
    return {_name(one): one.pk for one in rows}


def _period(budget: Budget, subject: int, at: datetime, zone: str) -> BudgetPeriod:
    span = period(budget.every, at, zone)  # type: ignore[arg-type]
    return BudgetPeriod(
        organization_id=budget.organization_id,
        budget=budget,
        subject_id=subject,
        first_day=span.first,
        label=span.label,
        starts_at=span.since,
        ends_at=span.until,
        limit_minor=budget.limit_minor,
        most_minor=most_of(budget),
    )


@needs_transaction
def _written(facts: PurchaseFacts, key: str, ids: list[int]) -> bool:
    """Write the reservation; False when it stands already."""
    plain = Jsonb(msgspec.to_builtins(asdict(facts)))
    named: dict[str, Any] = {
        "organization": facts.organization_id,
        "key": key,
        "amount": facts.amount_minor,
        "ids": ids,
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, named | {"currency": facts.currency, "facts": plain, "now": clock.now()})
        if cursor.fetchone():
            return True
    row = Reservation.objects.get(organization_id=facts.organization_id, key=key)
    if (row.amount_minor, row.currency) != (facts.amount_minor, facts.currency):
        raise KeyReused(f"{key} reserves another amount", fix="release it first, or use another key")
    return False


@needs_transaction
def _take(facts: PurchaseFacts, period_id: int) -> None:
    given = {"id": period_id, "organization": facts.organization_id, "amount": facts.amount_minor}
    with connection.cursor() as cursor:
        cursor.execute(TAKE, given)
        if not cursor.rowcount:
            raise _Short


def _state(row: BudgetPeriod, *, before: int = 0) -> BudgetState:
    """A period as the rule sees it; `before` so much was taken from it."""
    taken = row.reserved_minor + row.spent_minor - before
    budget = row.budget
    return BudgetState(
        name=budget.name,
        label=row.label,
        limit_minor=row.limit_minor,
        most_minor=row.most_minor,
        taken_minor=taken,
        currency=budget.currency,
    )


def _alert(organization_id: int, row: BudgetPeriod, reached: int) -> alerting.Raised:
    budget = row.budget
    taken = money(row.reserved_minor + row.spent_minor, budget.currency)
    return alerting.Raised(
        organization_id=organization_id,
        kind="budget",
        severity="critical" if reached == 100 and budget.hard else "warning",
        level=budget.level,  # type: ignore[arg-type]
        subject_id=row.subject_id,
        dedupe=f"budget:{row.pk}",
        title=f"{reached} % of budget “{budget.name}” is used",
        text=f"{taken} of {money(row.limit_minor, budget.currency)} are spent or reserved in {row.label}.",
    )
