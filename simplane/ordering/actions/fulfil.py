"""One unit, one step at a time: waiting -> routed -> buying -> ready. A killed worker's unit goes on from its state.

No transaction is open while a supplier is asked; the lease on the unit keeps other workers away meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from simplane.core import clock, deadletters, jobs, work
from simplane.core.db import in_thread, transaction
from simplane.lines.queries import supplier_ref
from simplane.ordering import states
from simplane.ordering.actions.begin import begin
from simplane.ordering.actions.keep import keep
from simplane.ordering.actions.outcome import apply
from simplane.ordering.actions.topping import change_of, had_before, is_native
from simplane.ordering.loading import line_of
from simplane.ordering.models import Order, Unit
from simplane.ordering.moves import ASK_AGAIN, move, still_held
from simplane.suppliers import actions as suppliers
from simplane.suppliers.actions import Answer
from simplane.suppliers.lookup import Settled, settle_change, settle_top_up, settle_unknown
from simplane.suppliers.models import Purchase
from simplane.suppliers.values import LineRef

S = Unit.State


async def advance(unit_id: int) -> None:
    """Take a unit as far as it goes now. Safe to repeat and to run twice at once: the lease lets one through."""
    taken = await begin(unit_id)
    if taken is None:
        return
    unit, wants_buying = taken
    structlog.contextvars.bind_contextvars(order_id=unit.order_id, unit_id=unit.pk)
    if wants_buying is not None:
        if wants_buying:
            await _buy(unit)
    elif unit.state == S.BUYING:
        await _resume_buying(unit)
    elif unit.state == S.PENDING:
        await _poll(unit)
    elif unit.state == S.UNKNOWN:
        await _look_up(unit)
    elif unit.state == S.READY:
        await in_thread(_hand_over_again, unit)
    elif unit.state == S.DEAD and states.may_have_esim(unit):
        await _ask_beside_a_person(unit)
    else:
        await in_thread(_rest, unit)


async def _resume_buying(unit: Unit) -> None:
    """Found in `buying`: the worker that called is gone, or the last call was surely not executed."""
    purchase = unit.purchase
    assert purchase is not None
    if purchase.state != Purchase.State.REQUESTED:
        await in_thread(_follow, unit)
    elif purchase.outcome != "retryable":
        await in_thread(_nobody_knows, unit)
    elif await in_thread(_begin_again, unit):
        await _buy(unit)


def _begin_again(unit: Unit) -> bool:
    """True when the call may be made once more: the unit is still ours and still wanted."""
    assert unit.purchase is not None
    with transaction():
        if not still_held(unit):
            return False
        if unit.cancel_wanted or unit.order.state != Order.State.OPEN:
            suppliers.withdraw(unit.purchase, "not wanted any more before it was bought")
            apply(unit, None)
            return False
        suppliers.begin_again(unit.purchase)
        return True


def _nobody_knows(unit: Unit) -> None:
    assert unit.purchase is not None
    with transaction():
        if still_held(unit):
            suppliers.mark_unknown(unit.purchase, "the worker that was buying died before the answer")
            apply(unit, None)


async def _buy(unit: Unit) -> None:
    if await keep((unit, await (_fill(unit) if unit.tops_up else _ask(unit)))):
        await _poll(unit)


async def _ask(unit: Unit, onto: LineRef | None = None, *, instead: bool = False) -> Answer:
    assert unit.purchase is not None
    assert unit.lease_until is not None
    fault = unit.order.test_fault
    return await suppliers.ask(unit.purchase, until=unit.lease_until, test_fault=fault, onto=onto, instead=instead)


async def _fill(unit: Unit) -> Answer:
    """Data or another plan for an eSIM that is there."""
    onto = await had_before(unit)
    if isinstance(onto, Answer):
        return onto
    return await _ask(unit, onto, instead=is_native(await in_thread(change_of, unit)))


async def _poll(unit: Unit) -> None:
    assert unit.purchase is not None
    if unit.purchase.state != Purchase.State.PENDING:
        await in_thread(_follow, unit)
        return
    while await keep((unit, await suppliers.ask_again(unit.purchase))):
        pass


async def _look_up(unit: Unit) -> None:
    await _settle(unit)
    await in_thread(_follow, unit)


async def _settle(unit: Unit) -> None:
    """Find out about an unknown purchase, and wake the units whose purchases were found out about with it."""
    assert unit.purchase is not None
    assert unit.lease_until is not None
    if unit.purchase.state == Purchase.State.UNKNOWN:
        if unit.tops_up:
            settled = await _settle_on_line(unit, unit.purchase, unit.lease_until)
        else:
            wanted = await in_thread(_still_wanted, unit)
            settled = await settle_unknown(unit.purchase, until=unit.lease_until, wanted=wanted)
        await in_thread(_wake, [one for one in settled.unit_ids if one != unit.pk])


async def _settle_on_line(unit: Unit, purchase: Purchase, until: datetime) -> Settled:
    onto = supplier_ref(line_of(unit))
    if is_native(await in_thread(change_of, unit)):
        return await settle_change(purchase, onto, until=until)
    return await settle_top_up(purchase, onto, had=unit.topped_from)


def _still_wanted(unit: Unit) -> bool:
    """Nobody took it back, held its order, or has it in hand: it may still be bought."""
    wanted = Unit.objects.filter(pk=unit.pk, cancel_wanted="", order__state=Order.State.OPEN)
    return wanted.exclude(state=S.DEAD).exists()


async def _ask_beside_a_person(unit: Unit) -> None:
    """A person has this unit, but an eSIM may exist: ask now and then, and go on by ourselves once that is settled."""
    assert unit.purchase is not None
    before = unit.purchase.state
    await _settle(unit)
    answer = await suppliers.ask_again(unit.purchase) if before == Purchase.State.PENDING else None
    await in_thread(_go_on_if_settled, unit, before, answer)


def _go_on_if_settled(unit: Unit, before: str, answer: Answer | None) -> None:
    purchase = unit.purchase
    assert purchase is not None
    with transaction():
        if not still_held(unit):
            return
        if answer is not None:
            suppliers.record(purchase, answer)
        else:
            purchase.refresh_from_db()
        if purchase.state == before != Purchase.State.BOUGHT:
            work.release(unit, due_at=clock.now() + ASK_AGAIN)
            return
        move(unit, S.UNKNOWN, why="settled meanwhile", due_at=clock.now())
        deadletters.close_letter("unit", unit.pk, resolution="settled meanwhile")
        apply(unit, answer)


def _wake(unit_ids: list[int]) -> None:
    """Their purchases were settled together with another: let each go on now."""
    if not unit_ids:
        return
    with transaction():
        Unit.objects.filter(pk__in=unit_ids, due_at__isnull=False).update(due_at=clock.now())
        jobs.enqueue_many("ordering.advance", [{"unit_id": unit_id} for unit_id in unit_ids])


def _follow(unit: Unit) -> None:
    """Bring the unit to where its purchase already is."""
    assert unit.purchase is not None
    with transaction():
        if still_held(unit):
            unit.purchase.refresh_from_db()
            apply(unit, None)


def _rest(unit: Unit) -> None:
    """Nothing is owed in this state."""
    with transaction():
        if still_held(unit):
            work.release(unit, due_at=None)


def _hand_over_again(unit: Unit) -> None:
    """Ready and due: the hand-over's job was lost or its mail waits for another try."""
    with transaction():
        if still_held(unit):
            jobs.enqueue("ordering.hand_over", unit_id=unit.pk)
            work.release(unit, due_at=clock.now() + timedelta(minutes=5))
