"""The history of a line's plans. Acts for us."""

from __future__ import annotations

from datetime import datetime

from simplane.core import clock
from simplane.core.db import needs_transaction
from simplane.fleet.models import FleetLine, Operation, PlanPeriod
from simplane.ordering.models import Unit


@needs_transaction
def begin_period(wish: Operation, line: FleetLine, unit: Unit) -> None:
    """The line is on the plan of the operation from now on; the one before ends."""
    now = clock.now()
    PlanPeriod.objects.filter(line=line, ended_at__isnull=True).update(ended_at=now)
    note_period(wish, line, unit, now, None)


@needs_transaction
def note_period(wish: Operation, line: FleetLine, unit: Unit, started_at: datetime, ended_at: datetime | None) -> None:
    """What a unit was bought for, at its price, where the line's holder belongs now."""
    PlanPeriod(
        organization_id=line.organization_id,
        line=line,
        plan=wish.plan,
        operation=wish,
        price_minor=unit.price_minor,
        currency=unit.currency,
        cost_centre_id=line.cost_centre_id,
        started_at=started_at,
        ended_at=ended_at,
    ).save()
