"""Posting about top-ups: every fact under its own key, so that hearing of it again posts nothing."""

from __future__ import annotations

from simplane.core import deadletters
from simplane.core.db import needs_transaction
from simplane.core.money import Money
from simplane.ledger import queries as ledger
from simplane.ledger.actions import post
from simplane.ledger.actions.post import Fact
from simplane.ledger.values import Posting
from simplane.payments import posting
from simplane.payments.accounts import ledger_of
from simplane.payments.models import StripeAccount, TopUp
from simplane.payments.seen import Movement


@needs_transaction
def settle(row: TopUp, gross: Money, movement: Movement) -> None:
    """Post exchange and fee of a fact that is posted; nothing when it has neither. `gross` signed, as Stripe feels it."""
    made = posting.settled(account_of(row).key, gross, movement)
    if made:
        put(row, movement_key(movement.id), "settlement", made)


@needs_transaction
def put(row: TopUp, key: str, kind: str, made: list[Posting], *, reason: str = "", may_overdraw: bool = True) -> None:
    """Post about a top-up. Facts of Stripe's can not be refused, so its wallet may go below zero by them."""
    fact = Fact(kind=kind, key=key, subject=row.public_id, reason=reason, ledger=ledger_of(account_of(row)))
    post(fact, made, may_overdraw=may_overdraw)


def paid_key(public_id: str) -> str:
    """Under which the ledger knows that a top-up was paid."""
    return f"top-up:{public_id}"


def refund_key(public_id: str) -> str:
    """Under which the ledger knows a refund."""
    return f"refund:{public_id}"


def movement_key(movement_id: str) -> str:
    """Under which the ledger knows what settling a balance transaction added."""
    return f"stripe:{movement_id}"


def account_of(row: TopUp) -> StripeAccount:
    """The Stripe account of a top-up that is not by bank."""
    assert row.account is not None
    return row.account


@needs_transaction
def tell_overdrawn(row: TopUp) -> None:
    """A wallet below its credit limit by something that could not be refused is told; new orders are refused anyway."""
    found = next(one for one in ledger.wallets(row.organization_id) if one.currency == row.currency)
    subject = f"{row.organization_id}:{row.currency}"
    if found.available.minor >= 0:
        deadletters.close_letter("wallet", subject, resolution="covered again")
        return
    deadletters.open_letter(
        "wallet",
        subject,
        cause="wallet_overdrawn",
        summary=f"the wallet is {found.available} after {row.public_id} went back to its payer",
        money=Money(-found.available.minor, row.currency),
    )
