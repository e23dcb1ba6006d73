"""Invoices of the company: the list, one with what happened to it, any line explained, and the files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from simplane.billing import exports, queries
from simplane.billing.models import BillingProfile, Invoice, InvoiceDocument
from simplane.billing.vat_checks import standing
from simplane.company.saved import saved_views
from simplane.company.shell import CompanyRequest, page, show
from simplane.core.errors import NotFound
from simplane.ui.paging import page_of

State = Invoice.State
ISSUED = (State.LOCKED, State.PAID, State.CREDITED)
STATES = [(one.value, one.label) for one in ISSUED]


@require_safe
@page("billing:read")
def invoices(request: CompanyRequest) -> HttpResponse:
    """Issued ones, newest first, by month, state and number; `?file=csv`: as a file."""
    rows = _asked(request)
    if request.GET.get("file") == "csv":
        return download("invoices.csv", "text/csv; charset=utf-8", exports.invoices_csv(rows))
    context = {
        "page": page_of(rows, request.GET),
        "states": STATES,
        "search": request.GET.get("number", ""),
        **_vat_id(request.company.organization.pk),
    }
    context["views"] = saved_views(request, "invoices")
    return show(request, "invoices", "billing", context)


@require_safe
@page("billing:read")
def invoice(request: CompanyRequest, public_id: str) -> HttpResponse:
    """One invoice: its lines, each a link to what explains it, and its payments, credit notes and reminders."""
    story = queries.story(_own(public_id).public_id)
    notes = [one for one in story.credit_notes if one.state in ISSUED]
    return show(request, "invoice", "billing", {"story": story, "invoice": story.invoice, "credit_notes": notes})


@require_safe
@page("billing:read")
def invoice_line(request: CompanyRequest, public_id: str, name: str) -> HttpResponse:
    """Why a line is there: every eSIM with its person, or the line that it gives back. `name`: its number."""
    found = _own(public_id)
    if not (name.isdecimal() and len(name) < 7):
        raise NotFound("this invoice has no such line")
    explained = queries.explained(public_id, int(name))
    return show(request, "invoice_line", "billing", {"invoice": found, "explained": explained})


@require_safe
@page("billing:read")
def invoice_file(_: CompanyRequest, public_id: str, name: str) -> HttpResponse:
    """`pdf` and `xml` as they were issued; `lines` and `facts` as CSV."""
    found = _own(public_id)
    if name == "pdf":
        file_name, pdf = queries.document(public_id)
        return download(file_name, "application/pdf", [pdf])
    if name == "xml":
        document = InvoiceDocument.objects.filter(invoice=found).first()
        if document is None:
            raise NotFound("this invoice has no XML")
        return download(f"{found.number}.xml", "application/xml", [bytes(document.xml)])
    makers = {"lines": exports.lines_csv, "facts": exports.facts_csv}
    if name not in makers:
        raise NotFound("there is no such file")
    rows = Invoice.objects.filter(pk=found.pk)
    return download(f"{found.number}-{name}.csv", "text/csv; charset=utf-8", makers[name](rows))


def download(name: str, kind: str, parts: Iterable[str | bytes]) -> HttpResponse:
    """A file, whole: nothing is read after the company's scope was left."""
    content = b"".join(one.encode() if isinstance(one, str) else one for one in parts)
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _vat_id(company: int) -> dict[str, object]:
    """To whom invoices go, and what VIES said of its VAT id."""
    profile = BillingProfile.objects.filter(organization_id=company).first()
    known = standing(company, profile.vat_id) if profile and profile.vat_id else None
    return {"profile": profile, "vat": known if known and known.state else None}


def _asked(request: CompanyRequest) -> QuerySet[Invoice]:
    query = request.GET
    rows: QuerySet[Invoice] = Invoice.objects.filter(state__in=ISSUED)
    if query.get("state") in ISSUED:
        rows = rows.filter(state=query["state"])
    if month := _month(query.get("month", "")):
        rows = rows.filter(month=month)
    if query.get("number"):
        rows = rows.filter(number__icontains=query["number"].strip()[:30])
    return rows


def _month(text: str) -> date | None:
    """`2026-11`; None of anything else."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _own(public_id: str) -> Invoice:
    """An issued invoice. Raises NotFound: a draft is ours until it is issued."""
    found: Invoice | None = Invoice.objects.filter(public_id=public_id, state__in=ISSUED).first()
    if found is None:
        raise NotFound("there is no such invoice")
    return found
