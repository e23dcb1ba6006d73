"""After issuing: what can be taken back when a sale is undone, decided by the eSIM's state (reference 0.5)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from simplane.core import clock, deadletters, events, work
from simplane.core.db import in_thread, needs_transaction, transaction
from simplane.core.log import logger
from simplane.core.money import Money
from simplane.delivery.links import revoke_unit_links
from simplane.lines.actions import apply_read
from simplane.lines.models import Line
from simplane.lines.queries import is_over, supplier_ref
from simplane.ordering import money
from simplane.ordering.actions.bring import bring
from simplane.ordering.actions.topping import fill
from simplane.ordering.events import ReturnRefused, UnitMoved
from simplane.ordering.loading import line_of
from simplane.ordering.models import Compensation, Unit
from simplane.ordering.moves import end, lock_order
from simplane.ordering.states import ADDED, ASKED, ENDS
from simplane.suppliers import registry
from simplane.suppliers.models import Purchase
from simplane.suppliers.outcomes import Ok, Permanent, Result, Unsupported
from simplane.suppliers.values import LineStatus, Returned

log = logger(__name__)
S = Unit.State
State = Compensation.State
MOST_TRIES = 8
MOST_SECONDS = 150.0
"""What all calls of one attempt may take together. What is cut off is lost like any answer, and asked for again."""
LEASE_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of an attempt. OPEN: not settled yet. `recovered_minor`: in the purchase's currency."""

    state: Compensation.State
    verdict: str
    recovered_minor: int = 0


async def compensate(compensation_id: int) -> None:
    """Read the line; give it back where the supplier takes it; else write down the loss. Safe to repeat.

    Data that was added to a line is a loss: no supplier takes it back.
    """
    found = await in_thread(_claim, compensation_id)
    if found is None:
        return
    row, line = found
    try:
        async with asyncio.timeout(MOST_SECONDS):
            finding = await _give_back(row, line)
    except TimeoutError:
        finding = Finding(State.OPEN, f"{line.supplier.name} answers too slowly")
    await in_thread(_keep, row, line, finding)


async def _give_back(row: Compensation, line: Line) -> Finding:
    if line.unit_id != row.unit_id:
        return Finding(State.LOSS, ADDED)
    adapter = registry.adapter(line.supplier)
    status = await adapter.get_line(supplier_ref(line))
    if isinstance(status, Ok):
        line = await in_thread(_keep_status, line, status.value)
    elif not isinstance(status, Permanent):
        return Finding(State.OPEN, f"the supplier could not be asked: {status.name}")
    if line.installed_at is not None or (line.data_used or 0) > 0:
        return Finding(State.LOSS, _loss(line))
    if adapter.capabilities.refund == "no":
        return Finding(State.LOSS, f"{line.supplier.name} takes nothing back")
    # A line its supplier does not show (any more) may be one that an earlier attempt took back without its money.
    returned = await adapter.cancel_or_refund(supplier_ref(line))
    return _judged(row, line, returned, shown=isinstance(status, Ok))


def _claim(compensation_id: int) -> tuple[Compensation, Line] | None:
    row = work.claim(Compensation, compensation_id, seconds=LEASE_SECONDS)
    if row is None:
        return None
    related = ("line__supplier", "line__purchase__offer", "tops_up__line__supplier", "tops_up__line__purchase__offer")
    unit = Unit.objects.select_related(*related).get(pk=row.unit_id)
    if row.reason != ASKED:  # then it may well stay theirs
        with transaction():
            revoke_unit_links(unit.pk, reason=f"{row.reason} at the shop")
    return row, line_of(unit)


def _keep_status(line: Line, status: LineStatus) -> Line:
    with transaction():
        apply_read(line, status)
    return Line.objects.select_related("supplier", "purchase__offer").get(pk=line.pk)


def _loss(line: Line) -> str:
    if (line.data_used or 0) > 0:
        return "data was used: nothing to take back"
    return "the profile is installed: nothing to take back"


def _judged(row: Compensation, line: Line, returned: Result[Returned], *, shown: bool) -> Finding:
    name = line.supplier.name
    match returned:
        case Ok(value) if row.reason == ASKED and value.how != "refunded":
            return _without_money(row, line, value.how)
        case Ok(value):
            # A supplier that gives back without naming the amount gives back what it charged.
            whole = line.purchase.cost_minor if value.how == "refunded" else 0
            minor = value.refunded.minor if value.refunded else whole
            return Finding(State.DONE, f"given back to {name}" if minor else f"{value.how} at {name}", minor)
        case Permanent(reason) | Unsupported(reason) if shown:
            return Finding(State.LOSS, f"{name} refused: {reason}")
        case Permanent(reason) | Unsupported(reason):
            return Finding(State.OPEN, f"{name} does not show this eSIM: {reason}")
    # Unknown included: the line is read again before anything else is tried.
    return Finding(State.OPEN, f"{name} answered {returned.name}")


def _without_money(row: Compensation, line: Line, how: str) -> Finding:
    """What a reseller gives back is worth what its supplier gives back for it."""
    if how == "already_gone" and row.attempts == 0 and is_over(line):
        return Finding(State.LOSS, "the eSIM has ended: nothing to take back")
    # Our own asking may have ended it: neither is it theirs for sure, nor its money ours. A person decides in the end.
    return Finding(State.OPEN, f"{how} at {line.supplier.name}, and no money back yet")


def _keep(row: Compensation, line: Line, finding: Finding) -> None:
    with transaction():
        lock_order(row.unit.order_id)
        if finding.state == State.OPEN:
            _again(row, line, finding.verdict)
        else:
            _close(row, line, finding)


@needs_transaction
def _again(row: Compensation, line: Line, why: str) -> None:
    attempts = row.attempts + 1
    last = attempts >= MOST_TRIES
    due = None if last else clock.now() + timedelta(seconds=min(3600, 15 * 2**attempts))
    if _update(row, attempts=attempts, due_at=due, verdict=why[:200]) and last:
        purchase = line.purchase
        deadletters.open_letter(
            "compensation",
            row.pk,
            cause="return_stuck" if row.reason == ASKED else "compensation_stuck",
            summary=why[:500],
            order_id=row.unit.order_id,
            money=Money(purchase.cost_minor, purchase.currency),
        )


@needs_transaction
def _close(row: Compensation, line: Line, finding: Finding) -> None:
    minor = finding.recovered_minor
    closed = {"state": finding.state, "verdict": finding.verdict[:200], "recovered_minor": minor}
    if not _update(row, **closed, closed_at=clock.now(), due_at=None):
        return
    if finding.state == State.DONE:
        bought = Purchase.objects.filter(pk=line.purchase_id, state=Purchase.State.BOUGHT)
        bought.update(state=Purchase.State.CANCELLED, refunded_minor=minor)
    deadletters.close_letter("compensation", row.pk, resolution=finding.state)
    unit = Unit.objects.select_related("order").get(pk=row.unit_id)
    money.recovered(unit, line.purchase, minor)
    if unit.state in (S.READY, S.DELIVERED):
        # The reason may have become another while the supplier was asked: the shop paid back what we gave up.
        reason = Compensation.objects.values_list("reason", flat=True).get(pk=row.pk)
        if reason == ASKED and finding.state == State.LOSS:
            stays_sold(unit, finding.verdict)
        else:
            revoke_unit_links(unit.pk, reason=reason)
            end(unit, ENDS[reason], why=finding.verdict)


@needs_transaction
def stays_sold(unit: Unit, verdict: str) -> None:
    """It can not be taken back, so it is still theirs, and sold."""
    why = f"stays sold: {verdict}"
    events.record(
        UnitMoved(order_id=unit.order_id, unit_id=unit.pk, before=unit.state, after=unit.state, why=why),
        ReturnRefused(order_id=unit.order_id, unit_id=unit.pk),
    )
    if unit.state == S.READY:
        # Its mail was held back, or never written when the cancel came while it was bought.
        Unit.objects.filter(pk=unit.pk).update(cancel_wanted="", due_at=clock.now())
        related = ("order__customer", "product", "line", "tops_up__line")
        ready = Unit.objects.select_related(*related).get(pk=unit.pk)
        fill(ready, None) if ready.tops_up else bring(ready)


def _update(row: Compensation, **fields: object) -> bool:
    """False when the lease is over and another has the row: what this attempt found out changes nothing then."""
    mine = Compensation.objects.filter(pk=row.pk, lease_until=row.lease_until)
    if mine.update(lease_until=None, **fields):
        return True
    log.warning("compensation.too_late", compensation_id=row.pk, unit_id=row.unit_id)
    return False
