"""Correcting a wallet by hand, with four eyes: one person proposes, another one posts."""

from __future__ import annotations

from simplane.core import audit, clock, context
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.foureyes import require_another
from simplane.core.money import Money
from simplane.ledger.actions.post import MOST_MINOR, Fact, post
from simplane.ledger.chart import Kind
from simplane.ledger.errors import BadPosting
from simplane.ledger.models import Adjustment, Ledger, Wallet
from simplane.ledger.values import AccountRef, Posting

State, Cause = Adjustment.State, Adjustment.Cause


def propose_adjustment(wallet: Wallet, minor: int, *, cause: str, reason: str) -> Adjustment:
    """Ask for a correction; nothing is posted yet. Raises BadPosting, BadInput."""
    if not 0 < abs(minor) <= MOST_MINOR:
        raise BadPosting(f"{Money(minor, wallet.currency)} is no correction", fix="an amount above or below zero")
    if cause not in Cause.values:
        raise BadInput(f"{cause!r} is no cause", fix=f"one of {', '.join(Cause.values)}")
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say why; it stands in the ledger")
    with transaction():
        row = Adjustment.objects.create(
            wallet=wallet,
            amount_minor=minor,
            cause=cause,
            reason=reason.strip()[:200],
            proposed_by=context.actor()[:120],
            proposed_at=clock.now(),
        )
        _note("adjustment.proposed", row, reason)
        return row


def decide_adjustment(adjustment_id: int, *, approve: bool, reason: str) -> Adjustment:
    """Another person's word: posted at once, or declined (also by who proposed it).

    Raises SecondPersonNeeded, BadInput, NotFound, and InsufficientFunds when the wallet does not hold what is taken.
    """
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say why; it stands in the audit trail")
    with transaction():
        rows = Adjustment.objects.select_for_update(of=("self",)).select_related(
            "wallet__account", "wallet__organization"
        )
        row = rows.filter(pk=adjustment_id).first()
        if row is None:
            raise NotFound("there is no such correction")
        if row.state != State.WAITING:
            raise BadInput(f"this correction was {row.state} already", fix="look at the wallet as it is now")
        row.decided_by, row.decided_at, row.decision = context.actor()[:120], clock.now(), reason.strip()[:200]
        row.state = State.DECLINED
        if approve:
            require_another(row.proposed_by, context.actor())
            row.transaction_id, row.state = _post(row), State.POSTED
        row.save(update_fields=["state", "decided_by", "decided_at", "decision", "transaction"])
        _note(f"adjustment.{row.state}", row, reason)
        return row


@needs_transaction
def _post(row: Adjustment) -> int:
    currency = row.wallet.currency
    wallet = AccountRef(Kind.WALLET, currency, row.wallet.organization_id)
    kind = Kind.DIFFERENCES if row.cause == Cause.CORRECTION else Kind.WRITE_OFFS
    other = AccountRef(kind, currency, subject=row.cause)
    sides = (other, wallet) if row.amount_minor > 0 else (wallet, other)
    fact = Fact(
        kind="adjustment",
        key=f"adjustment:{row.pk}",
        reason=f"{row.reason} (proposed by {row.proposed_by})",
        ledger=Ledger(row.wallet.account.ledger),
    )
    return post(fact, [Posting(*sides, abs(row.amount_minor))]).transaction_id


def _note(action: str, row: Adjustment, reason: str) -> None:
    after = {"amount": str(Money(row.amount_minor, row.wallet.currency)), "cause": row.cause, "adjustment": row.pk}
    audit.note(action, "organization", row.wallet.organization.slug, after=after, reason=reason)
