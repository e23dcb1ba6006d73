"""eSIMs of the account: how much data is left on each, and how old that figure is."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from simplane.hub.orders import ICCID
from simplane.hub.shell import HubRequest, page, show
from simplane.lines.models import Line, PlanState
from simplane.ordering.models import Unit
from simplane.organizations.models import Organization
from simplane.ui.paging import page_of

LOW_PERCENT = 20
"""Of its data left, or less."""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """An eSIM with what was used of it. `share`: percent of its data, None where that is not known."""

    unit: Unit
    line: Line
    share: int | None


@require_safe
@page("orders:read")
def usage(request: HubRequest) -> HttpResponse:
    """All eSIMs that were delivered, newest first."""
    found = page_of(filtered(request.GET, request.hub.organization), request.GET)
    rows = [UsageRow(unit, unit.line, _share(unit.line)) for unit in found.rows if unit.line]
    context = {"page": found, "rows": rows, "plans": PlanState.choices, "search": request.GET.get("q", "")}
    return show(request, "usage", "usage", context)


def filtered(query: QueryDict, organization: Organization) -> QuerySet[Unit]:
    """eSIMs of the account that a query string lets through; filters that mean nothing count as absent."""
    found = Unit.objects.filter(organization=organization, line__isnull=False)
    digits = query.get("q", "").replace(" ", "")[:20]
    if digits:
        exact = ICCID.fullmatch(digits)
        found = found.filter(line__iccid=digits) if exact else found.filter(line__iccid__startswith=digits)
    if query.get("plan") in PlanState.values:
        found = found.filter(line__plan_state=query["plan"])
    if query.get("low"):
        used = F("line__data_total") * (100 - LOW_PERCENT) / 100
        running = Q(line__plan_state__in=[PlanState.ACTIVE, PlanState.DEPLETED])
        found = found.filter(running, line__data_used__gte=used, line__ended_at__isnull=True)
    return found.select_related("line", "product", "order")


def _share(line: Line) -> int | None:
    if line.data_used is None or not line.data_total:
        return None
    return min(100, line.data_used * 100 // line.data_total)
