"""Telling usage who has a line and what was paid for it. Acts for us."""

from __future__ import annotations

from typing import cast

from simplane.core import clock
from simplane.core.db import needs_transaction
from simplane.fleet.models import FleetLine, Operation
from simplane.lines.models import Line
from simplane.ordering.models import Unit
from simplane.policies.values import PurchaseKind
from simplane.usage.meters import end_meter as stop_meter
from simplane.usage.meters import set_meter
from simplane.usage.spend import record_purchase
from simplane.usage.values import Holder, Purchase


@needs_transaction
def book(wish: Operation, line: FleetLine, unit: Unit) -> None:
    """A unit was bought for a line: its use counts for its holder from now on, its price where the holder belongs."""
    assert unit.line is not None
    meter(line, unit.line)
    spend(wish, line, unit)


@needs_transaction
def spend(wish: Operation, line: FleetLine, unit: Unit) -> None:
    """What was paid for a unit stands where the line's holder belongs."""
    record_purchase(
        line.organization_id,
        Purchase(
            key=unit.public_id,
            holder=holder(line),
            kind=cast(PurchaseKind, wish.kind),
            amount_minor=unit.price_minor,
            currency=unit.currency,
            order_id=unit.order_id,
            at=clock.now(),
        ),
    )


@needs_transaction
def meter(line: FleetLine, esim: Line) -> None:
    """What the eSIM uses is its holder's, as they are now."""
    set_meter(
        organization_id=line.organization_id,
        supplier_id=esim.supplier_id,
        supplier_code=esim.supplier.code,
        supplier_line_id=esim.supplier_line_id,
        holder=holder(line),
    )


@needs_transaction
def end_meter(line: FleetLine) -> None:
    """The line is over: nobody asks for its use any more."""
    if line.line_id is None:
        return
    esim = Line.objects.get(pk=line.line_id)
    stop_meter(
        organization_id=line.organization_id, supplier_id=esim.supplier_id, supplier_line_id=esim.supplier_line_id
    )


def holder(line: FleetLine) -> Holder:
    """Who has the line, and where they belong."""
    return Holder(
        line_id=line.pk,
        employee_id=line.employee_id,
        team_id=line.team_id,
        cost_centre_id=line.cost_centre_id,
        plan=line.plan.name,
    )
