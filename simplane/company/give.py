"""Giving a person a line: choose a plan, see what the rules and budgets say, confirm."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from simplane.company.person import own_person
from simplane.company.shell import CompanyRequest, page, show
from simplane.core import clock
from simplane.core.errors import Refusal
from simplane.core.ids import new_id
from simplane.fleet.actions import provision
from simplane.fleet.models import Operation, Plan
from simplane.policies.actions import check
from simplane.policies.values import PurchaseFacts, Verdict
from simplane.ui.outcomes import refused as tell_refused
from simplane.workforce.models import Employee


@require_http_methods(["GET", "HEAD", "POST"])
@page("lines:write")
def give(request: CompanyRequest, public_id: str) -> HttpResponse:
    """One line for one person. The page's key makes a double click one line."""
    person = own_person(request, public_id)
    if request.method == "POST":
        done = _give(request, person)
        if done is not None:
            return redirect("company:line", done.line.public_id)
    plans = list(Plan.objects.filter(active=True).order_by("name"))
    context = {
        "person": person,
        "rows": [(plan, verdict_on(person, plan)) for plan in plans],
        "key": new_id("key"),
    }
    return show(request, "give", "people", context)


def _give(request: CompanyRequest, person: Employee) -> Operation | None:
    try:
        return provision(
            request.POST.get("plan", ""),
            person.public_id,
            asked_by=request.company.actor,
            label=request.POST.get("label", ""),
            key=request.POST.get("key", "")[:40],
        )
    except Refusal as refusal:
        tell_refused(request, refusal)
        return None


def verdict_on(person: Employee, plan: Plan) -> Verdict:
    """What the rules and budgets say to a line of this person on this plan, now."""
    return check(
        PurchaseFacts(
            organization_id=person.organization_id,
            employee_id=person.pk,
            team_id=person.team_id,
            cost_centre_id=person.cost_centre_id,
            line_id=None,
            kind="provision",
            plan_public_id=plan.public_id,
            plan_name=plan.name,
            countries=tuple(plan.countries),
            data_bytes=plan.data_bytes,
            amount_minor=plan.price_minor,
            currency=plan.currency,
            at=clock.now(),
        )
    )
