"""Posting: one statement writes a transaction, its entries and the wallets they move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection

from simplane.core import clock, context
from simplane.core.db import needs_transaction
from simplane.core.money import Money
from simplane.ledger.accounts import account_ids
from simplane.ledger.chart import Kind
from simplane.ledger.errors import AlreadyReversed, BadPosting, InsufficientFunds, KeyReused, PeriodClosed
from simplane.ledger.models import Entry, Ledger, Transaction, Wallet
from simplane.ledger.values import Posted, Posting

MOST_MINOR = 10**15
"""No single amount is larger; sums stay far inside a bigint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is posted, beside its amounts."""

    kind: str
    key: str
    """The business fact's name; posted at most once in a ledger."""
    subject: str = ""
    reason: str = ""
    ledger: Ledger = Ledger.LIVE
    at: datetime | None = None
    """When it counts; None: now."""
    reverses: int | None = None


@needs_transaction
def post(fact: Fact, postings: Sequence[Posting], *, may_overdraw: bool = False) -> Posted:
    """Move money between accounts, once: the same key with the same content answers what was posted then.

    `may_overdraw`: facts that can not be refused, such as a lost dispute; a wallet may go below its credit limit by
    them. Raises InsufficientFunds, KeyReused, PeriodClosed, BadPosting; the caller's transaction must then roll back.
    """
    moves = moves_of(fact.ledger, postings)
    touched = any(Kind.WALLET in (one.debit.kind, one.credit.kind) for one in postings)
    wallets = _lock_wallets(account for account, _, _ in moves) if touched else {}
    row = _write(fact, moves)
    if row is None:
        return _posted_before(fact, moves)
    _move_wallets(wallets, moves, may_overdraw=may_overdraw)
    return Posted(row, fresh=True)


@needs_transaction
def reverse(transaction_id: int, *, key: str, reason: str) -> Posted:
    """Undo a transaction by its mirror image, dated now. Raises AlreadyReversed."""
    old = Transaction.objects.get(pk=transaction_id)
    if old.reverses_id is not None:
        raise BadPosting("a reversal is not reversed", fix="post the transaction again")
    fact = Fact(
        kind="reversal", key=key, subject=old.subject, reason=reason, ledger=Ledger(old.ledger), reverses=old.pk
    )
    entries = Entry.objects.filter(transaction=old).order_by("id")
    moves = [(entry.account_id, entry.currency, -entry.amount_minor) for entry in entries]
    wallets = _lock_wallets(account for account, _, _ in moves)
    row = _write(fact, moves)
    if row is None:
        return _posted_before(fact, moves)
    _move_wallets(wallets, moves, may_overdraw=True)
    return Posted(row, fresh=True)


Move = tuple[int, str, int]
"""Account, currency, signed amount."""


def moves_of(ledger: str, postings: Sequence[Posting]) -> list[Move]:
    """The entries of these postings; accounts are opened where they are new. Raises BadPosting."""
    if not postings:
        raise BadPosting("a transaction needs a posting")
    refs = [ref for one in postings for ref in (one.debit, one.credit)]
    ids = account_ids(ledger, refs)
    moves: list[Move] = []
    for one in postings:
        if not 0 < one.minor <= MOST_MINOR:
            raise BadPosting(f"{one.minor} can not be posted", fix="amounts are positive; swap debit and credit")
        if one.debit.currency != one.credit.currency:
            raise BadPosting(f"{one.debit.currency} does not become {one.credit.currency} by posting")
        moves.append((ids[one.debit], one.debit.currency, -one.minor))
        moves.append((ids[one.credit], one.credit.currency, one.minor))
    return moves


def _lock_wallets(accounts: Iterable[int]) -> dict[int, Wallet]:
    """Always in the order of their ids, or two transactions over the same wallets wait for each other for ever."""
    rows = Wallet.objects.select_for_update().filter(pk__in=set(accounts)).order_by("pk")
    return {row.pk: row for row in rows}


def _write(fact: Fact, moves: Sequence[Move]) -> int | None:
    at = fact.at or clock.now()
    values: dict[str, Any] = {
        "ledger": fact.ledger.value,
        "kind": fact.kind,
        "key": fact.key,
        "at": at,
        "subject": fact.subject,
        "reason": fact.reason[:200],
        "actor": context.actor()[:120],
        "reverses": fact.reverses,
        "accounts": [account for account, _, _ in moves],
        "currencies": [currency for _, currency, _ in moves],
        "amounts": [minor for _, _, minor in moves],
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(POST, values)
            row = cursor.fetchone()
    except IntegrityError as error:
        raise _told(error) from error
    return None if row is None else int(row[0])


def _told(error: IntegrityError) -> Exception:
    """The name of the broken rule says which refusal it is."""
    rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
    if rule == "period_closed":
        return PeriodClosed(fix="post it with today's date, or have the month opened again")
    if "reverses" in rule:
        return AlreadyReversed()
    return error


def _posted_before(fact: Fact, moves: Sequence[Move]) -> Posted:
    known = Transaction.objects.get(ledger=fact.ledger, key=fact.key)
    rows = Entry.objects.filter(transaction=known).values_list("account_id", "currency", "amount_minor")
    same = (known.kind, known.subject, known.reverses_id) == (fact.kind, fact.subject, fact.reverses)
    if not same or sorted(rows) != sorted(moves):
        raise KeyReused(f"{fact.key} was posted before with another content")
    return Posted(known.pk, fresh=False)


def _move_wallets(wallets: dict[int, Wallet], moves: Sequence[Move], *, may_overdraw: bool) -> None:
    sums: defaultdict[int, int] = defaultdict(int)
    for account, _, minor in moves:
        if account in wallets:
            sums[account] += minor
    for account, minor in sums.items():
        with connection.cursor() as cursor:
            cursor.execute(MOVE_WALLET, {"account": account, "minor": minor, "force": may_overdraw or minor >= 0})
            if cursor.rowcount == 0:
                raise short(wallets[account], -minor)


def short(wallet: Wallet, needed_minor: int) -> InsufficientFunds:
    """The refusal with what there is and what it takes."""
    available = Money(wallet.balance_minor + wallet.credit_limit_minor, wallet.currency)
    return InsufficientFunds(
        f"{Money(needed_minor, wallet.currency)} needed, {available} available", fix="top up the wallet, then try again"
    )


POST = """
WITH fact AS (
  INSERT INTO ledger_transaction (ledger, kind, key, at, subject, reason, actor, reverses_id)
  VALUES (%(ledger)s, %(kind)s, %(key)s, %(at)s, %(subject)s, %(reason)s, %(actor)s, %(reverses)s)
  ON CONFLICT (ledger, key) DO NOTHING RETURNING id
), sides AS (
  INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency, at)
  SELECT fact.id, move.account, move.minor, move.currency, %(at)s
  FROM fact, unnest(%(accounts)s::bigint[], %(amounts)s::bigint[], %(currencies)s::text[])
    AS move (account, minor, currency)
)
SELECT id FROM fact
"""
MOVE_WALLET = """
UPDATE ledger_wallet SET balance_minor = balance_minor + %(minor)s
WHERE account_id = %(account)s AND (%(force)s OR balance_minor + credit_limit_minor + %(minor)s >= 0)
"""
