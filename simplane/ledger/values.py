"""What crosses the border of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simplane.core.money import Money
from simplane.ledger.chart import CHART, Kind, Side


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account by what it is. `organization_id` None: the operator's own."""

    kind: Kind
    currency: str
    organization_id: int | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Posting:
    """So much is debited to one account and credited to another of the same currency. `minor` is positive.

    A top-up debits the bank and credits the wallet; a sale debits the wallet and credits sales.
    """

    debit: AccountRef
    credit: AccountRef
    minor: int


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction of the ledger. `fresh` is False when this key was posted before, with the same content."""

    transaction_id: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class WalletState:
    """What a customer may spend, in minor units of `currency`."""

    organization_id: int
    currency: str
    balance_minor: int
    held_minor: int
    credit_limit_minor: int

    @property
    def available(self) -> Money:
        """Balance and credit together."""
        return Money(self.balance_minor + self.credit_limit_minor, self.currency)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry as a person reads it. Amounts stand on the account's own side."""

    entry_id: int
    transaction_id: int
    at: datetime
    kind: str
    subject: str
    reason: str
    amount_minor: int
    balance_minor: int


def own_side(kind: Kind, signed_minor: int) -> int:
    """A signed balance as people read it: positive on the account's own side."""
    return signed_minor if CHART[kind].side is Side.CREDIT else -signed_minor
