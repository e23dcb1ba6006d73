"""After issuing: what can be taken back when a sale is undone, decided by the eSIM's state (reference 0.5)."""

from __future__ import annotations

from datetime import timedelta

from simplane.core import clock, deadletters, work
from simplane.core.db import in_thread, transaction
from simplane.delivery.links import revoke_unit_links
from simplane.lines.actions import apply_read
from simplane.lines.models import Line
from simplane.lines.queries import supplier_ref
from simplane.ordering.models import Compensation, Unit
from simplane.ordering.moves import end
from simplane.ordering.states import ENDS
from simplane.suppliers import registry
from simplane.suppliers.models import Purchase
from simplane.suppliers.outcomes import Ok, Permanent, Result, Unsupported
from simplane.suppliers.values import LineStatus, Returned

S = Unit.State
State = Compensation.State
MOST_TRIES = 8


async def compensate(compensation_id: int) -> None:
    """Read the line; give it back where the supplier takes it; else write down the loss. Safe to repeat."""
    found = await in_thread(_claim, compensation_id)
    if found is None:
        return
    row, line = found
    adapter = registry.adapter(line.supplier)
    status = await adapter.get_line(supplier_ref(line))
    if not isinstance(status, Ok):
        await in_thread(_again, row, f"the supplier could not be asked: {status.name}")
        return
    line = await in_thread(_keep_status, line, status.value)
    if line.installed_at is not None or (line.data_used or 0) > 0:
        await in_thread(_close, row, line, State.LOSS, _loss(line), 0)
    elif adapter.capabilities.refund == "no":
        await in_thread(_close, row, line, State.LOSS, f"{line.supplier.name} takes nothing back", 0)
    else:
        returned = await adapter.cancel_or_refund(supplier_ref(line))
        await in_thread(_after_return, row, line, returned)


def _claim(compensation_id: int) -> tuple[Compensation, Line] | None:
    row = work.claim(Compensation, compensation_id, seconds=120)
    if row is None:
        return None
    unit = Unit.objects.select_related("line__supplier", "line__purchase__offer").get(pk=row.unit_id)
    assert unit.line is not None
    with transaction():
        revoke_unit_links(unit.pk, reason=f"{row.reason} at the shop")
    return row, unit.line


def _keep_status(line: Line, status: LineStatus) -> Line:
    with transaction():
        apply_read(line, status)
    return Line.objects.select_related("supplier", "purchase__offer").get(pk=line.pk)


def _loss(line: Line) -> str:
    if (line.data_used or 0) > 0:
        return "data was used: nothing to take back"
    return "the profile is installed: nothing to take back"


def _after_return(row: Compensation, line: Line, returned: Result[Returned]) -> None:
    match returned:
        case Ok(value):
            # A supplier that gives back without naming the amount gives back what it charged.
            whole = line.purchase.cost_minor if value.how == "refunded" else 0
            minor = value.refunded.minor if value.refunded else whole
            verdict = f"given back to {line.supplier.name}" if minor else f"{value.how} at {line.supplier.name}"
            _close(row, line, State.DONE, verdict, minor)
        case Permanent(reason) | Unsupported(reason):
            _close(row, line, State.LOSS, f"{line.supplier.name} refused: {reason}"[:200], 0)
        case _:
            # Unknown included: the line is read again before anything else is tried.
            _again(row, f"{line.supplier.name} answered {returned.name}")


def _again(row: Compensation, why: str) -> None:
    attempts = row.attempts + 1
    with transaction():
        if attempts >= MOST_TRIES:
            deadletters.open_letter(
                "compensation", row.pk, cause="compensation_stuck", summary=why, order_id=row.unit.order_id
            )
        due = None if attempts >= MOST_TRIES else clock.now() + timedelta(seconds=min(3600, 15 * 2**attempts))
        Compensation.objects.filter(pk=row.pk).update(
            attempts=attempts, due_at=due, lease_until=None, verdict=why[:200]
        )


def _close(row: Compensation, line: Line, state: str, verdict: str, recovered_minor: int) -> None:
    with transaction():
        Compensation.objects.filter(pk=row.pk).update(
            state=state,
            verdict=verdict[:200],
            recovered_minor=recovered_minor,
            closed_at=clock.now(),
            due_at=None,
            lease_until=None,
        )
        if state == State.DONE:
            Purchase.objects.filter(pk=line.purchase_id, state=Purchase.State.BOUGHT).update(
                state=Purchase.State.CANCELLED, refunded_minor=recovered_minor
            )
        unit = Unit.objects.select_related("order").get(pk=row.unit_id)
        if unit.state in (S.READY, S.DELIVERED):
            end(unit, ENDS[row.reason], why=verdict)
