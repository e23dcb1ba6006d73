"""What pages show of rules, budgets, questions and alerts. In the company's scope."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from simplane.core import clock
from simplane.policies.alert_models import Alert
from simplane.policies.models import Approval, Budget, BudgetPeriod, Policy, PolicyVersion
from simplane.policies.periods import period
from simplane.policies.reading import settings_of
from simplane.policies.rules import read


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule and what it says."""

    policy: Policy
    says: str


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A budget of one subject as it stands in its present period. Amounts in minor units."""

    budget: Budget
    subject_id: int
    label: str
    limit_minor: int
    reserved_minor: int
    spent_minor: int

    @property
    def percent(self) -> int:
        """Of the limit, rounded down; 100 of a limit of 0."""
        taken = self.reserved_minor + self.spent_minor
        return taken * 100 // self.limit_minor if self.limit_minor else 100


def rules(organization_id: int) -> list[RuleRow]:
    """All active rules, by kind."""
    rows = Policy.objects.filter(organization_id=organization_id, active=True).order_by("kind", "level", "pk")
    return [RuleRow(one, read(one.kind, one.params).says()) for one in rows]


def history(organization_id: int, public_id: str) -> list[PolicyVersion]:
    """Every version of a rule, the newest first: who changed what when, and why."""
    rows = PolicyVersion.objects.filter(organization_id=organization_id, policy__public_id=public_id)
    return list(rows.order_by("-version"))


def budgets(organization_id: int, *, from_percent: int = 0) -> list[BudgetRow]:
    """Each budget in its present period, for each subject that used it, the fullest first. `from_percent`: 100 lists who
    is over. One that nobody used yet is there with nothing taken."""
    now, zone = clock.now(), settings_of(organization_id).time_zone
    rows = list(Budget.objects.filter(organization_id=organization_id, active=True).order_by("pk"))
    running = BudgetPeriod.objects.filter(budget__in=rows, starts_at__lte=now, ends_at__gt=now).order_by("pk")
    known: dict[int, list[BudgetPeriod]] = {}
    for one in running:
        known.setdefault(one.budget_id, []).append(one)
    made = []
    for budget in rows:
        label = period(budget.every, now, zone).label
        unused = [BudgetRow(budget, budget.subject_id, label, budget.limit_minor, 0, 0)]
        made += [
            BudgetRow(budget, one.subject_id, label, one.limit_minor, one.reserved_minor, one.spent_minor)
            for one in known.get(budget.pk, ())
        ] or unused
    return sorted((one for one in made if one.percent >= from_percent), key=lambda one: -one.percent)


def questions(organization_id: int) -> QuerySet[Approval]:
    """Open ones, the oldest first."""
    rows: QuerySet[Approval] = Approval.objects.filter(organization_id=organization_id, state=Approval.State.OPEN)
    return rows.order_by("pk")


def alerts(organization_id: int, *, resolved: bool = False) -> QuerySet[Alert]:
    """Those that are not over (or those that are), the newest first."""
    rows: QuerySet[Alert] = Alert.objects.filter(organization_id=organization_id)
    over = {"state": Alert.State.RESOLVED}
    return (rows.filter(**over) if resolved else rows.exclude(**over)).order_by("-pk")
