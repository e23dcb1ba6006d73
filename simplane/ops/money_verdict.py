"""The count after `simplane chaos --money`: what the journals say was done against what stands in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from simplane.ledger.verify import verify

MOST_NAMED = 20


@dataclass(slots=True)
class Counted:
    """`wrong`: a line for each thing that must not be."""

    operations: int = 0
    done: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    transactions: int = 0
    wrong: list[str] = field(default_factory=list)


def count(journals: list[Path], share: int) -> Counted:
    """Read the journals, verify the ledger, compare."""
    counted = Counted()
    expected: set[str] = set()
    for journal in journals:
        expected |= _read(journal, share, counted)
    found = _keys(STORM)
    counted.wrong += [
        f"{key} was acknowledged and is not in the ledger" for key in sorted(expected - found)[:MOST_NAMED]
    ]
    counted.wrong += [f"{key} is in the ledger and nobody did it" for key in sorted(found - expected)[:MOST_NAMED]]
    verdict = verify()
    counted.transactions = verdict.transactions
    counted.wrong += verdict.problems
    counted.wrong += [f"wallet {key} was below its credit limit" for key in sorted(_keys(OVERDRAWN))]
    counted.wrong += [f"order {key} has no hold or no stored answer of its own" for key in sorted(_keys(HALF_ORDERS))]
    return counted


def _read(journal: Path, share: int, counted: Counted) -> set[str]:
    done: set[str] = set()
    lines = journal.read_text().splitlines()
    for place, line in enumerate(lines):
        number, outcome, key = line.split(" ", 2)
        if int(number) != place:
            counted.wrong.append(f"{journal.name}: line {place} is deed {number}")
        if outcome == "done":
            done.add(key)
        else:
            counted.refused[outcome] = counted.refused.get(outcome, 0) + 1
    if len(lines) != share:
        counted.wrong.append(f"{journal.name}: {len(lines)} of {share} deeds")
    counted.operations += len(lines)
    counted.done += len(done)
    return done


def _keys(query: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {str(row[0]) for row in cursor.fetchall()}


STORM = r"SELECT key FROM ledger_transaction WHERE key ~ '^(hold:|hold:ord_)?m\d+-\d+(:|$)'"
# The wallet's row is locked before its entries are numbered, so their order is the order in which they counted.
OVERDRAWN = """
SELECT DISTINCT one.account_id FROM (
  SELECT e.account_id, sum(e.amount_minor) OVER (PARTITION BY e.account_id ORDER BY e.id) AS balance
  FROM ledger_entry AS e
) AS one JOIN ledger_wallet AS w ON w.account_id = one.account_id WHERE one.balance + w.credit_limit_minor < 0
"""
HALF_ORDERS = """
SELECT o.public_id FROM ordering_order AS o
WHERE (SELECT count(*) FROM ledger_hold AS h WHERE h.key = o.public_id AND h.amount_minor = o.total_minor) <> 1
   OR (SELECT count(*) FROM core_storedanswer AS s WHERE s.organization_id = o.organization_id AND s.status = 201
         AND s.body::jsonb ->> 'id' = o.public_id) <> 1
"""
