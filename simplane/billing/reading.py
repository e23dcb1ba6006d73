"""Between rows and values: an invoice as it stands in the tables, as the draft and the document that it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta

from simplane.billing.models import BilledFact, BillingProfile, Invoice, InvoiceLine, Seller
from simplane.billing.totals import totals
from simplane.billing.values import (
    BillableFact,
    Category,
    Corrected,
    Document,
    DocumentKind,
    DraftLine,
    InvoiceDraft,
    LineKind,
    Party,
    TaxLine,
    Totals,
    Treatment,
)

KINDS = {
    Invoice.Kind.INVOICE.value: DocumentKind.INVOICE,
    Invoice.Kind.CREDIT_NOTE.value: DocumentKind.CREDIT_NOTE,
}


def seller_party(seller: Seller) -> Party:
    """As it stands on documents."""
    return Party(
        name=seller.name,
        street=seller.street,
        postcode=seller.postcode,
        city=seller.city,
        country=seller.country,
        vat_id=seller.vat_id,
        tax_number=seller.tax_number,
        register=seller.register,
        email=seller.email,
        iban=seller.iban,
        bic=seller.bic,
    )


def buyer_party(profile: BillingProfile) -> Party:
    """As it stands on documents."""
    return Party(
        name=profile.name,
        street=profile.street,
        postcode=profile.postcode,
        city=profile.city,
        country=profile.country,
        vat_id=profile.vat_id,
        email=profile.email,
        reference=profile.reference,
    )


def parties_of(profile: BillingProfile) -> dict[str, dict[str, str]]:
    """Both, as an invoice keeps them."""
    return {"seller": asdict(seller_party(profile.seller)), "buyer": asdict(buyer_party(profile))}


def fingerprint(draft: InvoiceDraft) -> str:
    """SHA-256 over everything that it says and why."""
    told = json.dumps(asdict(draft), default=str, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def draft_of(invoice: Invoice) -> InvoiceDraft:
    """What an invoice says, from its rows."""
    facts: dict[int, list[BilledFact]] = {}
    for fact in BilledFact.objects.filter(line__invoice=invoice).order_by("at", "pk"):
        facts.setdefault(fact.line_id, []).append(fact)
    lines = InvoiceLine.objects.filter(invoice=invoice).order_by("position")
    return InvoiceDraft(
        seller=Party(**invoice.parties["seller"]),
        buyer=Party(**invoice.parties["buyer"]),
        month=invoice.month,
        currency=invoice.currency,
        lines=tuple(_line(row, facts.get(row.pk, ()), invoice.currency) for row in lines),
        language=invoice.language,
    )


def totals_of(invoice: Invoice) -> Totals:
    """Its sums as they were computed."""
    taxes = (TaxLine(Treatment(Category(kind), points), net, tax) for kind, points, net, tax in invoice.taxes)
    return Totals(invoice.net_minor, tuple(taxes))


def taxes_of(found: Totals) -> list[list[str | int]]:
    """As an invoice keeps them."""
    return [[one.tax.category.value, one.tax.basis_points, one.net_minor, one.tax_minor] for one in found.taxes]


def document_of(invoice: Invoice, *, number: str, issued_on: date, days: int, paid_minor: int) -> Document:
    """The paper that this invoice becomes when it gets this number on this day."""
    corrected = invoice.corrects
    return Document(
        kind=KINDS[invoice.kind],
        number=number,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=days),
        draft=draft_of(invoice),
        totals=totals_of(invoice),
        paid_minor=paid_minor,
        corrects=Corrected(corrected.number, _known(corrected.issued_on)) if corrected else None,
        reason=invoice.reason,
    )


def sums_are_right(invoice: Invoice, draft: InvoiceDraft) -> bool:
    """Whether the stored sums are those of its lines."""
    return invoice.kind == Invoice.Kind.CREDIT_NOTE or totals(draft.lines) == totals_of(invoice)


def _known(day: date | None) -> date:
    assert day is not None, "only locked invoices are corrected"
    return day


def _line(row: InvoiceLine, facts: Iterable[BilledFact], currency: str) -> DraftLine:
    return DraftLine(
        kind=LineKind(row.kind),
        what=row.what,
        quantity=row.quantity,
        unit_minor=row.unit_minor,
        tax=Treatment(Category(row.tax_category), row.tax_basis_points),
        since=row.since,
        until=row.until,
        sku=row.sku,
        cost_centre=row.cost_centre,
        facts=tuple(_fact(one, row, currency) for one in facts),
    )


def _fact(one: BilledFact, row: InvoiceLine, currency: str) -> BillableFact:
    return BillableFact(
        key=one.key,
        kind=LineKind(one.kind),
        what=row.what,
        minor=one.minor,
        currency=currency,
        at=one.at,
        sku=row.sku,
        unit=one.unit,
        order=one.order,
        person=one.person,
        cost_centre=row.cost_centre,
        transaction_id=one.transaction_id,
    )
