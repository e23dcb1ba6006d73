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
from simplane.payments.errors import TopUpHeld
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
    below = Q(balance__lt=F("threshold_minor"))
    due = autos.filter(
        below & (Q(armed=True) | Q(retry_at__lte=clock.now())) | Q(armed=False, balance__gte=F("threshold_minor"))
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
            _arm(row)


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
    with transaction():
        return int(start_one(pk) is not None)


@needs_transaction
def start_one(pk: int, *, asked: bool = False) -> TopUp | None:
    """Start one automatic top-up when its wallet is below; the row's lock and `armed` let only one of many do it.

    `asked`: a person wants it now, whatever was declined before; raises TopUpHeld where the rule would wait.
    """
    rows = AutoTopUp.objects.select_for_update(of=("self",)).select_related("organization", "card")
    row = _with_balance(rows).get(pk=pk)
    if not row.enabled or _under_way(row):
        return None
    if row.balance is None or row.balance >= row.threshold_minor:
        if not row.armed:
            _arm(row)
        return None
    again = row.retry_at is not None and row.retry_at <= clock.now()
    if not (row.armed or again or asked):
        return None
    if held := _held(row):
        if asked:
            raise TopUpHeld(held, fix="change the automatic top-up, or top up by hand")
        _hold_back(row, held)
        return None
    row.armed, row.problem, row.retry_at = False, "", None
    row.save(update_fields=["armed", "problem", "retry_at"])
    with context.acting(context.actor() if asked else "automatic top-up"):
        return starting.automatic(row)


def _hold_back(row: AutoTopUp, why: str) -> None:
    """What is held stays armed: next month, or with another card, it is due again. Told once."""
    if why != row.problem:
        events.record(AutoTopUpHeld(organization_id=row.organization_id, currency=row.currency, reason=why))
    row.armed, row.problem, row.retry_at = True, why, None
    row.save(update_fields=["armed", "problem", "retry_at"])


def _arm(row: AutoTopUp) -> None:
    """The next fall below the threshold is a new one, and what was declined before is forgotten."""
    row.armed, row.problem, row.declined, row.retry_at = True, "", 0, None
    row.save(update_fields=["armed", "problem", "declined", "retry_at"])


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
