"""Transfers that were seen on our bank account: one person enters them, another approves, then the wallet has the money."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError

from simplane.core import audit, clock, context, events
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.core.money import Money
from simplane.ledger.actions import post
from simplane.ledger.actions.post import Fact
from simplane.ledger.actions.wallet import ledger_of
from simplane.organizations.models import Organization, User
from simplane.payments import posting, starting
from simplane.payments.booking import paid_key, tell_overdrawn
from simplane.payments.errors import BadTopUp, FourEyes, NotDecidable
from simplane.payments.events import TopUpSucceeded
from simplane.payments.models import BankTopUp, TopUp
from simplane.payments.watch import rearm


def propose_bank_top_up(
    organization: Organization, money: Money, *, reference: str, received_on: date, by: User
) -> TopUp:
    """Enter a transfer; nothing is in the wallet yet. Raises BadTopUp, BadInput; BadTopUp when it was entered before."""
    reference = " ".join(reference.split())
    if not 3 <= len(reference) <= 140:
        raise BadInput("a transfer needs its reference, 3 to 140 characters", fix="copy it from the bank statement")
    if received_on > clock.now().date():
        raise BadInput("this day has not come yet", fix="enter the day the money arrived")
    starting.check_wallet(organization, money)
    try:
        with transaction():
            row = TopUp.objects.create(
                organization=organization,
                public_id=new_id("top"),
                method=TopUp.Method.BANK,
                state=TopUp.State.AWAITING,
                amount_minor=money.minor,
                currency=money.currency,
                created_at=clock.now(),
                created_by=context.actor()[:120],
            )
            BankTopUp.objects.create(top_up=row, reference=reference, received_on=received_on, proposed_by=by)
            after = {"minor": money.minor, "currency": money.currency, "reference": reference}
            audit.note("bank_top_up.proposed", "top_up", row.public_id, after=after)
    except IntegrityError as error:
        if "bank_top_up_reference" in str(error):
            raise BadTopUp("this transfer was entered before", fix="look for its reference") from error
        raise
    return row


def decide_bank_top_up(public_id: str, *, approve: bool, by: User, note: str = "") -> TopUp:
    """Approve it, which pays it in, or reject it. Raises NotFound, NotDecidable, FourEyes; then nothing changed.

    Who entered it may reject it (a slip of the pen), not approve it.
    """
    with transaction():
        row = TopUp.objects.select_for_update().filter(public_id=public_id, method=TopUp.Method.BANK).first()
        if row is None:
            raise NotFound("there is no such transfer")
        bank = BankTopUp.objects.select_for_update(of=("self",)).get(top_up=row)
        if bank.approved is not None:
            raise NotDecidable(f"this transfer was {'approved' if bank.approved else 'rejected'} already")
        if approve and bank.proposed_by_id == by.pk:
            raise FourEyes(fix="ask somebody else to look at the bank statement")
        bank.approved, bank.decided_by, bank.decided_at, bank.note = approve, by, clock.now(), note[:200]
        bank.save()
        row.state = TopUp.State.SUCCEEDED if approve else TopUp.State.FAILED
        row.problem = "" if approve else note[:300] or "rejected"
        if approve:
            _pay_in(row, bank)
        row.save()
        verb = "approved" if approve else "rejected"
        audit.note(f"bank_top_up.{verb}", "top_up", row.public_id, after={"state": row.state}, reason=note)
    return row


def _pay_in(row: TopUp, bank: BankTopUp) -> None:
    gross = Money(row.amount_minor, row.currency)
    fact = Fact(
        kind="bank_top_up",
        key=paid_key(row.public_id),
        subject=row.public_id,
        reason=bank.reference,
        ledger=ledger_of(row.organization),
    )
    post(fact, posting.bank_in(row.organization_id, gross))
    row.credited_at = clock.now()
    rearm(row.organization_id, row.currency)
    tell_overdrawn(row)
    events.record(
        TopUpSucceeded(
            organization_id=row.organization_id,
            top_up=row.public_id,
            amount_minor=row.amount_minor,
            currency=row.currency,
            method=row.method,
        )
    )
