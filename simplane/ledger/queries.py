"""What others ask of the ledger: balances now and then, entries, wallets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from simplane.ledger.models import Account, Entry, Hold, Ledger, Transaction, Wallet
from simplane.ledger.values import AccountRef, WalletState, own_side


def find_account(ref: AccountRef, *, ledger: Ledger = Ledger.LIVE) -> Account | None:
    """The account, unless nothing was ever posted to it."""
    owner = Q(organization__isnull=True) if ref.organization_id is None else Q(organization_id=ref.organization_id)
    found = Account.objects.filter(owner, ledger=ledger, kind=ref.kind, subject=ref.subject, currency=ref.currency)
    return found.first()


def was_posted(key: str, *, ledger: Ledger = Ledger.LIVE) -> bool:
    """Whether this business fact stands in the ledger."""
    return Transaction.objects.filter(ledger=ledger, key=key).exists()


def balance(ref: AccountRef, *, ledger: Ledger = Ledger.LIVE, before: datetime | None = None) -> int:
    """Minor units on the account's own side: all entries, or those dated before a moment."""
    account = find_account(ref, ledger=ledger)
    return 0 if account is None else own_side(ref.kind, _sum(account, before))


def wallets(organization_id: int) -> list[WalletState]:
    """All wallets of an organization."""
    rows = Wallet.objects.filter(organization_id=organization_id).order_by("currency")
    held = dict(
        Hold.objects.filter(wallet__organization_id=organization_id, state=Hold.State.OPEN)
        .values_list("wallet_id")
        .annotate(total=Sum("remaining_minor"))
    )
    return [
        WalletState(row.organization_id, row.currency, row.balance_minor, held.get(row.pk, 0), row.credit_limit_minor)
        for row in rows
    ]


def entries(ref: AccountRef, *, ledger: Ledger = Ledger.LIVE) -> QuerySet[Entry]:
    """The account's entries with their transactions, to be filtered and paged by (at, id). Signed: credit is positive."""
    account = find_account(ref, ledger=ledger)
    rows = Entry.objects.select_related("transaction")
    return rows.filter(account=account) if account else rows.none()


def balances_after(found: Sequence[Entry]) -> dict[int, int]:
    """The balance of a wallet just after each of these entries of it (newest first), by the entries' keys; signed.

    One pass over the index, from the wallet's newest entry to the last of these: what lies further back is not summed.
    """
    if not found:
        return {}
    last = found[-1]
    values: dict[str, Any] = {
        "account": last.account_id,
        "at": last.at,
        "id": last.pk,
        "wanted": [row.pk for row in found],
    }
    with connection.cursor() as cursor:
        cursor.execute(AFTER, values)
        return dict(cursor.fetchall())


AFTER = """
WITH newer AS (
  SELECT id, sum(amount_minor) OVER (ORDER BY at DESC, id DESC) - amount_minor AS minor
  FROM ledger_entry WHERE account_id = %(account)s AND (at, id) >= (%(at)s, %(id)s)
)
SELECT newer.id, (wallet.balance_minor - newer.minor)::bigint
FROM newer JOIN ledger_wallet AS wallet ON wallet.account_id = %(account)s WHERE newer.id = ANY(%(wanted)s)
"""


def _sum(account: Account, before: datetime | None) -> int:
    rows = Entry.objects.filter(account=account)
    if before is not None:
        rows = rows.filter(at__lt=before)
    return int(rows.aggregate(total=Sum("amount_minor"))["total"] or 0)
