"""Payouts: posted when the bank has them, then matched with the ledger, movement by movement. Every difference is named."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Sum

from simplane.core import clock, deadletters, jobs, work
from simplane.core.db import needs_transaction, transaction
from simplane.core.log import logger
from simplane.core.money import Money
from simplane.ledger import queries as ledger
from simplane.ledger.actions import post
from simplane.ledger.actions.post import Fact
from simplane.payments import accounts, posting
from simplane.payments import step as step_top_up
from simplane.payments.booking import movement_key, paid_key, refund_key
from simplane.payments.errors import CallBlocked, CallFailed
from simplane.payments.gateway import Gateway
from simplane.payments.models import Dispute, Payout, PayoutLine, StripeAccount, TopUp, TopUpRefund
from simplane.payments.refund_rows import back_key
from simplane.payments.seen import TOP_UP
from simplane.payments.units import from_stripe

log = logger(__name__)
Json = dict[str, Any]
LEASE_SECONDS = 300.0
PAID, FAILED = "paid", ("failed", "canceled")
CHARGES, REFUNDS = ("charge", "payment"), ("refund", "payment_refund")
MOST_MATCHES = 5
"""Over about a day; then only a person's wish compares again."""
BY_HAND = "paid out by hand: Stripe does not name its movements"
UNREAD = "payout_unread"
"""Letters about payouts that could not be posted or compared; those of `payout` are about what differs."""


def read(account_id: int, payout_id: str) -> None:
    """Take in what Stripe says about a payout, then match it. Raises CallFailed."""
    account = StripeAccount.objects.get(pk=account_id)
    found = Gateway(account).payout(payout_id)
    step(keep(account, found))


def keep(account: StripeAccount, found: Json) -> int:
    """Write a payout as Stripe describes it, post it when it is over, and have it matched; its id."""
    amount = from_stripe(found["amount"], found["currency"])
    fields = {
        "account": account,
        "status": found["status"],
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "automatic": bool(found.get("automatic")),
        "arrives_on": datetime.fromtimestamp(found["arrival_date"], UTC).date(),
    }
    with transaction():
        made = {**fields, "created_at": datetime.fromtimestamp(found["created"], UTC), "due_at": clock.now()}
        row, fresh = Payout.objects.select_for_update(of=("self",)).get_or_create(stripe_id=found["id"], defaults=made)
        if not fresh and row.status != found["status"]:
            Payout.objects.filter(pk=row.pk).update(**fields, due_at=clock.now(), lease_until=None)
            row.refresh_from_db()
        _book(row)
    return row.pk


def unread(account: StripeAccount, payout_id: str, problem: Exception) -> None:
    """It could not be posted or compared: a person is told, others go on. To be called where the problem is caught."""
    log.exception("payout.unread", payout=payout_id)
    with transaction():
        deadletters.open_letter(
            UNREAD,
            payout_id,
            cause="payout_unread",
            summary=f"{payout_id}: {type(problem).__name__}: {problem}"[:500],
            detail={"account": account.pk},
        )


@needs_transaction
def _book(row: Payout) -> None:
    """One that failed went out and came back: its two movements are in the reports as well."""
    if row.amount_minor == 0:
        return
    amount, books = Money(row.amount_minor, row.currency), accounts.ledger_of(row.account)
    if row.status == PAID or row.status in FAILED:
        fact = Fact(kind="payout", key=payout_key(row.stripe_id), subject=row.stripe_id, ledger=books)
        post(fact, posting.paid_out(row.account.key, amount))
    if row.status in FAILED:
        fact = Fact(kind="payout_failed", key=failed_key(row.stripe_id), subject=row.stripe_id, ledger=books)
        post(fact, posting.came_back(row.account.key, amount))


def step(payout_id: int) -> None:
    """Match a payout that is over; ask again about one that is on its way. Safe to repeat."""
    row = work.claim(Payout, payout_id, seconds=LEASE_SECONDS)
    if row is None:
        return
    due: datetime | None = None
    try:
        gateway = Gateway(row.account)
        if row.status == PAID or row.status in FAILED:
            due = _match(row, gateway)
        else:
            due = clock.now() + timedelta(hours=12)
            fresh = gateway.payout(row.stripe_id)
            if fresh["status"] != row.status:
                keep(row.account, fresh)
                due = clock.now()
    except CallFailed as failed:
        log.warning("payout.not_now", payout=row.stripe_id, why=str(failed))
        if isinstance(failed, CallBlocked):
            accounts.blocked(row.account, str(failed))
        due = clock.now() + timedelta(seconds=min(3600, 30 * 2 ** min(row.attempts, 8)))
        with transaction():
            Payout.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)
    work.release(row, due_at=due)


def match_again(payout_id: int) -> None:
    """Compare once more, by a job."""
    with transaction():
        Payout.objects.filter(pk=payout_id).update(due_at=clock.now(), lease_until=None, attempts=0)
        jobs.enqueue("payments.payout", payout_id=payout_id)


def settle(stripe_id: str) -> None:
    """A person knows what a payout by hand was: it counts as a difference no more."""
    with transaction():
        Payout.objects.filter(stripe_id=stripe_id, automatic=False).update(differences=0, problem="")


def _match(row: Payout, gateway: Gateway) -> datetime | None:
    """Compare and tell; when to compare again: what differs now may be on its way to us."""
    movements = gateway.movements_of(row.stripe_id) if row.automatic else []
    lines = [_line(row, one) for one in movements]
    wrong = [one["source"] for one, line in zip(movements, lines, strict=True) if line.difference]
    if _refresh(row, wrong):
        lines = [_line(row, one) for one in movements]
    problem = _whole(row, lines)
    wrong = [one for one in lines if one.difference]
    with transaction():
        PayoutLine.objects.filter(payout=row).delete()
        PayoutLine.objects.bulk_create(lines)
        Payout.objects.filter(pk=row.pk).update(
            matched_at=clock.now(),
            differences=len(wrong) + bool(problem),
            problem=problem,
            attempts=row.attempts + 1,
        )
        _tell(row, problem, wrong)
        deadletters.close_letter(UNREAD, row.stripe_id, resolution="taken in")
    again = bool(wrong) and row.attempts < MOST_MATCHES
    return clock.now() + timedelta(hours=2**row.attempts) if again else None


def _line(row: Payout, one: Json) -> PayoutLine:
    currency = one["currency"]
    keys, top_up = _facts(one)
    net = from_stripe(one["net"], currency)
    booked = _booked(row, keys)
    difference = "" if booked == net.minor else f"Stripe says {net}, our ledger {Money(booked, net.currency)}"
    return PayoutLine(
        payout=row,
        stripe_id=one["id"],
        kind=one["type"],
        source=_source(one),
        amount_minor=from_stripe(one["amount"], currency).minor,
        fee_minor=from_stripe(one["fee"], currency).minor,
        net_minor=net.minor,
        booked_minor=booked,
        top_up=top_up,
        difference=difference,
    )


def _source(one: Json) -> str:
    return str((one.get("source") or {}).get("id") or "")


def _facts(one: Json) -> tuple[list[str], TopUp | None]:
    """Under which keys our ledger knows a movement, and whose it is."""
    kind, source, settled = one["type"], _source(one), movement_key(one["id"])
    if kind in CHARGES:
        top_up = TopUp.objects.filter(charge_id=source).first()
        return ([paid_key(top_up.public_id)] if top_up else []) + [settled], top_up
    if kind in (*REFUNDS, "refund_failure"):
        refund = TopUpRefund.objects.select_related("top_up").filter(stripe_id=source).first()
        key = back_key if kind == "refund_failure" else refund_key
        return ([key(refund.public_id)] if refund else []) + [settled], refund.top_up if refund else None
    if kind == "payout":
        return [payout_key(source)], None
    if kind == "payout_failure":
        return [failed_key(source)], None
    dispute = Dispute.objects.select_related("top_up").filter(stripe_id=source).first()
    return [settled], dispute.top_up if dispute else None


def _booked(row: Payout, keys: list[str]) -> int:
    """What these facts moved on our clearing account, as Stripe would sign it."""
    account = posting.clearing(row.account.key, row.currency)
    found = ledger.entries(account, ledger=accounts.ledger_of(row.account)).filter(transaction__key__in=keys)
    return -int(found.aggregate(total=Sum("amount_minor"))["total"] or 0)


def _refresh(row: Payout, sources: Iterable[Json | None]) -> bool:
    """Before anything is called a difference: is our picture of that top-up only old?"""
    looked: set[int] = set()
    for source in sources:
        top_up = _whose(row, source or {})
        if top_up is not None and top_up.pk not in looked:
            looked.add(top_up.pk)
            # One that can not be looked at now stays a difference until the next comparison.
            with suppress(CallFailed):
                step_top_up.look_now(top_up.pk)
    return bool(looked)


def _whose(row: Payout, source: Json) -> TopUp | None:
    intent, named = source.get("payment_intent"), (source.get("metadata") or {}).get(TOP_UP)
    rows = TopUp.objects.filter(account=row.account)
    if not intent:
        return None
    return rows.filter(intent_id=intent).first() or (rows.filter(public_id=named).first() if named else None)


def _whole(row: Payout, lines: list[PayoutLine]) -> str:
    if not row.automatic:
        settled = row.matched_at is not None and row.differences == 0
        return "" if settled else BY_HAND
    amount = Money(row.amount_minor, row.currency)
    rest = sum(one.net_minor for one in lines if one.kind != "payout")
    return "" if rest == row.amount_minor else f"{amount} went out, its movements add up to {Money(rest, row.currency)}"


def _tell(row: Payout, problem: str, wrong: list[PayoutLine]) -> None:
    if not problem and not wrong:
        deadletters.close_letter("payout", row.stripe_id, resolution="matches")
        return
    named = [f"{one.kind} {one.source or one.stripe_id}: {one.difference}" for one in wrong]
    deadletters.open_letter(
        "payout",
        row.stripe_id,
        cause="payout_difference",
        summary=f"{row.stripe_id}: {'; '.join([problem, *named] if problem else named)}"[:500],
        detail={"payout": row.pk, "differences": named},
        money=Money(abs(sum(one.net_minor - one.booked_minor for one in wrong)), row.currency),
    )


def payout_key(stripe_id: str) -> str:
    """Under which the ledger knows a payout."""
    return f"payout:{stripe_id}"


def failed_key(stripe_id: str) -> str:
    """Under which the ledger knows that a payout came back."""
    return f"payout:{stripe_id}:failed"
