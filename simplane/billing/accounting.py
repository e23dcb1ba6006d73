"""The accounting export of a month: double entry, balanced document by document, byte for byte the same every time.

It holds what was issued and what was paid in a month that is over. Both are rows that nobody can change, chosen by the
moment at which they were written, so no later work moves them. Columns and accounts: docs/billing.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from simplane.billing import reading
from simplane.billing.errors import NotInvoiceable
from simplane.billing.grouping import first_moment
from simplane.billing.models import Invoice, InvoicePayment
from simplane.billing.values import Category
from simplane.core import clock
from simplane.core.cells import csv_lines
from simplane.core.money import Money
from simplane.ledger.statements import following

COLUMNS = (
    "entry", "date", "document", "type", "account", "debit", "credit", "currency", "tax category", "tax percent",
    "customer", "customer vat id", "text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Codes:
    """Numbers of the accounts in the books of the seller; ours are names, SKR03 and others can be given."""

    receivable: str = "receivable"
    prepaid: str = "prepaid"
    bank: str = "bank"
    tax: str = "tax"
    revenue: dict[Category, str] = field(
        default_factory=lambda: {one: f"revenue {one.value}" for one in Category}, hash=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One side of one document. `minor` above zero: debit, below: credit."""

    document: str
    on: date
    kind: str
    account: str
    minor: int
    currency: str
    category: str = ""
    basis_points: int | None = None
    customer: str
    vat_id: str
    text: str


def accounting_csv(seller_id: int, month: date, codes: Codes | None = None) -> Iterator[str]:
    """The month of one of our companies as CSV. Raises NotInvoiceable for a month that is not over."""
    month = month.replace(day=1)
    if clock.now() < first_moment(following(month)):
        raise NotInvoiceable(f"{month:%Y-%m} is not over", fix="export it next month")
    return csv_lines(COLUMNS, _rows(bookings(seller_id, month, codes or Codes())))


def bookings(seller_id: int, month: date, codes: Codes) -> Iterator[Booking]:
    """Documents by number, then transfers as they were entered."""
    since, until = first_moment(month), first_moment(following(month))
    documents = Invoice.objects.filter(seller_id=seller_id, locked_at__gte=since, locked_at__lt=until)
    for row in documents.select_related("corrects").order_by("locked_at", "pk").iterator(chunk_size=500):
        yield from _document(row, codes)
    payments = InvoicePayment.objects.filter(
        invoice__seller_id=seller_id, entered_at__gte=since, entered_at__lt=until
    ).select_related("invoice")
    for payment in payments.order_by("entered_at", "pk").iterator(chunk_size=500):
        yield from _payment(payment, codes)


def _document(row: Invoice, codes: Codes) -> Iterator[Booking]:
    """A credit note is its invoice turned round."""
    assert row.issued_on is not None
    note = row.kind == Invoice.Kind.CREDIT_NOTE
    sign = -1 if note else 1
    text = f"credit for {row.corrects}: {row.reason}" if note else f"invoice of {row.month:%Y-%m}"
    make = _maker(row, row.issued_on, row.kind, text)
    yield make(account=codes.receivable, minor=sign * row.gross_minor)
    for one in reading.totals_of(row).taxes:
        category = one.tax.category
        tax: dict[str, Any] = {"category": category.value, "basis_points": one.tax.basis_points}
        yield make(account=codes.revenue[category], minor=-sign * one.net_minor, **tax)
        if one.tax_minor:
            yield make(account=codes.tax, minor=-sign * one.tax_minor, **tax)
    # What the wallet paid of an invoice, or got of a credit note.
    moved = row.returned_minor if note else row.from_wallet_minor
    if moved:
        yield make(account=codes.prepaid, minor=sign * moved)
        yield make(account=codes.receivable, minor=-sign * moved)


def _payment(payment: InvoicePayment, codes: Codes) -> Iterator[Booking]:
    make = _maker(payment.invoice, payment.received_on, "payment", payment.reference)
    yield make(account=codes.bank, minor=payment.amount_minor)
    yield make(account=codes.receivable, minor=-payment.amount_minor)


def _maker(row: Invoice, on: date, kind: str, text: str) -> partial[Booking]:
    """Bookings of one document."""
    buyer = row.parties["buyer"]
    return partial(
        Booking,
        document=row.number,
        on=on,
        kind=kind,
        currency=row.currency,
        customer=buyer["name"],
        vat_id=buyer["vat_id"],
        text=text,
    )


def _rows(found: Iterable[Booking]) -> Iterator[tuple[object, ...]]:
    for number, one in enumerate(found, start=1):
        amount = Money(abs(one.minor), one.currency).decimal()
        percent = "" if one.basis_points is None else f"{one.basis_points // 100}.{one.basis_points % 100:02d}"
        yield (
            number, one.on, one.document, one.kind, one.account, amount if one.minor > 0 else "",
            amount if one.minor < 0 else "", one.currency, one.category, percent, one.customer, one.vat_id, one.text,
        )  # fmt: skip
