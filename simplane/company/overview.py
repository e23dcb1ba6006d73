"""The first page of a company: how many lines, in which state, and what needs somebody."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from simplane.company.reach import within
from simplane.company.shell import CompanyRequest, page, show
from simplane.fleet.models import FleetLine
from simplane.workforce.models import Employee

S = FleetLine.State


@require_safe
@page("overview:read")
def overview(request: CompanyRequest) -> HttpResponse:
    """Lines by state and people at work."""
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
    }
    return show(request, "overview", "overview", context)
