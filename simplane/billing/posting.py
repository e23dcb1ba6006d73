"""What an invoice's story means in the ledger. Pure: amounts in, postings out.

A purchase took its net price from the wallet. Locking moves that debt to where invoices are owed (`credit`), adds the
tax, and lets the wallet pay as much as it holds of prepaid money. A transfer pays the rest. A credit note goes the other way.
"""

from __future__ import annotations

from dataclasses import dataclass

from simplane.ledger.chart import Kind
from simplane.ledger.values import AccountRef, Posting


@dataclass(frozen=True, slots=True)
class Books:
    """The accounts of one customer in one currency. `book`: under which its sales stand; `country`: where tax is owed."""

    organization_id: int
    currency: str
    book: str
    country: str

    @property
    def owed(self) -> AccountRef:
        """Invoiced and not paid."""
        return AccountRef(Kind.CREDIT, self.currency, self.organization_id)

    @property
    def wallet(self) -> AccountRef:
        """Its prepaid money, or its debt within the credit limit."""
        return AccountRef(Kind.WALLET, self.currency, self.organization_id)

    @property
    def sales(self) -> AccountRef:
        """Sales of its book."""
        return AccountRef(Kind.SALES, self.currency, subject=self.book)

    @property
    def refunds(self) -> AccountRef:
        """Sales given back."""
        return AccountRef(Kind.REFUNDS, self.currency, subject=self.book)

    @property
    def tax(self) -> AccountRef:
        """Tax of the seller's state."""
        return AccountRef(Kind.TAX, self.currency, subject=self.country)

    @property
    def bank(self) -> AccountRef:
        """Our account."""
        return AccountRef(Kind.BANK, self.currency)


def issued(books: Books, *, booked: int, fresh: int, tax: int) -> list[Posting]:
    """`booked`: net of what the wallet paid or owes already; `fresh`: net of what no one booked yet (usage, fees)."""
    return [
        *_move(books.owed, books.wallet, booked),
        *_move(books.owed, books.sales, fresh),
        *_move(books.owed, books.tax, tax),
    ]


def from_wallet(books: Books, minor: int) -> list[Posting]:
    """The wallet pays of an invoice."""
    return _move(books.wallet, books.owed, minor)


def paid(books: Books, minor: int) -> list[Posting]:
    """A transfer pays of an invoice."""
    return _move(books.bank, books.owed, minor)


def credited(books: Books, *, net: int, tax: int, returned: int) -> list[Posting]:
    """A credit note: the sale is given back. `returned`: what had been paid, which goes into the wallet."""
    back = [*_move(books.refunds, books.owed, net), *_move(books.tax, books.owed, tax)]
    return [*back, *_move(books.owed, books.wallet, returned)]


def undone(books: Books, *, booked: int, fresh: int, tax: int, returned: int) -> list[Posting]:
    """A credit note whose facts are billed again: everything as it was before the invoice."""
    back = [
        *_move(books.wallet, books.owed, booked),
        *_move(books.sales, books.owed, fresh),
        *_move(books.tax, books.owed, tax),
    ]
    return [*back, *_move(books.owed, books.wallet, returned)]


def _move(debit: AccountRef, credit: AccountRef, minor: int) -> list[Posting]:
    """Nothing for nothing; below zero the other way round."""
    if minor == 0:
        return []
    return [Posting(debit, credit, minor) if minor > 0 else Posting(credit, debit, -minor)]
