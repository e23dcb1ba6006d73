"""The chart of accounts: every kind of account there is, whose side it grows on, and whether it holds a spendable balance.

Amounts are signed: a credit is positive, a debit negative, and the entries of a transaction sum to zero in each
currency. People see a balance on its account's own side: 5.00 owed to a reseller and 5.00 lying at Stripe are both 5.00.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of accounts; an account of a kind exists once an organization, subject and currency."""

    WALLET = "wallet"
    HELD = "held"
    CREDIT = "credit"
    SALES = "sales"
    REFUNDS = "refunds"
    COST = "cost"
    SUPPLIER_FLOAT = "supplier_float"
    CLEARING = "clearing"
    BANK = "bank"
    FEES = "fees"
    TAX = "tax"
    EXCHANGE = "exchange"
    WRITE_OFFS = "write_offs"
    DIFFERENCES = "differences"


class Side(StrEnum):
    """On which side an account normally stands."""

    CREDIT = "credit"
    DEBIT = "debit"


@dataclass(frozen=True, slots=True)
class Rule:
    """What an account of a kind is."""

    side: Side
    meaning: str
    subject: str = ""
    """What `subject` names; empty: such an account has none."""


CHART: dict[Kind, Rule] = {
    Kind.WALLET: Rule(Side.CREDIT, "prepaid money of a reseller; below zero within its credit limit: owed to us"),
    Kind.HELD: Rule(Side.CREDIT, "money of a reseller set aside for orders under way"),
    Kind.CREDIT: Rule(Side.DEBIT, "invoiced to a customer and not paid yet"),
    Kind.SALES: Rule(Side.CREDIT, "what was sold", "book"),
    Kind.REFUNDS: Rule(Side.DEBIT, "sales given back", "book"),
    Kind.COST: Rule(Side.DEBIT, "what suppliers charged", "supplier"),
    Kind.SUPPLIER_FLOAT: Rule(Side.DEBIT, "our prepaid money at a supplier", "supplier"),
    Kind.CLEARING: Rule(Side.DEBIT, "money a payment service or a shop collected and has not paid out yet", "service"),
    Kind.BANK: Rule(Side.DEBIT, "our bank accounts"),
    Kind.FEES: Rule(Side.DEBIT, "fees of payment services and shops", "service"),
    Kind.EXCHANGE: Rule(
        Side.CREDIT, "money that a payment service exchanged: given in one currency, got in another", "service"
    ),
    Kind.TAX: Rule(Side.CREDIT, "tax collected for the state", "country"),
    Kind.WRITE_OFFS: Rule(Side.DEBIT, "money we gave up: disputes lost, debts not paid, goodwill", "reason"),
    Kind.DIFFERENCES: Rule(Side.CREDIT, "what a count showed and nobody can explain yet", "subject"),
}
