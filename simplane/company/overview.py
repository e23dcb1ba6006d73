"""The first page of a company: how many lines, what they used and cost this month, and what needs somebody."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from simplane.company.approvals import waiting
from simplane.company.budgets import visible, with_names
from simplane.company.reach import within
from simplane.company.savings import dearest, sums
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.this_month import this_month
from simplane.company.whom import concerning
from simplane.fleet.models import FleetLine
from simplane.policies import queries
from simplane.workforce.models import Employee

S = FleetLine.State
SHOWN, SAVINGS = 5, 3


@require_safe
@page("own:read")
def overview(request: CompanyRequest) -> HttpResponse:
    """Lines by state, people at work, this month, budgets, alerts and questions; what the role may not see is left out.

    Who may see only their own lines is led there.
    """
    if not request.company.may("overview:read"):
        return redirect("company:mine")
    lines = within(request.company, FleetLine.objects.all())
    by_state = {row["state"]: row["many"] for row in lines.order_by().values("state").annotate(many=Count("pk"))}
    people = within(request.company, Employee.objects.filter(state=Employee.State.ACTIVE))
    context = {
        "people": people.count(),
        "active": by_state.get(S.ACTIVE, 0),
        "waiting": sum(by_state.get(one, 0) for one in (S.AWAITING_APPROVAL, S.ORDERING, S.READY)),
        "suspended": by_state.get(S.SUSPENDED, 0),
        "failed": by_state.get(S.FAILED, 0),
        "lines": sum(by_state.values()),
        "month": this_month(request),
        "budgets": with_names(visible(request)[:SHOWN]) if request.company.may("spend:read") else [],
        **_needs_you(request),
        **(_savings(request) if request.company.may("spend:read") else {}),
    }
    return show(request, "overview", "overview", context)


def _savings(request: CompanyRequest) -> dict[str, Any]:
    found = dearest(request, SAVINGS)
    return {"savings": found, "savings_sums": sums(request) if found else []}


def _needs_you(request: CompanyRequest) -> dict[str, Any]:
    alerts = concerning(request.company, queries.alerts(request.company.organization.pk))
    found = list(alerts[: SHOWN + 1])
    return {
        "alerts": found[:SHOWN],
        "more_alerts": len(found) > SHOWN,
        "questions": waiting(request.company) if request.company.may("approvals:decide") else 0,
    }
