"""A person's word on what a reseller wants to give back, when its supplier neither takes it nor says no."""

from __future__ import annotations

from simplane.core import audit, clock, deadletters
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.delivery.links import revoke_unit_links
from simplane.ordering.actions.compensate import stays_sold
from simplane.ordering.actions.operate import NotNow
from simplane.ordering.models import Compensation, Unit
from simplane.ordering.moves import end, lock_order
from simplane.ordering.states import ASKED

State = Compensation.State


def pay_back_anyway(compensation_id: int, reason: str) -> None:
    """The reseller gets its price back, whatever the supplier does: our loss. Raises NotFound, NotNow."""
    with transaction():
        unit = _decided(compensation_id, f"paid back by us: {reason}")
        revoke_unit_links(unit.pk, reason=ASKED)
        end(unit, Unit.State.CANCELLED, why=f"paid back by us: {reason}")
        audit.note("unit.paid_back", "unit", unit.public_id, reason=reason)


def keep_sold(compensation_id: int, reason: str) -> None:
    """It stays the reseller's, who is told. Raises NotFound, NotNow."""
    with transaction():
        unit = _decided(compensation_id, f"decided: {reason}")
        stays_sold(unit, reason)
        audit.note("unit.kept_sold", "unit", unit.public_id, reason=reason)


@needs_transaction
def _decided(compensation_id: int, verdict: str) -> Unit:
    """Close it as a loss; its unit, locked after its order as everybody locks them."""
    order_id = Compensation.objects.filter(pk=compensation_id).values_list("unit__order_id", flat=True).first()
    if order_id is None:
        raise NotFound("there is no such wish")
    lock_order(order_id)
    now = clock.now()
    mine = Compensation.objects.filter(pk=compensation_id, state=State.OPEN, reason=ASKED)
    free = mine.filter(lease_until__isnull=True) | mine.filter(lease_until__lte=now)
    if not free.update(state=State.LOSS, verdict=verdict[:200], closed_at=now, due_at=None, lease_until=None):
        raise NotNow("this was settled, or its supplier is being asked just now", fix="look at the order again")
    deadletters.close_letter("compensation", compensation_id, resolution="decided by a person")
    locked = Unit.objects.select_for_update(of=("self",)).select_related("order")
    return locked.get(compensation__pk=compensation_id)
