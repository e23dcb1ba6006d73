"""Wallets below a threshold: told once a crossing, topped up automatically one payment at a time until they are above."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum

from simplane.core import clock, context, events
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import Refusal
from simplane.core.log import logger
from simplane.core.money import Money
from simplane.ledger.models import Wallet
from simplane.payments import starting
from simplane.payments.events import AutoTopUpHeld, WalletLow
from simplane.payments.models import AutoTopUp, TopUp, WalletAlarm
from simplane.payments.states import OPEN

log = logger(__name__)
_WALLET = Wallet.objects.filter(organization=OuterRef("organization"), currency=OuterRef("currency"))


def watch_wallets() -> dict[str, int]:
    """Look at every wallet with an alarm or an automatic top-up. Any number of processes may do this at once."""
    alarms = _with_balance(WalletAlarm.objects.all())
    crossed = alarms.filter(Q(low=False, balance__lt=F("below_minor")) | Q(low=True, balance__gte=F("below_minor")))
    autos = _with_balance(AutoTopUp.objects.filter(enabled=True))
    due = autos.filter(
        Q(armed=True, balance__lt=F("threshold_minor")) | Q(armed=False, balance__gte=F("threshold_minor"))
    )
    return {
        "told": _each(_alarm, crossed.values_list("pk", flat=True)),
        "started": _each(_auto, due.values_list("pk", flat=True)),
    }


def _each(look: Callable[[int], int], pks: Iterable[int]) -> int:
    """One wallet that can not be looked at does not stop those behind it."""
    done = 0
    for pk in pks:
        try:
            done += look(pk)
        except Exception:
            log.exception("wallet.not_watched", look=look.__name__.strip("_"), pk=pk)
    return done


@needs_transaction
def rearm(organization_id: int, currency: str, *, by_rule: bool = False) -> None:
    """Money came in: the next fall below the threshold is a new crossing.

    `by_rule`: an automatic top-up brought it. Where one does not reach the threshold the next follows, up to the cap.
    """
    rows = AutoTopUp.objects.select_for_update(of=("self",)).filter(organization_id=organization_id, currency=currency)
    for row in _with_balance(rows):
        above = row.balance is not None and row.balance >= row.threshold_minor
        if not row.armed and (by_rule or above):
            row.armed, row.problem = True, ""
            row.save(update_fields=["armed", "problem"])


def _with_balance(rows: QuerySet[WalletAlarm] | QuerySet[AutoTopUp]) -> QuerySet[Any]:
    return rows.annotate(balance=Subquery(_WALLET.values("balance_minor")[:1]))


def _alarm(pk: int) -> int:
    with transaction():
        row = _with_balance(WalletAlarm.objects.select_for_update(of=("self",))).get(pk=pk)
        low = row.balance is not None and row.balance < row.below_minor
        if low == row.low:
            return 0
        row.low = low
        row.save(update_fields=["low"])
        if low:
            events.record(
                WalletLow(
                    organization_id=row.organization_id,
                    currency=row.currency,
                    balance_minor=row.balance,
                    below_minor=row.below_minor,
                )
            )
        return int(low)


def _auto(pk: int) -> int:
    """Start one automatic top-up when its wallet is below; the row's lock and `armed` let only one of many do it."""
    with transaction():
        rows = AutoTopUp.objects.select_for_update(of=("self",)).select_related("organization", "card")
        row = _with_balance(rows).get(pk=pk)
        below = row.balance is not None and row.balance < row.threshold_minor
        if not row.enabled or below != row.armed or (below and _under_way(row)):
            return 0
        before, row.problem = row.problem, _held(row) if below else ""
        # What is held stays armed: next month, or with another card, it is due again.
        row.armed = not below or bool(row.problem)
        if row.problem and row.problem != before:
            news = AutoTopUpHeld(organization_id=row.organization_id, currency=row.currency, reason=row.problem)
            events.record(news)
        row.save(update_fields=["armed", "problem"])
        if row.armed:
            return 0
        with context.acting("automatic top-up"):
            starting.automatic(row)
        return 1


def _under_way(row: AutoTopUp) -> bool:
    """Whoever sets a rule again while its payment runs arms it, but the wallet waits for what becomes of that one."""
    made = TopUp.objects.filter(organization_id=row.organization_id, currency=row.currency, method=TopUp.Method.AUTO)
    return made.filter(state__in=OPEN).exists()


def _held(row: AutoTopUp) -> str:
    """Why the top-up that would be due is not made, or empty."""
    if row.card.removed_at is not None:
        return "its card was removed"
    if spent_this_month(row, clock.now()) + row.amount_minor > row.monthly_cap_minor:
        return f"the monthly cap of {Money(row.monthly_cap_minor, row.currency)} is reached"
    try:
        starting.check(row.organization, Money(row.amount_minor, row.currency))
    except Refusal as refusal:
        return refusal.message
    return ""


def spent_this_month(row: AutoTopUp, now: datetime) -> int:
    """What automatic top-ups took, or are about to take, in this calendar month (UTC)."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    made = TopUp.objects.filter(
        organization_id=row.organization_id, currency=row.currency, method=TopUp.Method.AUTO, created_at__gte=first
    ).exclude(state__in=[TopUp.State.FAILED, TopUp.State.EXPIRED])
    return int(made.aggregate(total=Sum("amount_minor"))["total"] or 0)
