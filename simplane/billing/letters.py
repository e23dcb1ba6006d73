"""The mail that brings an invoice or a credit note, in the customer's language, with its PDF."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from simplane.billing import queries
from simplane.billing.actions.writing import writing
from simplane.billing.models import BillingProfile, Invoice, InvoiceMail
from simplane.billing.words import words
from simplane.core import audit, clock
from simplane.core.money import Money
from simplane.core.tenancy import everywhere
from simplane.organizations.hosts import address_of
from simplane.organizations.models import Organization

_SUBJECTS = {
    "en": {"invoice": "Invoice {number} of {seller}", "credit_note": "Credit note {number} of {seller}"},
    "de": {"invoice": "Rechnung {number} von {seller}", "credit_note": "Rechnungskorrektur {number} von {seller}"},
}
_TEXTS = {
    "en": {
        "invoice": """Hello,

attached is invoice {number} for {month}: {gross}, of which {open} is to be paid by {due}.

Every line is explained here: {link}

{seller}
""",
        "credit_note": """Hello,

attached is credit note {number}, which corrects {corrects}: {gross} are given back. Reason: {reason}

You find it here: {link}

{seller}
""",
    },
    "de": {
        "invoice": """Guten Tag,

im Anhang finden Sie die Rechnung {number} für {month}: {gross}, davon zu zahlen bis {due}: {open}.

Jede Zeile wird hier erklärt: {link}

{seller}
""",
        "credit_note": """Guten Tag,

im Anhang finden Sie die Rechnungskorrektur {number} zu {corrects}: {gross} werden gutgeschrieben. Grund: {reason}

Sie finden sie hier: {link}

{seller}
""",
    },
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be sent, with its PDF."""

    to: str
    subject: str
    text: str
    language: str
    file_name: str
    pdf: bytes


def letter(invoice_id: int) -> Letter | None:
    """What is to be sent; None when it was sent, or nobody is there to get it."""
    with everywhere():
        row = Invoice.objects.select_related("organization", "corrects").filter(pk=invoice_id).first()
        if row is None or row.locked_at is None or InvoiceMail.objects.filter(invoice=row).exists():
            return None
        profile = BillingProfile.objects.filter(organization_id=row.organization_id).first()
        if profile is None:
            return None
        name, pdf = queries.document(row.public_id)
        return _written(row, profile.email, name, pdf)


def mark_mailed(invoice_id: int, to: str) -> None:
    """It went out."""
    with writing():
        row = Invoice.objects.get(pk=invoice_id)
        InvoiceMail.objects.create(organization_id=row.organization_id, invoice=row, to=to, sent_at=clock.now())
        audit.note(
            "invoice.mailed",
            "invoice",
            row.public_id,
            after={"number": row.number},
            organization_id=row.organization_id,
        )


def _written(row: Invoice, to: str, name: str, pdf: bytes) -> Letter:
    assert row.due_on is not None
    spoken, seller = words(row.language), row.parties["seller"]
    facts = {
        "number": row.number,
        "seller": seller["name"],
        "month": f"{row.month:%m/%Y}",
        "gross": Money(row.gross_minor, row.currency).shown(row.language),
        "open": Money(max(0, row.outstanding_minor), row.currency).shown(row.language),
        "due": row.due_on.strftime(spoken.date_format),
        "corrects": row.corrects.number if row.corrects else "",
        "reason": row.reason,
        "link": _link(row),
    }
    language = row.language if row.language in _TEXTS else "en"
    subject = _SUBJECTS[language][row.kind].format(**facts)
    return Letter(to, subject, _TEXTS[language][row.kind].format(**facts), language, name, pdf)


def _link(row: Invoice) -> str:
    if row.organization.kind == Organization.Kind.COMPANY:
        return f"{address_of(row.organization.slug)}/invoices/{row.public_id}/"
    return f"{settings.SIMPLANE.base_url}/hub/wallet/invoices/{row.public_id}/"
