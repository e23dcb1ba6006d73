"""Invoices of the account: those with tax, the older ones without, and the running month so far.

Those with tax are `billing`'s (`tax_invoices.py`); numbers that begin with WS- are summaries of who has no billing profile.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from simplane.core import clock
from simplane.core.errors import NotFound
from simplane.core.money import Money
from simplane.hub import tax_invoices
from simplane.hub.invoicing import content
from simplane.hub.shell import HubRequest, page, show
from simplane.hub.wallet import WORDS, chosen
from simplane.ledger.queries import wallets
from simplane.ledger.values import WalletState
from simplane.payments.invoice_models import MonthlyInvoice
from simplane.payments.invoice_values import Content
from simplane.payments.invoices import content_of, invoice, invoices
from simplane.ui.csv_export import csv_answer
from simplane.ui.paging import page_of

COLUMNS = ("invoice", "month", "what", "sku", "eSIMs", "each", "amount", "currency")


@require_safe
@page("wallet:read")
def invoice_list(request: HubRequest) -> HttpResponse:
    """All invoices, newest first."""
    found = page_of(invoices(request.hub.organization.pk), request.GET, by="month")
    state = chosen(request, wallets(request.hub.organization.pk))
    taxed = tax_invoices.issued(request.hub.organization.pk)
    return show(request, "invoices", "wallet", {"page": found, "taxed": taxed, "wallet": state, "month": _this_month()})


@require_safe
@page("wallet:read")
def invoice_now(request: HubRequest) -> HttpResponse:
    """What the invoice of the running month will say, as far as it is."""
    state = _wallet(request)
    found = content(request.hub.organization, state.currency, _this_month())
    return _show(request, None, found, state.currency, _this_month())


@require_safe
@page("wallet:read")
def invoice_page(request: HubRequest, public_id: str) -> HttpResponse:
    """One invoice, by its id or its number."""
    if public_id.startswith(tax_invoices.PREFIX):
        return tax_invoices.shown(request, public_id)
    row = invoice(request.hub.organization.pk, public_id)
    return _show(request, row, content_of(row), row.currency, row.month)


@require_safe
@page("wallet:read")
def invoice_pdf(request: HubRequest, public_id: str) -> HttpResponse:
    """An invoice with tax as it was issued."""
    return tax_invoices.pdf(request, public_id)


@require_safe
@page("wallet:read")
def invoice_csv(request: HubRequest, public_id: str) -> HttpResponseBase:
    """The same as a file."""
    if public_id.startswith(tax_invoices.PREFIX):
        return tax_invoices.lines_csv(request, public_id)
    row = invoice(request.hub.organization.pk, public_id)
    return csv_answer(f"invoice-{row.number}.csv", COLUMNS, _cells(row, content_of(row)))


def _show(request: HubRequest, row: MonthlyInvoice | None, found: Content, currency: str, month: date) -> HttpResponse:
    context = {
        "invoice": row,
        "content": found,
        "currency": currency,
        "month": month,
        "movements": [(WORDS.get(one.kind, one.kind.replace("_", " ")), one.minor) for one in found.movements],
        "net_minor": found.net_minor,
        "minus_net": -found.net_minor,
        "tax_minor": row.tax_minor if row else 0,
        "total_minor": row.total_minor if row else found.net_minor,
    }
    return show(request, "invoice", "wallet", context)


def _cells(row: MonthlyInvoice, found: Content) -> Iterator[tuple[object, ...]]:
    def shown(minor: int) -> object:
        return Money(minor, row.currency).decimal()

    month = f"{row.month:%Y-%m}"
    for one in found.lines:
        what = f"given back: {one.name}" if one.back else one.name
        amounts = shown(one.each_minor), shown(one.total_minor)
        yield (row.number, month, what, one.sku, one.count, *amounts, row.currency)
    yield (row.number, month, "net", "", None, None, shown(row.net_minor), row.currency)
    yield (row.number, month, "tax", "", None, None, shown(row.tax_minor), row.currency)
    yield (row.number, month, "total", "", None, None, shown(row.total_minor), row.currency)


def _wallet(request: HubRequest) -> WalletState:
    """The chosen one. Raises NotFound when there is none."""
    state = chosen(request, wallets(request.hub.organization.pk))
    if state is None:
        raise NotFound("there is no wallet yet")
    return state


def _this_month() -> date:
    return clock.now().date().replace(day=1)
