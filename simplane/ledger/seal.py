"""The hash chain of a ledger. Sealing runs after commit, so that postings never wait for each other (docs/adr/0013).

A seal is SHA-256 over the seal before it and everything of a transaction, so a transaction that was changed, removed
or moved to another place no longer fits its seal or the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from django.db import connection

from simplane.core.db import transaction
from simplane.ledger.models import Ledger, Seal

GENESIS = b"\0" * 32
BATCH = 5_000
_LOCK = 0x6C656467  # one sealer at a time


def seal_all() -> int:
    """Chain every transaction committed so far; returns how many were new."""
    return sum(_seal_ledger(ledger) for ledger in Ledger)


def _seal_ledger(ledger: Ledger) -> int:
    count = 0
    while done := _seal_batch(ledger):
        count += done
    return count


def _seal_batch(ledger: Ledger) -> int:
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = Seal.objects.filter(ledger=ledger).order_by("-number").values_list("number", "hash").first()
        number, link = (0, GENESIS) if last is None else (last[0], bytes(last[1]))
        cursor.execute(UNSEALED, {"ledger": ledger.value, "most": BATCH})
        made = []
        for row in cursor.fetchall():
            number, link = number + 1, hash_of(link, row)
            made.append(Seal(transaction_id=row[0], ledger=ledger, number=number, hash=link))
        Seal.objects.bulk_create(made)
        return len(made)


def hash_of(before: bytes, content: Sequence[Any]) -> bytes:
    """The seal of a transaction's content (a row of CONTENT) after the seal `before`."""
    return hashlib.sha256(before + msgspec.json.encode(content)).digest()


def sealed(ledger: Ledger) -> Iterator[tuple[int, int, bytes, Sequence[Any] | None]]:
    """Number, transaction id, seal and content (None: the transaction is gone) of the whole chain in its order."""
    with transaction(), connection.connection.cursor(name="ledger_chain") as cursor:
        cursor.itersize = BATCH
        cursor.execute(CHAIN, {"ledger": ledger.value})
        for number, transaction_id, seal, *content in cursor:
            yield number, transaction_id, bytes(seal), None if content[0] is None else content


# `at` as whole microseconds and the entries as a text, so that no driver's or server's setting changes the bytes.
CONTENT = """
  t.id, t.ledger, t.kind, t.key, (extract(epoch FROM t.at) * 1000000)::bigint, t.subject, t.reason, t.actor, t.reverses_id,
  (SELECT string_agg(concat_ws(':', e.id, e.account_id, e.amount_minor, e.currency,
     (extract(epoch FROM e.at) * 1000000)::bigint), ' ' ORDER BY e.id)
   FROM ledger_entry AS e WHERE e.transaction_id = t.id)
"""
UNSEALED = f"""
SELECT {CONTENT} FROM ledger_transaction AS t
WHERE t.ledger = %(ledger)s AND NOT EXISTS (SELECT FROM ledger_seal AS s WHERE s.transaction_id = t.id)
ORDER BY t.id LIMIT %(most)s
"""  # noqa: S608
CHAIN = f"""
SELECT s.number, s.transaction_id, s.hash, {CONTENT}
FROM ledger_seal AS s LEFT JOIN ledger_transaction AS t ON t.id = s.transaction_id
WHERE s.ledger = %(ledger)s ORDER BY s.number
"""  # noqa: S608
