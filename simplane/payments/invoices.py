"""Monthly invoices: written once with the next number of the year, never changed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import msgspec
from django.db.models import QuerySet

from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.organizations.models import Organization
from simplane.payments.invoice_models import InvoiceSeries, MonthlyInvoice
from simplane.payments.invoice_values import Content


def issue(organization: Organization, currency: str, month: date, content: Content) -> MonthlyInvoice:
    """Write the invoice of a month that is over, under the next number of this year; the one that is there if there is one.

    Raises BadInput for a month that runs, or with nothing on it.
    """
    now = clock.now()
    if (month.year, month.month) >= (now.year, now.month):
        raise BadInput(f"{month:%Y-%m} is not over", fix="wait for its end")
    if not content.lines:
        raise BadInput(f"nothing was bought in {month:%Y-%m}", fix="no invoice is needed")
    with transaction():
        InvoiceSeries.objects.get_or_create(year=now.year)
        series = InvoiceSeries.objects.select_for_update().get(year=now.year)
        found = invoices(organization.pk).filter(currency=currency, month=month).first()
        if found is not None:
            return found
        series.last += 1
        series.save(update_fields=["last"])
        made = MonthlyInvoice.objects.create(
            organization=organization,
            number=f"WS-{now.year}-{series.last:05d}",
            month=month,
            currency=currency,
            net_minor=content.net_minor,
            content=asdict(content),
            issued_at=now,
        )
        after = {"number": made.number, "minor": made.total_minor, "currency": currency}
        audit.note("invoice.issued", "organization", organization.slug, after=after)
        return made


def invoices(organization_id: int) -> QuerySet[MonthlyInvoice]:
    """Those of an organization, newest first."""
    return MonthlyInvoice.objects.filter(organization_id=organization_id).order_by("-month", "-pk")


def invoice(organization_id: int, number: str) -> MonthlyInvoice:
    """One of them. Raises NotFound."""
    found = invoices(organization_id).filter(number=number).first()
    if found is None:
        raise NotFound("there is no such invoice")
    return found


def content_of(row: MonthlyInvoice) -> Content:
    """What it says."""
    return msgspec.convert(row.content, Content)
