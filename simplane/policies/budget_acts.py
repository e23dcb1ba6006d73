"""Budgets made, changed and ended. What was reserved and spent stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError
from django.db import transaction as savepoint

from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.errors import BadMoney, NotFound
from simplane.core.ids import new_id
from simplane.core.money import precision
from simplane.policies.alerting import resolve_named
from simplane.policies.budgets import most_of
from simplane.policies.errors import BadRule, Stale, Twice
from simplane.policies.models import Budget, BudgetPeriod
from simplane.policies.reading import reachable
from simplane.policies.subjects import require
from simplane.policies.usage_rules import threshold
from simplane.policies.values import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What a budget allows in each of its periods. `grace_minor`: how far a hard one may be overdrawn."""

    limit_minor: int
    hard: bool
    grace_minor: int = 0

    def __post_init__(self) -> None:
        if self.limit_minor < 0 or self.grace_minor < 0:
            raise BadRule("a budget is not negative", fix="write 0 or more")
        if self.grace_minor and not self.hard:
            raise BadRule("a soft budget needs no grace", fix="leave it out, or make the budget hard")


def make(
    organization_id: int,
    name: str,
    amounts: Amounts,
    *,
    currency: str,
    every: str = "month",
    level: Level = "company",
    subject_id: int = 0,
) -> Budget:
    """A budget. `subject_id` 0: one for the company, or for each team, cost centre or person of the level.

    Raises BadRule, and Twice for a second one of the same people, period and currency.
    """
    if every not in Budget.Every.values or level == "line" or (level == "company" and subject_id):
        raise BadRule("a budget is per month, quarter or year, for the company, teams, cost centres or people")
    try:
        precision(currency)
    except BadMoney as bad:
        raise BadRule(bad.message, fix=bad.fix) from None
    require(organization_id, level, subject_id)
    made = Budget(
        organization_id=organization_id,
        public_id=new_id("bud"),
        name=name.strip()[:120] or "Budget",
        level=level,
        subject_id=subject_id,
        every=every,
        limit_minor=amounts.limit_minor,
        currency=currency,
        hard=amounts.hard,
        grace_minor=amounts.grace_minor,
        created_at=clock.now(),
    )
    with transaction(), reachable():
        try:
            with savepoint.atomic():
                made.save()
        except IntegrityError:
            raise Twice("there is such a budget for the same people", fix="change that one") from None
        audit.note("budget.made", "budget", made.public_id, after=_shown(made), organization_id=organization_id)
    return made


def change(organization_id: int, public_id: str, amounts: Amounts, *, version: int, reason: str = "") -> Budget:
    """Other amounts, for the present period too. Raises NotFound, Stale, BadRule."""
    with transaction(), reachable():
        budget = _locked(organization_id, public_id, version)
        before = _shown(budget)
        budget.limit_minor, budget.hard, budget.grace_minor = amounts.limit_minor, amounts.hard, amounts.grace_minor
        budget.version += 1
        budget.save()
        running = BudgetPeriod.objects.select_for_update().filter(budget=budget, ends_at__gt=clock.now())
        for one in running.order_by("pk"):
            one.limit_minor, one.most_minor = budget.limit_minor, most_of(budget)
            one.told = min(one.told, threshold(one.reserved_minor + one.spent_minor, one.limit_minor))
            one.save(update_fields=["limit_minor", "most_minor", "told"])
            if not one.told:
                resolve_named(organization_id, f"budget:{one.pk}")
        audit.note(
            "budget.changed",
            "budget",
            public_id,
            before=before,
            after=_shown(budget),
            reason=reason,
            organization_id=organization_id,
        )
    return budget


def retire(organization_id: int, public_id: str, *, version: int, reason: str = "") -> Budget:
    """The budget holds no more. Raises NotFound, Stale."""
    with transaction(), reachable():
        budget = _locked(organization_id, public_id, version)
        budget.active, budget.version = False, budget.version + 1
        budget.save(update_fields=["active", "version"])
        audit.note("budget.retired", "budget", public_id, reason=reason, organization_id=organization_id)
    return budget


def _locked(organization_id: int, public_id: str, version: int) -> Budget:
    rows = Budget.objects.select_for_update().filter(organization_id=organization_id, public_id=public_id, active=True)
    found: Budget | None = rows.first()
    if found is None:
        raise NotFound("there is no such budget", fix="look at the list of budgets")
    if found.version != version:
        raise Stale(f"this budget is at version {found.version} by now", fix="look at it again, then change it")
    return found


def _shown(budget: Budget) -> dict[str, object]:
    return {
        "name": budget.name,
        "limit": budget.limit_minor,
        "currency": budget.currency,
        "hard": budget.hard,
        "grace": budget.grace_minor,
        "version": budget.version,
    }
