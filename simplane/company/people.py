"""The list of employees: search, filters, pages."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from simplane.company.reach import team_choices, within
from simplane.company.saved import saved_views
from simplane.company.shell import CompanyRequest, page, show
from simplane.fleet.models import FleetLine
from simplane.ui.paging import page_of
from simplane.workforce.models import CostCentre, Employee

OPEN_LINES = ~Q(lines__state__in=[FleetLine.State.ENDED, FleetLine.State.FAILED])


@require_safe
@page("people:read")
def people(request: CompanyRequest) -> HttpResponse:
    """Everybody this member may see, newest first."""
    rows = filtered(request.GET, within(request.company, Employee.objects.all()))
    shown = rows.select_related("team", "cost_centre").annotate(open_lines=Count("lines", filter=OPEN_LINES))
    context = {
        "page": page_of(shown, request.GET),
        "states": Employee.State.choices,
        "teams": team_choices(request.company),
        "centres": CostCentre.objects.order_by("code").values_list("public_id", "code"),
        "search": request.GET.get("q", ""),
        "views": saved_views(request, "people"),
    }
    return show(request, "people", "people", context)


def filtered(query: QueryDict, rows: QuerySet[Employee]) -> QuerySet[Employee]:
    """By the words of a search (name, address, the HR system's number), by team, cost centre and state."""
    for word in query.get("q", "").replace("\0", "").split()[:5]:
        rows = rows.filter(
            Q(given_name__istartswith=word)
            | Q(family_name__istartswith=word)
            | Q(email__istartswith=word)
            | Q(external_id=word)
            | Q(pk__in=FleetLine.objects.filter(iccid=word).values("employee_id"))
        )
    if query.get("state") in Employee.State.values:
        rows = rows.filter(state=query["state"])
    exact = {f"{name}__public_id": query.get(name, "").replace("\0", "") for name in ("team", "cost_centre")}
    return rows.filter(removed_at=None, **{field: value for field, value in exact.items() if value})
