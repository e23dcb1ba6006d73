"""Giving a top-up back to its payer: only what is still in the wallet, once, whatever becomes of the call."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from simplane.core import audit, clock, work
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.core.log import logger
from simplane.core.money import Money
from simplane.ledger import queries as ledger
from simplane.ledger.errors import InsufficientFunds
from simplane.payments import accounts, refund_rows, step
from simplane.payments.booking import account_of
from simplane.payments.errors import CallBlocked, CallFailed, CallRefused, CallStuck, NotRefundable
from simplane.payments.gateway import Gateway
from simplane.payments.models import TopUp, TopUpRefund
from simplane.payments.seen import REFUND
from simplane.payments.states import IN_WALLET
from simplane.payments.taking_in import recount
from simplane.payments.units import to_stripe

log = logger(__name__)
R = TopUpRefund.State


def refund_top_up(organization_id: int, public_id: str, minor: int, *, reason: str) -> TopUpRefund:
    """Give a part of a top-up, or all of it, back to the card or account it came from. The wallet pays at once.

    Raises NotFound, NotRefundable, InsufficientFunds when the wallet has spent it (credit does not count), BadTopUp.
    """
    with transaction():
        made = begin(organization_id, public_id, minor, reason=reason)
    send(made.pk)
    made.refresh_from_db()
    return made


@needs_transaction
def begin(organization_id: int, public_id: str, minor: int, *, reason: str) -> TopUpRefund:
    """The part of `refund_top_up` before Stripe is asked; `send` asks, by whoever is first."""
    row = _locked(organization_id, public_id)
    check_refundable(row, minor)
    made = refund_rows.begin(row, minor, reason=reason, origin=TopUpRefund.Origin.US)
    _check_left(row)
    recount(row)
    row.save(update_fields=["refunded_minor", "disputed_minor", "state"])
    audit.note("top_up.refunded", "top_up", row.public_id, after={"minor": minor}, reason=reason)
    return made


def _locked(organization_id: int, public_id: str) -> TopUp:
    rows = TopUp.objects.select_for_update(of=("self",)).select_related("account")
    row = rows.filter(organization_id=organization_id, public_id=public_id).first()
    if row is None:
        raise NotFound("there is no such top-up")
    return row


def check_refundable(row: TopUp, minor: int) -> None:
    """Raises NotRefundable, BadTopUp for what can not go back of a top-up, whatever its wallet holds."""
    if row.method == TopUp.Method.BANK:
        raise NotRefundable("a bank transfer is not given back by card", fix="adjust the wallet and send a transfer")
    if row.state not in IN_WALLET or row.state in (TopUp.State.DISPUTED, TopUp.State.LOST):
        raise NotRefundable(f"this top-up is {row.get_state_display()}", fix="only money that came can go back")
    left = row.amount_minor - row.refunded_minor
    if not 0 < minor <= left:
        raise NotRefundable(f"{_money(row, left)} of it are left", fix="give back a positive amount up to that")
    to_stripe(_money(row, minor))


def _check_left(row: TopUp) -> None:
    """Credit pays for orders, not for money that goes out."""
    for one in ledger.wallets(row.organization_id):
        if one.currency == row.currency and one.balance_minor < 0:
            raise InsufficientFunds("the wallet has spent this money", fix="give back what is left of it")


def send(refund_id: int) -> None:
    """Ask Stripe for a refund that is wanted, or find out what an earlier call did. Safe to repeat."""
    refund = work.claim(TopUpRefund, refund_id, seconds=step.LEASE_SECONDS, durable=True)
    if refund is None:
        return
    row = TopUp.objects.select_related("account").get(pk=refund.top_up_id)
    try:
        _send(row, refund)
    except CallFailed as failed:
        log.warning("top_up_refund.not_now", refund=refund.public_id, why=str(failed))
        if isinstance(failed, CallBlocked):
            accounts.blocked(account_of(row), str(failed))
        with transaction():
            TopUpRefund.objects.filter(pk=refund.pk).update(attempts=F("attempts") + 1)
        work.release(refund, due_at=clock.now() + timedelta(seconds=min(900, 5 * 2 ** min(refund.attempts, 8))))


def _send(row: TopUp, refund: TopUpRefund) -> None:
    gateway = Gateway(account_of(row))
    now = clock.now()
    first = refund.sent_at or now
    if refund.sent_at is None:
        with transaction():
            TopUpRefund.objects.filter(pk=refund.pk).update(sent_at=now)
    assert row.intent_id is not None
    try:
        if now - first > step.KEY_LIVES:
            raise CallStuck("its key is too old to be used again")
        params = {
            "payment_intent": row.intent_id,
            "amount": to_stripe(_money(row, refund.amount_minor)),
            "metadata": {REFUND: refund.public_id},
        }
        gateway.create_refund(params, refund.public_id)
    except CallRefused as refused:
        _give_up(row, refund, str(refused))
        return
    except CallStuck as stuck:
        step.look_now(row.pk)
        if _still_wanted(refund):
            if now - first <= step.DOUBT:
                raise
            _give_up(row, refund, str(stuck))
        return
    step.look_now(row.pk)


def _still_wanted(refund: TopUpRefund) -> bool:
    return TopUpRefund.objects.filter(pk=refund.pk, state=R.WANTED).exists()


def _give_up(row: TopUp, refund: TopUpRefund, problem: str) -> None:
    """Nothing went out for certain: the wallet has its money back."""
    with transaction():
        locked = TopUp.objects.select_for_update(of=("self",)).select_related("account").get(pk=row.pk)
        found = TopUpRefund.objects.select_for_update(of=("self",)).get(pk=refund.pk)
        if found.state != R.WANTED:
            return
        refund_rows.take_back(locked, found, problem)
        found.due_at, found.lease_until = None, None
        found.save()
        recount(locked)
        locked.save(update_fields=["refunded_minor", "disputed_minor", "state"])


def _money(row: TopUp, minor: int) -> Money:
    return Money(minor, row.currency)
