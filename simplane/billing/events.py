"""What billing tells."""

from __future__ import annotations

from dataclasses import dataclass

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceIssued(News):
    """An invoice or a credit note has its number and its document."""

    job_fields = ("invoice_id",)
    organization_id: int
    invoice_id: int
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePaid(News):
    """Nothing is left to be paid of an invoice: it was paid, or credited whole."""

    job_fields = ("number",)
    organization_id: int
    invoice_id: int
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOverdue(News):
    """A reminder is due: `step` 1, 2, or 3, the last before a person takes over."""

    job_fields = ("dunning_id",)
    organization_id: int
    dunning_id: int
    number: str
    step: int
