"""Invoices with tax (billing) as a reseller sees them: the list, one with each line explained, and its files."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from simplane.billing import exports, queries
from simplane.billing.models import Invoice
from simplane.core import tenancy
from simplane.core.errors import NotFound
from simplane.hub.shell import HubRequest, show

PREFIX = "inv_"
"""How ids of these begin; numbers of older ones begin with WS-."""
MOST = 120
"""Ten years of them."""
State = Invoice.State
ISSUED = (State.LOCKED, State.PAID, State.CREDITED)


def issued(organization_id: int) -> list[Invoice]:
    """Those that are out, newest first, with their credit notes."""
    with tenancy.scope(organization_id):
        return list(Invoice.objects.filter(state__in=ISSUED).order_by("-month", "-pk")[:MOST])


def shown(request: HubRequest, public_id: str) -> HttpResponse:
    """One of them; `?line=3`: that line explained. Raises NotFound."""
    asked = request.GET.get("line", "")
    with tenancy.scope(request.hub.organization.pk):
        row = _own(public_id)
        story = queries.story(public_id)
        explained = queries.explained(public_id, int(asked)) if asked.isdecimal() and len(asked) < 7 else None
    context: dict[str, Any] = {"story": story, "invoice": row, "explained": explained}
    return show(request, "tax_invoice", "wallet", context)


def pdf(request: HubRequest, public_id: str) -> HttpResponse:
    """As it was issued. Raises NotFound."""
    with tenancy.scope(request.hub.organization.pk):
        _own(public_id)
        name, content = queries.document(public_id)
    return _file(name, "application/pdf", content)


def lines_csv(request: HubRequest, public_id: str) -> HttpResponse:
    """Each eSIM of it. Raises NotFound."""
    with tenancy.scope(request.hub.organization.pk):
        row = _own(public_id)
        content = "".join(exports.facts_csv(Invoice.objects.filter(pk=row.pk))).encode()
    return _file(f"{row.number}.csv", "text/csv; charset=utf-8", content)


def _own(public_id: str) -> Invoice:
    found: Invoice | None = (
        Invoice.objects.select_related("corrects").filter(public_id=public_id, state__in=ISSUED).first()
    )
    if found is None:
        raise NotFound("there is no such invoice")
    return found


def _file(name: str, kind: str, content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
