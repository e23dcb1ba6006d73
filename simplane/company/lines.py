"""The list of lines: search, filters, pages."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from simplane.company.deeds import DEEDS
from simplane.company.reach import team_choices, within
from simplane.company.saved import saved_views
from simplane.company.shell import CompanyRequest, page, show
from simplane.fleet.models import FleetLine, Plan
from simplane.ui.paging import page_of


@require_safe
@page("lines:read")
def lines(request: CompanyRequest) -> HttpResponse:
    """Every line this member may see, newest first."""
    rows = filtered(request.GET, within(request.company, FleetLine.objects.all()))
    context = {
        "page": page_of(rows.select_related("employee", "plan", "team"), request.GET),
        "states": FleetLine.State.choices,
        "teams": team_choices(request.company),
        "plans": Plan.objects.order_by("name").values_list("public_id", "name"),
        "deeds": DEEDS.values(),
        "search": request.GET.get("q", ""),
        "views": saved_views(request, "lines"),
    }
    return show(request, "lines", "lines", context)


def filtered(query: QueryDict, rows: QuerySet[FleetLine]) -> QuerySet[FleetLine]:
    """By the words of a search (the person, the label, the beginning of the ICCID) by team, plan and state."""
    for word in query.get("q", "").replace("\0", "").split()[:5]:
        rows = rows.filter(
            Q(employee__given_name__istartswith=word)
            | Q(employee__family_name__istartswith=word)
            | Q(employee__email__istartswith=word)
            | Q(label__icontains=word)
            | Q(iccid__startswith=word)
        )
    if query.get("state") in FleetLine.State.values:
        rows = rows.filter(state=query["state"])
    exact = {f"{name}__public_id": query.get(name, "").replace("\0", "") for name in ("team", "plan")}
    return rows.filter(**{field: value for field, value in exact.items() if value})
