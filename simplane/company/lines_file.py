"""Lines as a CSV file, as the list is filtered."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from simplane.company.lines import filtered
from simplane.company.people_file import csv_file
from simplane.company.reach import within
from simplane.company.shell import CompanyRequest, page
from simplane.core.cells import csv_lines
from simplane.core.clock import now
from simplane.fleet.models import FleetLine

COLUMNS = {
    "id": "public_id",
    "given name": "employee__given_name",
    "family name": "employee__family_name",
    "e-mail": "employee__email",
    "number": "employee__external_id",
    "label": "label",
    "team": "team__name",
    "cost centre": "cost_centre__code",
    "plan": "plan__name",
    "state": "state",
    "wanted": "wanted",
    "confirmed": "service",
    "iccid": "iccid",
    "bytes used": "data_used",
    "bytes in all": "data_total",
    "measured at": "usage_at",
    "plan ends at": "expires_at",
    "installed at": "installed_at",
    "problem": "problem",
}


@require_safe
@page("lines:read")
def export(request: CompanyRequest) -> HttpResponse:
    """Every line of the list, newest first."""
    rows = filtered(request.GET, within(request.company, FleetLine.objects.all())).order_by("-pk")
    return csv_file(f"lines-{now():%Y-%m-%d}.csv", csv_lines(list(COLUMNS), rows.values_list(*COLUMNS.values())))
