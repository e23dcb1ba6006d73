"""Posting several facts in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import connection

from simplane.core import clock, context
from simplane.core.db import needs_transaction
from simplane.ledger.actions.post import Fact, moves_of
from simplane.ledger.chart import Kind
from simplane.ledger.errors import BadPosting, KeyReused
from simplane.ledger.values import Posting


@needs_transaction
def post_many(facts: Sequence[tuple[Fact, Sequence[Posting]]]) -> None:
    """As `post`, for new facts that move no wallet and count now. Raises KeyReused when any was posted before.

    The caller's transaction must then roll back; posted one by one, each says whether it is the same fact.
    """
    if not facts:
        return
    told, moves = [], []
    for fact, postings in facts:
        if any(Kind.WALLET in (one.debit.kind, one.credit.kind) for one in postings):
            raise BadPosting("what moves a wallet is posted by itself", fix="use post")
        about = {"ledger": fact.ledger.value, "key": fact.key}
        told.append({**about, "kind": fact.kind, "subject": fact.subject, "reason": fact.reason[:200]})
        moves += [
            {**about, "account": account, "currency": currency, "minor": minor}
            for account, currency, minor in moves_of(fact.ledger, postings)
        ]
    values: dict[str, Any] = {
        "facts": msgspec.json.encode(told).decode(),
        "moves": msgspec.json.encode(moves).decode(),
        "at": clock.now(),
        "actor": context.actor()[:120],
    }
    with connection.cursor() as cursor:
        cursor.execute(POST_MANY, values)
        (fresh,) = cursor.fetchone()
    if fresh < len(facts):
        raise KeyReused(f"{len(facts) - fresh} of these facts were posted before")


POST_MANY = """
WITH fact AS (
  INSERT INTO ledger_transaction (ledger, kind, key, at, subject, reason, actor, reverses_id)
  SELECT ledger, kind, key, %(at)s, subject, reason, %(actor)s, NULL
  FROM json_to_recordset(%(facts)s::json) AS one (ledger text, kind text, key text, subject text, reason text)
  ON CONFLICT (ledger, key) DO NOTHING RETURNING id, ledger, key
), sides AS (
  INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency, at)
  SELECT fact.id, move.account, move.minor, move.currency, %(at)s
  FROM fact JOIN json_to_recordset(%(moves)s::json)
    AS move (ledger text, key text, account bigint, currency text, minor bigint) USING (ledger, key)
)
SELECT count(*) FROM fact
"""
