"""What crosses the border of billing. Money is integer minor units; a month is its first day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from simplane.core.money import Money


class LineKind(StrEnum):
    """What a line of an invoice is for."""

    PLAN = "plan"
    USAGE = "usage"
    TOP_UP = "top_up"
    CREDIT = "credit"
    FEE = "fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillableFact:
    """One thing that a customer owes for, or gets back (`minor` below zero): net, before tax."""

    key: str
    """Names the fact for ever (`ledger:812`): it is billed at most once."""
    kind: LineKind
    what: str
    minor: int
    currency: str
    at: datetime
    """When it happened; decides the tax rate."""
    sku: str = ""
    unit: str = ""
    """Public id of the eSIM owed."""
    order: str = ""
    person: str = ""
    """Who has it, as the customer calls them."""
    cost_centre: str = ""
    transaction_id: int | None = None
    """Of the ledger; None: it is not booked yet, and locking the invoice books it."""


class Category(StrEnum):
    """Tax categories of EN 16931 (UNTDID 5305)."""

    STANDARD = "S"
    REVERSE_CHARGE = "AE"
    OUTSIDE_SCOPE = "O"


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a sale is taxed. `basis_points`: 1900 is 19 %."""

    category: Category
    basis_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Seller or buyer as it stands on a document."""

    name: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str
    """ISO 3166-1 alpha-2."""
    vat_id: str = ""
    tax_number: str = ""
    """Of the local tax office."""
    register: str = ""
    """Of the trade register."""
    email: str = ""
    reference: str = ""
    """Of a buyer: what it wants to read on every invoice (BT-10)."""
    iban: str = ""
    bic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """One line: `quantity` times `unit_minor`, both whole numbers; a credit has a quantity below zero."""

    kind: LineKind
    what: str
    quantity: int
    unit_minor: int
    tax: Treatment
    since: date
    until: date
    """First and last day of what it is for."""
    sku: str = ""
    cost_centre: str = ""
    facts: tuple[BillableFact, ...] = ()

    @property
    def net_minor(self) -> int:
        """Exact: nothing is rounded on a line."""
        return self.quantity * self.unit_minor


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The tax of all lines of one treatment."""

    tax: Treatment
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a document."""

    net_minor: int
    taxes: tuple[TaxLine, ...]

    @property
    def tax_minor(self) -> int:
        """All taxes."""
        return sum(one.tax_minor for one in self.taxes)

    @property
    def gross_minor(self) -> int:
        """What is to be paid, before anything was."""
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """What an invoice says, before it has a number and a day."""

    seller: Party
    buyer: Party
    month: date
    currency: str
    lines: tuple[DraftLine, ...]
    language: str = "en"

    def money(self, minor: int) -> Money:
        """An amount of it."""
        return Money(minor, self.currency)


class DocumentKind(StrEnum):
    """UNTDID 1001."""

    INVOICE = "380"
    CREDIT_NOTE = "381"


@dataclass(frozen=True, slots=True)
class Corrected:
    """The invoice that a credit note corrects."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Everything that stands on the paper and in the XML. The same document makes the same bytes."""

    kind: DocumentKind
    number: str
    issued_on: date
    due_on: date
    draft: InvoiceDraft
    totals: Totals
    paid_minor: int = 0
    """Taken from the prepaid wallet already."""
    corrects: Corrected | None = None
    reason: str = ""
    """Of a credit note."""

    @property
    def due_minor(self) -> int:
        """What is left to be paid."""
        return self.totals.gross_minor - self.paid_minor
