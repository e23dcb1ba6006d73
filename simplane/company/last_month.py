"""Last month as rules look at it: every purchase and what each line used on each day, in the company's scope."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.db.models import Sum

from simplane.core import clock, tenancy
from simplane.fleet.models import Plan
from simplane.policies.dry_run import DryRun, LineDay, of_rule
from simplane.policies.periods import Period, period
from simplane.policies.reading import settings_of
from simplane.policies.rule import Rule
from simplane.policies.values import PurchaseFacts
from simplane.usage.models import Spend, UsageDay


def dry_run(rule: Rule, *, teams: set[int] | None = None) -> tuple[Period, DryRun]:
    """What this rule would have done in the last whole month of the company's calendar.

    `teams`: only to these, though it is judged by what the whole company bought and used; None: to everybody.
    """
    zone = settings_of(tenancy.organization_id()).time_zone
    month = period("month", period("month", clock.now(), zone).since - timedelta(days=1), zone)
    bought, used = purchases(month), days(month)
    tried = of_rule(rule, bought, used, zone)
    return month, tried if teams is None else _narrowed(tried, bought, used, teams)


def _narrowed(tried: DryRun, bought: list[PurchaseFacts], used: list[LineDay], teams: set[int]) -> DryRun:
    lines = {one.line_id for one in used if one.team_id in teams}
    return DryRun(
        purchases=sum(one.team_id in teams for one in bought),
        refused=tuple(one for one in tried.refused if one.facts.team_id in teams),
        asked=tuple(one for one in tried.asked if one.facts.team_id in teams),
        lines=len(lines),
        stopped=tuple(one for one in tried.stopped if one.line_id in lines),
    )


def days(month: Period) -> list[LineDay]:
    """By line, UTC day and country, as the roll-ups have them."""
    rows = UsageDay.objects.filter(day__gte=month.first, day__lt=month.until.date())
    grouped = rows.values("line_id", "employee_id", "team_id", "cost_centre_id", "day", "country")
    return [
        LineDay(
            line_id=one["line_id"],
            employee_id=one["employee_id"],
            team_id=one["team_id"],
            cost_centre_id=one["cost_centre_id"],
            day=one["day"],
            ends_at=datetime.combine(one["day"] + timedelta(days=1), time(), UTC),
            used_bytes=one["total"],
            country=one["country"],
        )
        for one in grouped.annotate(total=Sum("bytes"))
    ]


def purchases(month: Period) -> list[PurchaseFacts]:
    """What was bought; of a plan that is not offered any more neither countries nor size are known."""
    plans = {one.name: one for one in Plan.objects.all()}
    rows = Spend.objects.filter(at__gte=month.since, at__lt=month.until).exclude(kind="refund")
    return [_facts(one, plans.get(one.plan)) for one in rows]


def _facts(bought: Spend, plan: Plan | None) -> PurchaseFacts:
    return PurchaseFacts(
        organization_id=bought.organization_id,
        employee_id=bought.employee_id,
        team_id=bought.team_id,
        cost_centre_id=bought.cost_centre_id,
        line_id=bought.line_id,
        kind=bought.kind,  # type: ignore[arg-type]  # a refund is no purchase and not here
        plan_public_id=plan.public_id if plan else "",
        plan_name=bought.plan,
        countries=tuple(plan.countries) if plan else (),
        data_bytes=plan.data_bytes if plan else None,
        amount_minor=bought.amount_minor,
        currency=bought.currency,
        at=bought.at,
    )
