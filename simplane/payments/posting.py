"""Which entries a fact of Stripe's makes. Pure: amounts in, postings out.

A payment lies on `clearing` in the currency it was made in. When Stripe settles it in another one, `exchange` takes the
one and gives the other, so that each currency sums to zero on its own.
"""

from __future__ import annotations

from simplane.core.money import Money
from simplane.ledger.chart import Kind
from simplane.ledger.values import AccountRef, Posting
from simplane.payments.seen import Movement


def clearing(service: str, currency: str) -> AccountRef:
    """What lies at this Stripe account."""
    return AccountRef(Kind.CLEARING, currency, subject=service)


def paid_in(organization_id: int, service: str, gross: Money) -> list[Posting]:
    """A payment succeeded: Stripe owes it to us, we owe it to the wallet."""
    return [Posting(clearing(service, gross.currency), wallet(organization_id, gross.currency), gross.minor)]


def given_back(organization_id: int, service: str, gross: Money) -> list[Posting]:
    """A refund, or what a dispute takes: the mirror of `paid_in`."""
    return [Posting(wallet(organization_id, gross.currency), clearing(service, gross.currency), gross.minor)]


def settled(service: str, gross: Money, movement: Movement) -> list[Posting]:
    """What settling adds to a fact that is posted: exchange, and the fee. `gross` signed: positive came to Stripe."""
    made: list[Posting] = []
    if movement.amount.currency != gross.currency:
        made += _moved(clearing(service, gross.currency), _exchange(service, gross.currency), gross.minor)
        there = movement.amount
        made += _moved(_exchange(service, there.currency), clearing(service, there.currency), there.minor)
    fee = movement.fee
    fees = AccountRef(Kind.FEES, fee.currency, subject=service)
    return made + _moved(clearing(service, fee.currency), fees, fee.minor)


def bank_in(organization_id: int, gross: Money) -> list[Posting]:
    """A transfer to our bank for a wallet."""
    return [Posting(AccountRef(Kind.BANK, gross.currency), wallet(organization_id, gross.currency), gross.minor)]


def paid_out(service: str, amount: Money) -> list[Posting]:
    """Stripe sent money to our bank, or took it from there when our balance was below zero: then negative."""
    return _moved(clearing(service, amount.currency), AccountRef(Kind.BANK, amount.currency), amount.minor)


def came_back(service: str, amount: Money) -> list[Posting]:
    """The bank refused a payout."""
    return _moved(AccountRef(Kind.BANK, amount.currency), clearing(service, amount.currency), amount.minor)


def wallet(organization_id: int, currency: str) -> AccountRef:
    """The wallet of an organization."""
    return AccountRef(Kind.WALLET, currency, organization_id)


def _exchange(service: str, currency: str) -> AccountRef:
    return AccountRef(Kind.EXCHANGE, currency, subject=service)


def _moved(source: AccountRef, target: AccountRef, minor: int) -> list[Posting]:
    """Money moves from one account of ours to another: the target is debited. Negative: the other way round."""
    if minor == 0:
        return []
    return [Posting(target, source, minor)] if minor > 0 else [Posting(source, target, -minor)]
