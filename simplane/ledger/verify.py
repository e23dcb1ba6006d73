"""Is the ledger what was once posted? Every problem is named by its row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db import connection

from simplane.ledger.models import Ledger
from simplane.ledger.seal import GENESIS, hash_of, seal_all, sealed

MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems` is empty when the ledger is intact; at most MOST_PROBLEMS are named."""

    transactions: int
    problems: tuple[str, ...]


def verify() -> Verdict:
    """Walk the whole chain, add up everything, compare wallets and holds with their entries."""
    seal_all()
    counted: list[int] = []
    problems = tuple(islice(_problems(counted), MOST_PROBLEMS))
    return Verdict(sum(counted), problems)


def _problems(counted: list[int]) -> Iterator[str]:
    for ledger in Ledger:
        yield from _chain(ledger, counted)
    for wording, query in CHECKS:
        with connection.cursor() as cursor:
            cursor.execute(query)
            for row in cursor.fetchmany(MOST_PROBLEMS):
                yield wording.format(*row)


def _chain(ledger: Ledger, counted: list[int]) -> Iterator[str]:
    """After a broken link the chain goes on from the stored seal, so that every broken row is named, and only those."""
    link, count = GENESIS, 0
    for number, transaction_id, seal, content in sealed(ledger):
        count += 1
        if number != count:
            yield f"{ledger}: seal {count} is missing before transaction {transaction_id}"
            count = number
        if content is None:
            yield f"{ledger}: transaction {transaction_id} (seal {number}) was removed"
        elif hash_of(link, content) != seal:
            yield f"{ledger}: transaction {transaction_id} (seal {number}) was changed, or moved in the order"
        link = seal
    counted.append(count)


CHECKS = (
    (
        "transaction {0} is off by {2} {1}",
        "SELECT transaction_id, currency, sum(amount_minor) FROM ledger_entry"
        " GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0 ORDER BY 1",
    ),
    (
        "transaction {0} has no entries",
        "SELECT id FROM ledger_transaction AS t"
        " WHERE NOT EXISTS (SELECT FROM ledger_entry AS e WHERE e.transaction_id = t.id) ORDER BY 1",
    ),
    (
        "wallet {0} says {1}, its entries say {2}",
        "SELECT w.account_id, w.balance_minor, coalesce(e.total, 0) FROM ledger_wallet AS w LEFT JOIN ("
        "  SELECT account_id, sum(amount_minor) AS total FROM ledger_entry GROUP BY account_id"
        ") AS e ON e.account_id = w.account_id WHERE w.balance_minor <> coalesce(e.total, 0) ORDER BY 1",
    ),
    (
        "wallet {0}: open holds add up to {1}, the entries of its held account to {2}",
        "SELECT w.account_id, coalesce(h.total, 0), coalesce(e.total, 0) FROM ledger_wallet AS w LEFT JOIN ("
        "  SELECT wallet_id, sum(remaining_minor) AS total FROM ledger_hold WHERE state = 'open' GROUP BY wallet_id"
        ") AS h ON h.wallet_id = w.account_id LEFT JOIN ("
        "  SELECT account_id, sum(amount_minor) AS total FROM ledger_entry GROUP BY account_id"
        ") AS e ON e.account_id = w.held_account_id WHERE coalesce(h.total, 0) <> coalesce(e.total, 0) ORDER BY 1",
    ),
    (
        "entry {0} is dated {1}, its transaction {2}",
        "SELECT e.id, e.at, t.at FROM ledger_entry AS e JOIN ledger_transaction AS t ON t.id = e.transaction_id"
        " WHERE e.at <> t.at ORDER BY 1",
    ),
)
