"""What a monthly invoice says. Kept as JSON with the invoice, so that it says the same for ever."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Party:
    """Who wrote it, or to whom."""

    name: str
    country: str = ""
    vat_id: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """So many eSIMs of a plan at one price; `back`: given back. Minor units of the invoice's currency."""

    sku: str
    name: str
    count: int
    each_minor: int
    back: bool = False

    @property
    def total_minor(self) -> int:
        """What the line adds to the invoice: below zero for what was given back."""
        return self.count * self.each_minor * (-1 if self.back else 1)


@dataclass(frozen=True, slots=True)
class Movement:
    """What else moved the account's money in the month: kinds of the ledger's transactions, and their sum."""

    kind: str
    minor: int


@dataclass(frozen=True, slots=True)
class Content:
    """A month of an account's money, what is set aside for orders included: opening + movements - net = closing."""

    seller: Party
    buyer: Party
    lines: tuple[Line, ...] = ()
    movements: tuple[Movement, ...] = field(default=())
    opening_minor: int = 0
    closing_minor: int = 0
    held_minor: int = 0
    """Of the closing balance, set aside for orders under way."""

    @property
    def net_minor(self) -> int:
        """What the lines sum to."""
        return sum(one.total_minor for one in self.lines)
