"""Giving a top-up back from the console, with four eyes: one person proposes, another one has it done."""

from __future__ import annotations

from simplane.core import audit, clock, context
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.foureyes import require_another
from simplane.core.money import Money
from simplane.payments import refunds
from simplane.payments.errors import NotDecidable, NotRefundable
from simplane.payments.models import RefundProposal, TopUp, TopUpRefund

State = RefundProposal.State


def propose_refund(public_id: str, minor: int, *, reason: str) -> RefundProposal:
    """Ask for a part of a top-up, or all of it, to go back to its payer; nothing moves yet.

    Raises NotFound, NotRefundable (also when another proposal waits), BadTopUp, BadInput without a reason.
    """
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say why; it stands in the ledger")
    with transaction():
        row = TopUp.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
        if row is None:
            raise NotFound("there is no such top-up")
        refunds.check_refundable(row, minor)
        if row.refund_proposals.filter(state=State.WAITING).exists():
            raise NotRefundable("a refund of this top-up waits already", fix="decide on that one first")
        made = RefundProposal.objects.create(
            top_up=row,
            amount_minor=minor,
            reason=reason.strip()[:200],
            proposed_by=context.actor()[:120],
            proposed_at=clock.now(),
        )
        after = {"amount": str(Money(minor, row.currency))}
        audit.note("top_up.refund_proposed", "top_up", row.public_id, after=after, reason=reason)
        return made


def decide_refund(proposal_id: int, *, approve: bool, reason: str) -> RefundProposal:
    """Another person's word: the money leaves the wallet and Stripe is asked at once; or declined (also by who proposed).

    Raises NotFound, NotDecidable, SecondPersonNeeded, BadInput, and what `refund_top_up` raises; then nothing changed.
    """
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say why; it stands in the audit trail")
    with transaction():
        rows = RefundProposal.objects.select_for_update(of=("self",)).select_related("top_up")
        row = rows.filter(pk=proposal_id).first()
        if row is None:
            raise NotFound("there is no such proposal")
        if row.state != State.WAITING:
            raise NotDecidable(f"this refund was {row.state} already", fix="look at the top-up as it is now")
        row.decided_by, row.decided_at, row.decision = context.actor()[:120], clock.now(), reason.strip()[:200]
        row.state = State.DECLINED
        if approve:
            require_another(row.proposed_by, context.actor())
            row.state, row.refund = State.DONE, _begin(row)
        row.save()
        audit.note(f"top_up.refund_{row.state}", "top_up", row.top_up.public_id, reason=reason)
    if row.refund is not None:
        refunds.send(row.refund.pk)
        row.refund.refresh_from_db()
    return row


def _begin(row: RefundProposal) -> TopUpRefund:
    top_up = row.top_up
    reason = f"{row.reason} (proposed by {row.proposed_by})"
    return refunds.begin(top_up.organization_id, top_up.public_id, row.amount_minor, reason=reason[:200])
