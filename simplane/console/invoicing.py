"""Invoices for our own people: a month drafted, checked and issued for all at once; any line explained; transfers; credits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.billing import places, queries
from simplane.billing.actions import Transfer, confirm_move, credit, mark_paid, run_month
from simplane.billing.models import BillingProfile, Invoice, MonthRun
from simplane.billing.queries import Wanted
from simplane.console.shell import page
from simplane.core import clock, tenancy
from simplane.core.errors import BadInput, NotFound
from simplane.core.money import parse
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of

State = Invoice.State
MOVES = 25
"""Shown at once; the next ones follow when these are confirmed."""


@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """One month: how far it is, who was left out and why, and every invoice; last month unless asked for another."""
    month, text = month_of(request.GET.get("month", "")), request.GET.get("q", "").strip()
    with tenancy.everywhere():
        rows = queries.wanted_rows(Wanted(month=month, text=text)).select_related("organization")
        run = MonthRun.objects.filter(month=month).order_by("-pk").first()
        context = {
            "month": month,
            "page": page_of(rows, request.GET),
            "sums": queries.month_sums(month),
            "profiles": BillingProfile.objects.filter(since__lte=month).count(),
            "checked": queries.wanted_rows(Wanted(month=month, states=(State.CHECKED,))).count(),
            "run": run,
            "moves": places.moves(MOVES),
            "search": text,
        }
        return page(request, "invoices", "invoices", context)


@require_POST
def invoices_run(request: HttpRequest) -> HttpResponse:
    """Have the month drafted and checked, or what is checked issued."""
    month, step = month_of(request.POST.get("month", "")), request.POST.get("step", "")
    if step in MonthRun.Step.values:
        attempt(request, "A worker is at it; this page follows.", lambda: run_month(month, step))
    return redirect(f"{reverse('console:invoices')}?month={month:%Y-%m}")


@require_POST
def move_confirm(request: HttpRequest, slug: str) -> HttpResponse:
    """The customer does sit in the other country: it is taxed there from the next month on."""
    given = request.POST
    done = "Confirmed: draft the month again."
    attempt(request, done, lambda: confirm_move(slug, given.get("country", ""), given.get("vat_id", "")))
    return redirect(f"{reverse('console:invoices')}?month={month_of(given.get('month', '')):%Y-%m}")


@require_safe
def invoice(request: HttpRequest, public_id: str) -> HttpResponse:
    """One invoice with all that happened to it; `?line=3`: that line explained."""
    with tenancy.everywhere(), not_found_is_404():
        story = queries.story(public_id)
        asked = request.GET.get("line", "")
        explained = queries.explained(public_id, int(asked)) if asked.isdecimal() and len(asked) < 7 else None
        context: dict[str, Any] = {"story": story, "invoice": story.invoice, "explained": explained}
        return page(request, "invoice", "invoices", context)


@require_safe
def invoice_pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """As it was issued."""
    del request
    with tenancy.everywhere(), not_found_is_404():
        name, pdf = queries.document(public_id)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=disposition)


@require_POST
def invoice_paid(request: HttpRequest, public_id: str) -> HttpResponse:
    """A transfer came; the same one again counts once."""
    found = _one(public_id)

    def book() -> None:
        money = parse(request.POST.get("amount", ""), found.currency)
        transfer = Transfer(
            money=money, reference=request.POST.get("reference", ""), received_on=_day(request.POST.get("on", ""))
        )
        mark_paid(found.pk, transfer)

    attempt(request, "Booked.", book)
    return redirect("console:invoice", public_id)


@require_POST
def invoice_credit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Credit one line, or everything that is left; `again`: the month may be written anew."""
    found = _one(public_id)
    line, again = request.POST.get("line", ""), bool(request.POST.get("again"))

    def give_back() -> None:
        quantities = {int(line): _number(request.POST.get("quantity", ""))} if line.isdecimal() else None
        credit(found.pk, reason=request.POST.get("reason", ""), quantities=quantities, again=again)

    attempt(request, "The credit note is written and goes out by mail.", give_back)
    return redirect("console:invoice", public_id)


def month_of(text: str) -> date:
    """`2026-11`; last month of anything else."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        found = date.min
    if 2000 <= found.year < 2100:
        return found
    return (clock.now().date().replace(day=1) - timedelta(days=1)).replace(day=1)


@contextmanager
def not_found_is_404() -> Iterator[None]:
    """What billing does not know is a page that is not there."""
    try:
        yield
    except NotFound as missing:
        raise Http404(str(missing)) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no day", fix="write it as 2026-11-30") from None


def _number(text: str) -> int:
    if not text.lstrip("-").isdecimal() or len(text) > 9:
        raise BadInput(f"{text!r} is no number", fix="how many of the line are given back")
    return int(text)


def _one(public_id: str) -> Invoice:
    with tenancy.everywhere(), not_found_is_404():
        found: Invoice | None = Invoice.objects.filter(public_id=public_id).first()
        if found is None:
            raise NotFound("there is no such invoice")
        return found
