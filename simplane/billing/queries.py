"""What pages ask: the list of invoices, one with all that happened to it, and what explains a line of it.

In a customer's scope they show its own; in `everywhere()` all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet, Sum

from simplane.billing.models import (
    BilledFact,
    DunningStep,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    InvoicePayment,
)
from simplane.core import keyset
from simplane.core.errors import NotFound

PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which invoices. Empty: all."""

    month: date | None = None
    states: tuple[str, ...] = ()
    text: str = ""
    """A part of a number, or of a customer's name."""
    organization_id: int | None = None
    overdue_on: date | None = None


@dataclass(frozen=True, slots=True)
class InvoicesPage:
    """Newest first; `after` is the key of the last one where there are more, else None."""

    invoices: tuple[Invoice, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A line, and how many facts stand behind it."""

    line: InvoiceLine
    facts: int


@dataclass(frozen=True, slots=True)
class Story:
    """An invoice and all that happened to it."""

    invoice: Invoice
    lines: tuple[StoryLine, ...]
    credit_notes: tuple[Invoice, ...]
    payments: tuple[InvoicePayment, ...]
    reminders: tuple[DunningStep, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a line is there: every fact with its eSIM, person, order and transaction, or the line that it gives back."""

    line: InvoiceLine
    facts: tuple[BilledFact, ...]
    credits: InvoiceLine | None


@dataclass(frozen=True, slots=True)
class MonthSum:
    """Documents of a month in one kind, state and currency."""

    kind: str
    state: str
    currency: str
    many: int
    gross_minor: int


def invoices(wanted: Wanted, *, after: int | None = None, size: int = PAGE) -> InvoicesPage:
    """A page of the list."""
    rows = wanted_rows(wanted).order_by("-pk")
    if after is not None:
        rows = rows.filter(keyset.beyond("", None, after, falling=True))
    found = list(rows[: size + 1])
    return InvoicesPage(tuple(found[:size]), found[size - 1].pk if len(found) > size else None)


def wanted_rows(wanted: Wanted) -> QuerySet[Invoice]:
    """All that fit, unordered."""
    rows: QuerySet[Invoice] = Invoice.objects.all()
    if wanted.month is not None:
        rows = rows.filter(month=wanted.month.replace(day=1))
    if wanted.states:
        rows = rows.filter(state__in=wanted.states)
    if wanted.organization_id is not None:
        rows = rows.filter(organization_id=wanted.organization_id)
    if wanted.overdue_on is not None:
        rows = rows.filter(state=Invoice.State.LOCKED, kind=Invoice.Kind.INVOICE, due_on__lt=wanted.overdue_on)
    if wanted.text.strip():
        text = wanted.text.strip()
        rows = rows.filter(Q(number__icontains=text) | Q(parties__buyer__name__icontains=text))
    return rows


def story(public_id: str) -> Story:
    """One invoice. Raises NotFound."""
    found = _one(public_id)
    lines = InvoiceLine.objects.filter(invoice=found).annotate(many_facts=Count("facts")).order_by("position")
    return Story(
        found,
        tuple(StoryLine(one, one.many_facts) for one in lines),
        tuple(Invoice.objects.filter(corrects=found).order_by("pk")),
        tuple(InvoicePayment.objects.filter(invoice=found).order_by("pk")),
        tuple(DunningStep.objects.filter(invoice=found).order_by("step")),
    )


def explained(public_id: str, position: int) -> Explained:
    """One line of an invoice. Raises NotFound."""
    rows = InvoiceLine.objects.select_related("invoice", "credits__invoice")
    line = rows.filter(invoice=_one(public_id), position=position).first()
    if line is None:
        raise NotFound("this invoice has no such line")
    return Explained(line, tuple(BilledFact.objects.filter(line=line).order_by("at", "pk")), line.credits)


def document(public_id: str) -> tuple[str, bytes]:
    """File name and PDF of a locked invoice. Raises NotFound, and RuntimeError when the bytes are not those stored."""
    row = _one(public_id)
    found = InvoiceDocument.objects.filter(invoice=row).first()
    if found is None:
        raise NotFound("a draft has no document yet")
    pdf = bytes(found.pdf)
    if hashlib.sha256(pdf).hexdigest() != found.sha256:
        raise RuntimeError(f"the document of {row.number} was changed")
    return f"{row.number}.pdf", pdf


def month_sums(month: date) -> list[MonthSum]:
    """How far a month is."""
    rows = wanted_rows(Wanted(month=month)).values_list("kind", "state", "currency")
    summed = rows.annotate(many=Count("pk"), gross=Sum("gross_minor")).order_by("currency", "kind", "state")
    return [MonthSum(*one) for one in summed]


def _one(public_id: str) -> Invoice:
    rows = Invoice.objects.select_related("corrects")
    found: Invoice | None = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such invoice")
    return found
