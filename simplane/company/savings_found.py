"""What suggestions to pay less are made from: a company's running lines, its plans and who supplies them. Acts for us."""

from __future__ import annotations

from simplane.alerts.actions import raise_alert
from simplane.core import clock, jobs, tenancy
from simplane.core.db import transaction
from simplane.fleet.models import FleetLine, Plan, Service
from simplane.fleet.states import OVER
from simplane.usage import foresight, recommend, savings
from simplane.usage.models import Saving
from simplane.usage.recommend import LineFacts, PlanFacts

MONTH = 30
MONTHLY = range(28, 32)
"""Days of plans that are a month's."""
WAITING = (FleetLine.State.AWAITING_APPROVAL, FleetLine.State.ORDERING)


def find_all() -> int:
    """Have each company with lines looked at. Returns how many."""
    with tenancy.everywhere():
        companies = FleetLine.objects.exclude(state__in=OVER).values_list("organization_id", flat=True).distinct()
        wanted = [{"organization_id": one} for one in companies.order_by("organization_id")]
    with transaction():
        jobs.enqueue_many("company.find_savings", wanted)
    return len(wanted)


def find(organization_id: int) -> int:
    """Bring one company's suggestions to what is true now. Returns how many are open."""
    with tenancy.scope(organization_id):
        offered = [_plan(one) for one in Plan.objects.filter(active=True, days__gte=MONTHLY.start)]
        found = recommend.suggestions(_lines(), offered, clock.now())
        with transaction():
            return savings.keep(found)


def ask_us(organization_id: int, saving_id: int) -> None:
    """Tell our people that a company would share a plan, which no supplier sells by machine."""
    with tenancy.scope(organization_id):
        saving = Saving.objects.select_related("organization").get(pk=saving_id)
    raise_alert(
        "shared_plan_wanted",
        saving.public_id,
        level="info",
        title=f"{saving.organization.name} asks for a shared plan for {len(saving.lines)} lines",
        text=saving.words,
    )


def _lines() -> list[LineFacts]:
    rows = FleetLine.objects.exclude(state__in=[*OVER, *WAITING]).filter(wanted=Service.ACTIVE)
    lines = list(rows.select_related("plan", "employee").order_by("pk"))
    keys = [one.pk for one in lines]
    months, used = foresight.line_months(keys), foresight.last_use(keys)
    return [
        LineFacts(
            public_id=one.public_id,
            label=one.employee.name if one.employee else one.label or one.public_id,
            plan=_plan(one.plan),
            months=months[one.pk].months,
            countries=months[one.pk].countries,
            since=one.created_at,
            last_use_at=max((at for at in (one.last_use_at, used.get(one.pk)) if at), default=None),
        )
        for one in lines
    ]


def _plan(plan: Plan) -> PlanFacts:
    """Price and data as of a month in which it is bought again whenever it ends."""
    return PlanFacts(
        public_id=plan.public_id,
        name=plan.name,
        supplier=", ".join(sorted(plan.suppliers)),
        price_minor=_a_month(plan.price_minor, plan.days),
        currency=plan.currency,
        data_bytes=None if plan.data_bytes is None else _a_month(plan.data_bytes, plan.days),
        countries=frozenset(plan.countries),
    )


def _a_month(amount: int, days: int) -> int:
    return amount if days in MONTHLY else amount * MONTH // days
