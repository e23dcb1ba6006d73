"""One unit, one step at a time: waiting -> routed -> buying -> ready. A killed worker's unit goes on from its state.

No transaction is open while a supplier is asked; the lease on the unit keeps other workers away meanwhile.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from simplane.core import clock, deadletters, jobs, work
from simplane.core.db import in_thread, transaction
from simplane.core.log import logger
from simplane.core.money import Money
from simplane.ordering import states
from simplane.ordering.actions.outcome import apply, soon
from simplane.ordering.actions.shrink import settle_cancel_wanted
from simplane.ordering.loading import with_all_it_needs
from simplane.ordering.models import Order, Unit
from simplane.ordering.moves import ASK_AGAIN, die, move, still_held
from simplane.routing.actions import Chosen, choose
from simplane.suppliers import actions as suppliers
from simplane.suppliers.actions import Answer
from simplane.suppliers.errors import BoughtAlready
from simplane.suppliers.lookup import settle_unknown
from simplane.suppliers.models import Purchase

log = logger(__name__)
S = Unit.State
LEASE_SECONDS = 75
"""Longer than any call to a supplier may take (connect, wait for a place, read)."""
PATIENCE = timedelta(minutes=15)
"""How long a unit waits for suppliers that are only temporarily out of question, before a person is asked."""


async def advance(unit_id: int) -> None:
    """Take a unit as far as it goes now. Safe to repeat and to run twice at once: the lease lets one through."""
    taken = await in_thread(_begin, unit_id)
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


def _begin(unit_id: int) -> tuple[Unit, bool | None] | None:
    """Take the unit; where nothing was asked yet, choose and write the intent too: then whether to buy now, else None."""
    unit = _claim(unit_id)
    if unit is None:
        return None
    return unit, _route_and_prepare(unit) if unit.state in (S.WAITING, S.ROUTED) else None


def _claim(unit_id: int) -> Unit | None:
    unit = work.claim(Unit, unit_id, seconds=LEASE_SECONDS)
    if unit is not None:
        with_all_it_needs(unit)
    return unit


def _route_and_prepare(unit: Unit) -> bool:
    """Choose an offer and write the intent to buy it. True when the call may be made now."""
    with transaction():
        if not still_held(unit):
            return False
        if states.may_have_esim(unit):
            _adopt_open_purchase(unit)
            return False
        if unit.cancel_wanted:
            settle_cancel_wanted(unit)
            return False
        if unit.order.state != Order.State.OPEN:
            work.release(unit, due_at=None)  # releasing the order makes it due again
            return False
        chosen = choose(
            unit_id=unit.pk,
            product=unit.product,
            price=Money(unit.price_minor, unit.currency),
            refused_offers=frozenset(one["offer"] for one in unit.tried_groups),
            refused_groups=frozenset(one["group"] for one in unit.tried_groups),
            stand_ins_only=unit.order.is_test,
        )
        return _prepare(unit, chosen)


def _prepare(unit: Unit, chosen: Chosen) -> bool:
    if chosen.offer is None or chosen.supplier is None:
        _nobody_sells(unit, chosen)
        return False
    unit.attempts += 1
    try:
        purchase = suppliers.prepare(unit.pk, f"{unit.public_id}-{unit.attempts}", chosen.offer, chosen.supplier)
    except BoughtAlready:
        _adopt_open_purchase(unit)
        return False
    path = (S.ROUTED, S.BUYING) if unit.state == S.WAITING else (S.BUYING,)
    move(
        unit,
        *path,
        why=chosen.why,
        due_at=unit.due_at,
        purchase=purchase,
        receipt_id=chosen.receipt_id,
        attempts=unit.attempts,
        lease_until=unit.lease_until,
    )
    return True


def _nobody_sells(unit: Unit, chosen: Chosen) -> None:
    waited = clock.now() - max(unit.created_at, unit.order.clock_started_at or unit.created_at)
    lasting = [one for one in unit.tried_groups if not one.get("temporary")]
    if (chosen.temporary or lasting != unit.tried_groups) and waited < PATIENCE:
        Unit.objects.filter(pk=unit.pk).update(
            lease_until=None, due_at=soon(15), tried_groups=lasting, receipt_id=chosen.receipt_id
        )
        return
    unit.receipt_id = chosen.receipt_id
    unit.save(update_fields=["receipt_id"])
    cause = "all_suppliers_refused" if unit.tried_groups else "no_offer"
    die(unit, cause, chosen.why, detail={"receipt": chosen.receipt_id, "tried": unit.tried_groups})


def _adopt_open_purchase(unit: Unit) -> None:
    """The database knows a purchase this unit forgot: go on with that one, it may have been executed."""
    purchase = Purchase.objects.filter(unit_id=unit.pk, state__in=["requested", "pending", "unknown", "bought"]).latest(
        "pk"
    )
    move(unit, S.ROUTED, S.BUYING, why="an earlier purchase is still open", due_at=clock.now(), purchase=purchase)


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
    assert unit.purchase is not None
    assert unit.lease_until is not None
    answer = await suppliers.ask(unit.purchase, until=unit.lease_until)
    if await in_thread(_keep_answer, unit, answer):
        await _poll(unit)


async def _poll(unit: Unit) -> None:
    assert unit.purchase is not None
    if unit.purchase.state != Purchase.State.PENDING:
        await in_thread(_follow, unit)
        return
    while await in_thread(_keep_answer, unit, await suppliers.ask_again(unit.purchase)):
        pass


async def _look_up(unit: Unit) -> None:
    await _settle(unit)
    await in_thread(_follow, unit)


async def _settle(unit: Unit) -> None:
    """Find out about an unknown purchase, and wake the units whose purchases were found out about with it."""
    assert unit.purchase is not None
    assert unit.lease_until is not None
    if unit.purchase.state == Purchase.State.UNKNOWN:
        wanted = await in_thread(_still_wanted, unit)
        settled = await settle_unknown(unit.purchase, until=unit.lease_until, wanted=wanted)
        await in_thread(_wake, [one for one in settled.unit_ids if one != unit.pk])


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


def _keep_answer(unit: Unit, answer: Answer) -> bool:
    """True when the supplier told of the order while it was asked: ask again now, the unit is still held."""
    purchase = unit.purchase
    assert purchase is not None
    told_before = purchase.told_at
    with transaction():
        if not still_held(unit):
            # Whoever has the unit now looks up what became of the call; two stories of it would be one too many.
            log.warning("unit.answer_too_late", unit_id=unit.pk, outcome=answer.outcome.name)
            return False
        if not suppliers.record(purchase, answer):
            purchase.refresh_from_db()
            apply(unit, None)
            return False
        if purchase.state == Purchase.State.PENDING and purchase.told_at != told_before:
            _hold_on(unit)
            return True
        apply(unit, answer)
        return False


def _hold_on(unit: Unit) -> None:
    """Pending, and its news came while it was asked: keep the unit for another question."""
    assert unit.purchase is not None
    until = clock.now() + timedelta(seconds=LEASE_SECONDS)
    if unit.state == S.PENDING:
        Unit.objects.filter(pk=unit.pk).update(lease_until=until, due_at=until)
        unit.lease_until = unit.due_at = until
    else:
        move(unit, S.PENDING, why=f"{unit.purchase.supplier.name} works on it", due_at=until, lease_until=until)


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
