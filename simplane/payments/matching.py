"""What lies at Stripe beside what our ledger says lies there."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Q, QuerySet

from simplane.core import clock
from simplane.core.db import transaction
from simplane.ledger import queries as ledger
from simplane.payments import payouts
from simplane.payments.accounts import ledger_of
from simplane.payments.errors import CallFailed
from simplane.payments.gateway import Gateway
from simplane.payments.models import Payout, StripeAccount
from simplane.payments.posting import clearing
from simplane.payments.units import from_stripe


def match_open() -> int:
    """Match again every payout that is not matched or differed; how many were looked at.

    One by hand is named once: Stripe never says more about it, only a person can.
    """
    rows = list(_open().select_related("account"))
    for row in rows:
        with transaction():
            Payout.objects.filter(pk=row.pk, lease_until__isnull=True).update(due_at=clock.now())
        try:
            payouts.step(row.pk)
        except Exception as problem:
            payouts.unread(row.account, row.stripe_id, problem)
    return len(rows)


def match_later() -> int:
    """Have workers do the same; how many payouts it is about."""
    keys = list(_open().values_list("pk", flat=True))
    for pk in keys:
        payouts.match_again(pk)
    return len(keys)


def _open() -> QuerySet[Payout]:
    done = Q(matched_at__isnull=False) & (Q(differences=0) | Q(automatic=False))
    return Payout.objects.exclude(done)


def balances() -> list[dict[str, Any]]:
    """For each account that answers and each of its currencies: minor units there and in our ledger."""
    found = []
    for account in StripeAccount.objects.filter(active=True).order_by("key"):
        try:
            there = _there(account)
        except CallFailed:
            continue
        for currency, minor in sorted(there.items()):
            booked = ledger.balance(clearing(account.key, currency), ledger=ledger_of(account))
            shown = {"account": account.key, "currency": currency, "stripe_minor": minor, "ledger_minor": booked}
            found.append(shown)
    return found


def _there(account: StripeAccount) -> dict[str, int]:
    sums: defaultdict[str, int] = defaultdict(int)
    said = Gateway(account).balance()
    for part in (*said["available"], *said["pending"]):
        money = from_stripe(part["amount"], part["currency"])
        sums[money.currency] += money.minor
    return dict(sums)
