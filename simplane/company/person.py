"""One employee: where they belong, their lines, what was done."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from simplane.company.reach import within
from simplane.company.shell import CompanyRequest, page, show
from simplane.core.errors import NotFound
from simplane.core.models import AuditEntry
from simplane.fleet.models import FleetLine
from simplane.workforce.models import Employee

SHOWN = 20


@require_safe
@page("people:read")
def person(request: CompanyRequest, public_id: str) -> HttpResponse:
    """The person's page."""
    found = own_person(request, public_id)
    history = AuditEntry.objects.filter(
        organization_id=request.company.organization.pk, entity="employee", entity_id=found.public_id
    )
    context = {
        "person": found,
        "lines": FleetLine.objects.filter(employee=found).select_related("plan").order_by("-pk")[:SHOWN],
        "history": history.order_by("-at")[:SHOWN],
        "reports": within(request.company, Employee.objects.filter(manager=found)).order_by("family_name")[:SHOWN],
    }
    return show(request, "person", "people", context)


def own_person(request: CompanyRequest, public_id: str) -> Employee:
    """A person that this member may see. Raises NotFound."""
    rows = within(request.company, Employee.objects.all())
    found: Employee | None = rows.select_related("team", "cost_centre", "manager").filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such person")
    return found
