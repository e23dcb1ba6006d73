"""Finding accounts, and opening them on first use. Their rows never change, so a process remembers their ids."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Any

from django.db import connection, transaction

from simplane.core.db import needs_transaction
from simplane.core.money import precision
from simplane.ledger.chart import CHART, Kind
from simplane.ledger.errors import BadPosting
from simplane.ledger.values import AccountRef

_ids: dict[tuple[str, AccountRef], int] = {}


@needs_transaction
def account_ids(ledger: str, wanted: Iterable[AccountRef]) -> dict[AccountRef, int]:
    """Ids of these accounts, opened where they are new. Raises BadPosting for one the chart does not know."""
    found = {}
    for ref in dict.fromkeys(wanted):
        known = _ids.get((ledger, ref))
        found[ref] = known if known is not None else _open(ledger, ref)
    return found


def forget() -> None:
    """Nothing remembered is true any more (another database)."""
    _ids.clear()


def _open(ledger: str, ref: AccountRef) -> int:
    _check(ref)
    row = {**_columns(ref), "ledger": ledger}
    with connection.cursor() as cursor:
        cursor.execute(FIND, row)
        found = cursor.fetchone()
        if found is None:
            cursor.execute(OPEN, row)
            cursor.execute(FIND, row)
            found = cursor.fetchone()
            if ref.kind is Kind.WALLET:
                held = _open(ledger, AccountRef(Kind.HELD, ref.currency, ref.organization_id))
                cursor.execute(OPEN_WALLET, {**row, "account": found[0], "held": held})
    pk = int(found[0])
    # Only what is committed may be remembered: a transaction that is undone takes the accounts it opened with it.
    transaction.on_commit(partial(_ids.setdefault, (ledger, ref), pk))
    return pk


def _columns(ref: AccountRef) -> dict[str, Any]:
    return {
        "organization": ref.organization_id,
        "kind": ref.kind.value,
        "subject": ref.subject,
        "currency": ref.currency,
    }


@lru_cache(maxsize=4096)
def _check(ref: AccountRef) -> None:
    rule = CHART[ref.kind]
    precision(ref.currency)
    if bool(ref.subject) != bool(rule.subject):
        raise BadPosting(f"a {ref.kind} account {'names its ' + rule.subject if rule.subject else 'has no subject'}")
    if ref.kind in (Kind.WALLET, Kind.HELD, Kind.CREDIT) and ref.organization_id is None:
        raise BadPosting(f"a {ref.kind} account belongs to a customer")


FIND = """
SELECT id FROM ledger_account
WHERE ledger = %(ledger)s AND organization_id IS NOT DISTINCT FROM %(organization)s
  AND kind = %(kind)s AND subject = %(subject)s AND currency = %(currency)s
"""
OPEN = """
INSERT INTO ledger_account (ledger, organization_id, kind, subject, currency)
VALUES (%(ledger)s, %(organization)s, %(kind)s, %(subject)s, %(currency)s) ON CONFLICT DO NOTHING
"""
OPEN_WALLET = """
INSERT INTO ledger_wallet (account_id, held_account_id, organization_id, currency, balance_minor, credit_limit_minor)
VALUES (%(account)s, %(held)s, %(organization)s, %(currency)s, 0, 0) ON CONFLICT DO NOTHING
"""
