"""The audit trail: who changed what, searchable."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from simplane.console.shell import page
from simplane.core.models import AuditEntry
from simplane.organizations.models import Organization
from simplane.ui.paging import page_of


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Newest first, by actor, action, kind of thing, its id, and whose history it is."""
    found = AuditEntry.objects.all()
    query = request.GET
    if query.get("actor"):
        found = found.filter(actor__icontains=query["actor"].strip())
    if query.get("action"):
        found = found.filter(action__startswith=query["action"].strip())
    if query.get("entity"):
        found = found.filter(entity=query["entity"].strip())
    if query.get("organization"):
        whose = Organization.objects.filter(slug=query["organization"].strip()).values("pk")
        found = found.filter(organization_id__in=whose)
    if query.get("id"):
        found = found.filter(entity_id=query["id"].strip())
    return page(request, "audit", "audit", {"page": page_of(found, query, by="at")})
