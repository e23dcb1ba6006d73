"""Invoices and their lines as files: CSV line by line, or a workbook with a sheet of each. Documented in docs/billing.md."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import xlsxwriter
from django.db.models import QuerySet
from xlsxwriter.worksheet import Worksheet

from simplane.billing.models import BilledFact, Invoice, InvoiceLine
from simplane.core.cells import csv_lines
from simplane.core.errors import BadInput
from simplane.core.money import Money

INVOICES = (
    "number", "kind", "state", "month", "issued on", "due on", "customer", "country", "vat id", "currency", "net", "tax",
    "gross", "paid", "credited", "left", "corrects",
)  # fmt: skip
LINES = (
    "number", "position", "kind", "what", "sku", "cost centre", "from", "until", "quantity", "unit price", "net",
    "tax category", "tax percent", "currency",
)  # fmt: skip
FACTS = (
    "number",
    "position",
    "at (UTC)",
    "what",
    "eSIM",
    "person",
    "cost centre",
    "order",
    "net",
    "currency",
    "ledger",
)
MOST_XLSX = 1_000_000
"""A sheet has 1,048,576 rows."""
Row = tuple[object, ...]


def invoices_csv(rows: QuerySet[Invoice]) -> Iterator[str]:
    """One line an invoice or credit note, oldest first."""
    return csv_lines(INVOICES, _invoices(rows))


def lines_csv(rows: QuerySet[Invoice]) -> Iterator[str]:
    """One line a line."""
    return csv_lines(LINES, _lines(rows))


def facts_csv(rows: QuerySet[Invoice]) -> Iterator[str]:
    """One line an eSIM: what every line is made of, for whom and on which cost centre."""
    return csv_lines(FACTS, _facts(rows))


def to_xlsx(rows: QuerySet[Invoice]) -> bytes:
    """Two sheets, invoices and lines. Raises BadInput for more lines than a sheet has rows."""
    if InvoiceLine.objects.filter(invoice__in=rows).count() > MOST_XLSX:
        raise BadInput("a workbook does not hold so many lines", fix="take the CSV file")
    sink = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(sink, options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, columns, table in (("Invoices", INVOICES, _invoices(rows)), ("Lines", LINES, _lines(rows))):
            sheet = book.add_worksheet(name)
            sheet.set_column(0, len(columns) - 1, 14)
            sheet.freeze_panes(1, 0)
            _fill(sheet, columns, table, day)
    return sink.getvalue()


def _fill(sheet: Worksheet, columns: Sequence[str], table: Iterable[Row], day: object) -> None:
    for column, name in enumerate(columns):
        sheet.write_string(0, column, name)
    for number, row in enumerate(table, start=1):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(number, column, value, day)
            elif isinstance(value, Decimal | int):
                # A sheet's numbers are floats; their 15 digits show every possible amount exactly.
                sheet.write_number(number, column, float(value))
            elif value:
                sheet.write_string(number, column, str(value))


def _invoices(rows: QuerySet[Invoice]) -> Iterator[Row]:
    for one in rows.select_related("corrects").order_by("pk").iterator(chunk_size=2000):
        buyer = one.parties["buyer"]
        corrected = one.corrects
        yield (
            one.number, one.kind, one.state, f"{one.month:%Y-%m}", one.issued_on, one.due_on, buyer["name"],
            buyer["country"], buyer["vat_id"], one.currency,
            *(Money(minor, one.currency).decimal() for minor in _amounts(one)),
            corrected.number if corrected else "",
        )  # fmt: skip


def _amounts(one: Invoice) -> tuple[int, ...]:
    """A credit note is written with the amounts it gives back, below zero here, so that columns add up."""
    if one.kind == Invoice.Kind.CREDIT_NOTE:
        return -one.net_minor, -one.tax_minor, -one.gross_minor, 0, 0, 0
    left = one.outstanding_minor if one.locked_at else 0
    return one.net_minor, one.tax_minor, one.gross_minor, one.paid_minor, one.credited_minor, left


def _lines(rows: QuerySet[Invoice]) -> Iterator[Row]:
    lines = InvoiceLine.objects.filter(invoice__in=rows).select_related("invoice").order_by("invoice", "position")
    for one in lines.iterator(chunk_size=2000):
        back = -1 if one.invoice.kind == Invoice.Kind.CREDIT_NOTE else 1
        currency = one.invoice.currency
        yield (
            one.invoice.number, one.position, one.kind, one.what, one.sku, one.cost_centre, one.since, one.until,
            back * one.quantity, Money(one.unit_minor, currency).decimal(), Money(back * one.net_minor, currency).decimal(),
            one.tax_category, Decimal(one.tax_basis_points).scaleb(-2), currency,
        )  # fmt: skip


def _facts(rows: QuerySet[Invoice]) -> Iterator[Row]:
    facts = BilledFact.objects.filter(line__invoice__in=rows).select_related("line__invoice")
    for one in facts.order_by("line__invoice", "line__position", "at", "pk").iterator(chunk_size=2000):
        line, invoice = one.line, one.line.invoice
        at: datetime = one.at.astimezone(UTC)
        yield (
            invoice.number, line.position, at, line.what, one.unit, one.person, line.cost_centre, one.order,
            Money(one.minor, invoice.currency).decimal(), invoice.currency, one.transaction_id,
        )  # fmt: skip
