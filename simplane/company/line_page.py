"""One line: what is wanted and what is confirmed, its plans, what was done with it and what can be done now."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from simplane.company.deeds import possible_for
from simplane.company.reach import within
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.standing import Standing
from simplane.core.errors import NotFound
from simplane.fleet.actions.wish import RULE
from simplane.fleet.models import FleetLine, Operation, PlanPeriod
from simplane.fleet.states import OPEN

SHOWN = 20


@require_safe
@page("lines:read")
def line(request: CompanyRequest, public_id: str) -> HttpResponse:
    """The line's page."""
    found = own_line(request, public_id)
    operations = list(Operation.objects.filter(line=found).select_related("plan").order_by("-pk")[:SHOWN])
    context = {
        "line": found,
        "operations": operations,
        "planned": [
            (one, may_cancel(request.company, one)) for one in operations if one.state == Operation.State.SCHEDULED
        ],
        "under_way": next((one for one in operations if one.state in OPEN), None),
        "plans": PlanPeriod.objects.filter(line=found).select_related("plan", "cost_centre").order_by("-started_at"),
        "deeds": possible_for(found) if request.company.may("lines:write") else [],
        "share": share(found),
    }
    return show(request, "line", "lines", context)


def own_line(request: CompanyRequest, public_id: str) -> FleetLine:
    """A line that this member may see. Raises NotFound."""
    rows = within(request.company, FleetLine.objects.all())
    found: FleetLine | None = (
        rows.select_related("employee", "plan", "team", "cost_centre", "wanted_plan")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise NotFound("there is no such line")
    return found


def may_cancel(company: Standing, planned: Operation) -> bool:
    """Whether this member may keep it from its day: that a rule ends a line is not for a manager to stop."""
    by_rule = planned.kind == Operation.Kind.TERMINATE and planned.asked_by.startswith(RULE)
    return company.may("lines:write") and not (by_rule and company.narrow)


def share(line: FleetLine) -> int | None:
    """Percent of its data that is used; None without a limit or a reading."""
    if not line.data_total or line.data_used is None:
        return None
    return min(100, 100 * line.data_used // line.data_total)
