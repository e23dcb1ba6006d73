"""What people read on bank statements and invoices: money sent to suppliers, payouts of shops, fees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.money import Money
from simplane.ledger.actions.post import Fact, post, reverse
from simplane.ledger.chart import Kind
from simplane.ledger.errors import AlreadyReversed, BadPosting
from simplane.ledger.models import Transaction
from simplane.ledger.values import AccountRef, Posting

BY_HAND = ("supplier_top_up", "payout", "fee")
"""Kinds of transactions that a person wrote and may reverse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierTopUp:
    """Money sent to a supplier. `paid`: what left our bank when that was another currency."""

    supplier: str
    credited: Money
    paid: Money | None = None
    reference: str
    on: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """What a shop or payment service collected and paid out: `gross` left it, `fee` it kept. Nothing but a fee is one too."""

    service: str
    gross: Money
    fee: Money
    reference: str
    on: date
    reason: str = ""


@needs_transaction
def put_supplier_top_up(wanted: SupplierTopUp) -> bool:
    """Bank to supplier float, exchanged where the currencies differ. False: this reference was recorded before."""
    float_ = AccountRef(Kind.SUPPLIER_FLOAT, wanted.credited.currency, subject=wanted.supplier)
    paid = wanted.paid or wanted.credited
    bank = AccountRef(Kind.BANK, paid.currency)
    if paid.currency == wanted.credited.currency:
        if paid != wanted.credited:
            raise BadPosting("the same currency is not exchanged", fix="leave what was paid empty")
        postings = [Posting(float_, bank, paid.minor)]
    else:
        exchange = Kind.EXCHANGE
        postings = [
            Posting(AccountRef(exchange, paid.currency, subject=wanted.supplier), bank, paid.minor),
            Posting(
                float_, AccountRef(exchange, wanted.credited.currency, subject=wanted.supplier), wanted.credited.minor
            ),
        ]
    return _put("supplier_top_up", wanted.supplier, wanted, postings)


@needs_transaction
def put_payout(wanted: Payout) -> bool:
    """Clearing to bank, its fee aside. False: this reference was recorded before."""
    currency, service = wanted.gross.currency, wanted.service
    if wanted.fee.currency != currency:
        raise BadPosting("a payout and its fee have one currency", fix="record the fee by itself")
    if min(wanted.fee.minor, wanted.gross.minor) < 0 or wanted.gross.minor + wanted.fee.minor == 0:
        raise BadPosting("a payout needs an amount or a fee above zero")
    clearing = AccountRef(Kind.CLEARING, currency, subject=service)
    net = wanted.gross.minor - wanted.fee.minor if wanted.gross.minor else 0
    if net < 0:
        raise BadPosting("the fee is more than the payout", fix="record the fee by itself, without a payout")
    postings = []
    if net:
        postings.append(Posting(AccountRef(Kind.BANK, currency), clearing, net))
    if wanted.fee.minor:
        postings.append(Posting(AccountRef(Kind.FEES, currency, subject=service), clearing, wanted.fee.minor))
    kind = "payout" if wanted.gross.minor else "fee"
    return _put(kind, service, wanted, postings)


def record_supplier_top_up(wanted: SupplierTopUp) -> bool:
    """As `put_supplier_top_up`. Raises BadInput, BadPosting, KeyReused, PeriodClosed."""
    with transaction():
        return put_supplier_top_up(wanted)


def record_payouts(wanted: Sequence[Payout]) -> int:
    """All of them or none; returns how many were new. Raises BadInput, BadPosting, KeyReused, PeriodClosed."""
    with transaction():
        return sum(put_payout(one) for one in wanted)


def reverse_by_hand(transaction_id: int, *, reason: str) -> int:
    """Undo what a person wrote; the id of the mirror image. Raises NotFound, BadPosting, AlreadyReversed, BadInput."""
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say why; it stands in the ledger")
    with transaction():
        found = Transaction.objects.filter(pk=transaction_id).first()
        if found is None:
            raise NotFound("there is no such transaction")
        if found.kind not in BY_HAND:
            raise BadPosting(f"a {found.kind} is not reversed by hand", fix="use its own action: refund, adjustment")
        done = reverse(found.pk, key=f"reversal:{found.pk}", reason=reason.strip())
        if not done.fresh:
            raise AlreadyReversed
        audit.note("ledger.reversed", "transaction", found.pk, after={"by": done.transaction_id}, reason=reason)
        return done.transaction_id


@needs_transaction
def _put(kind: str, subject: str, wanted: SupplierTopUp | Payout, postings: Sequence[Posting]) -> bool:
    reference = " ".join(wanted.reference.split())
    if not 1 <= len(reference) <= 60:
        raise BadInput("a reference of 1 to 60 characters is missing", fix="copy it from the statement or invoice")
    fact = Fact(
        kind=kind,
        key=f"{kind}:{subject}:{reference}"[:120],
        subject=subject,
        reason=f"{reference}: {wanted.reason}" if wanted.reason else reference,
        at=_noon(wanted.on),
    )
    done = post(fact, postings)
    if done.fresh:
        amounts = [f"{one.minor} {one.debit.currency} {one.credit.kind} > {one.debit.kind}" for one in postings]
        audit.note(
            f"ledger.{kind}", "transaction", done.transaction_id, after={"postings": amounts}, reason=fact.reason
        )
    return done.fresh


def _noon(on: date) -> datetime:
    """The moment a dated fact counts: noon of its day, today's are now. Raises BadInput for a day to come."""
    now = clock.now()
    if on > now.date():
        raise BadInput(f"{on} is still to come", fix="record it when it has happened")
    return min(datetime.combine(on, time(12), UTC), now)
