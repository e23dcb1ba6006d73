"""What the ledger says about one thing: the transactions that name it, each with its entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from simplane.ledger.models import Entry, Ledger, Transaction


@dataclass(frozen=True, slots=True)
class Posting:
    """A transaction and its entries; of each the debit and the credit in minor units, one of them 0."""

    fact: Transaction
    entries: tuple[tuple[Entry, int, int], ...]


def postings_about(subject: str, ledger: Ledger) -> list[Posting]:
    """Everything posted under this subject, oldest first."""
    rows = Transaction.objects.filter(subject=subject, ledger=ledger).order_by("pk")
    entries = Prefetch("entries", Entry.objects.select_related("account__organization").order_by("pk"))
    return [_posting(fact, fact.entries.all()) for fact in rows.prefetch_related(entries)]


def _posting(fact: Transaction, entries: Iterable[Entry]) -> Posting:
    return Posting(fact, tuple((one, max(-one.amount_minor, 0), max(one.amount_minor, 0)) for one in entries))
