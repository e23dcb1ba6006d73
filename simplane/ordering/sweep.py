"""The stuck-order sweep: finds what the ordinary course should never leave behind, mends what is safe, names the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q

from simplane.core import clock, jobs
from simplane.core.db import transaction
from simplane.ordering import states
from simplane.ordering.models import Order, OrderLine, Unit
from simplane.ordering.moves import die, finish_order, lock_order

UNKNOWN_PATIENCE = timedelta(hours=1)
PENDING_PATIENCE = timedelta(hours=2)


def stuck_orders() -> dict[str, Any]:
    """Give forgotten units a due time, hand long-unknown ones to a person, close finished orders. Returns the counts."""
    return {
        "forgotten": _forgotten(),
        "to_a_person": _too_long(Unit.State.UNKNOWN, UNKNOWN_PATIENCE, "purchase_unknown")
        + _too_long(Unit.State.PENDING, PENDING_PATIENCE, "supplier_never_answers"),
        "closed": _unclosed(),
    }


def _forgotten() -> int:
    """Units that owe a step and have no due time: must be none; found ones are started again."""
    waiting_for_mail = Unit.State.READY  # its message keeps the due time, or a dead letter its failure
    with_a_person = Q(state=Unit.State.DEAD) & ~Q(purchase__state__in=states.OPEN_PURCHASES)
    with transaction():
        units = list(
            Unit.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(due_at__isnull=True, order__state=Order.State.OPEN)
            .exclude(with_a_person)
            .exclude(state__in=[*states.ENDED, waiting_for_mail])
            .values_list("pk", flat=True)[:1000]
        )
        Unit.objects.filter(pk__in=units).update(due_at=clock.now())
        jobs.enqueue_many("ordering.advance", [{"unit_id": pk} for pk in units])
    return len(units)


def _too_long(state: str, patience: timedelta, cause: str) -> int:
    """What time alone does not settle goes to a person; the purchase keeps its state."""
    now = clock.now()
    unheld = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    stuck = Unit.objects.filter(unheld, state=state, state_at__lt=now - patience)
    found = list(stuck.values_list("pk", flat=True)[:200])
    count = 0
    for pk in found:
        with transaction():
            unit = stuck.select_for_update(of=("self",)).select_related("order", "purchase").filter(pk=pk).first()
            if unit is not None:
                hours = int(patience.total_seconds() // 3600)
                die(unit, cause, f"{state} for more than {hours} h: only a person can settle it")
                count += 1
    return count


def _unclosed() -> int:
    """Open orders that owe nothing any more."""
    owing = Unit.objects.exclude(state__in=states.ENDED).values("order_id")
    unmapped = OrderLine.objects.filter(state=OrderLine.State.NEEDS_MAPPING, wanted__gt=0).values("order_id")
    idle = (
        Order.objects.filter(state=Order.State.OPEN, units__isnull=False)
        .exclude(pk__in=owing)
        .exclude(pk__in=unmapped)
        .distinct()
        .values_list("pk", flat=True)[:1000]
    )
    ids = list(idle)
    for order_id in ids:
        with transaction():
            lock_order(order_id)
            finish_order(order_id)
    return len(ids)
