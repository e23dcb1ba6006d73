"""Keeping what a supplier answered: purchase, eSIM, unit, ledger and mail in one commit, for all answers of a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from simplane.core import clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.log import logger
from simplane.core.together import ALONE, Alone, Asked, Together
from simplane.ordering.actions.begin import LEASE_SECONDS
from simplane.ordering.actions.outcome import apply, bought_many, plainly_bought, poll_after, soon
from simplane.ordering.models import Unit
from simplane.ordering.moves import Step, held_still, move, move_many, still_held
from simplane.suppliers import actions as suppliers
from simplane.suppliers.actions import Answer
from simplane.suppliers.models import Purchase
from simplane.suppliers.outcomes import Accepted, Ok

log = logger(__name__)
S = Unit.State
Answered = tuple[Unit, Answer]


def _keep(answered: Answered) -> bool:
    """True when the supplier told of the order while it was asked: ask again now, the unit is still held."""
    unit, answer = answered
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


def _keep_many(asked: Sequence[Asked[Answered, bool]]) -> list[bool | Alone]:
    """Orders taken and eSIMs bought, of units that nobody takes back; any other answer takes the long way."""
    rids = {one.ask[0].pk: one.rid for one in asked}
    plain = [one.ask for one in asked if _plain(*one.ask)]
    told_before = {unit.pk: _purchase(unit).told_at for unit, _ in plain}
    with transaction():
        held = held_still([unit for unit, _ in plain]) if plain else set()
        mine = [(unit, answer) for unit, answer in plain if unit.pk in held and not unit.cancel_wanted]
        kept = suppliers.record_many([(_purchase(unit), answer) for unit, answer in mine])
        if len(kept) < len(mine):
            raise LookupError(f"{len(mine) - len(kept)} purchases were settled meanwhile")
        bought_many([(unit, answer) for unit, answer in mine if isinstance(answer.outcome, Ok)], rids)
        told = _accepted_many([one for one in mine if isinstance(one[1].outcome, Accepted)], rids, told_before)
    done = {unit.pk for unit, _ in mine}
    return [one.ask[0].pk in told if one.ask[0].pk in done else ALONE for one in asked]


def _plain(unit: Unit, answer: Answer) -> bool:
    if isinstance(answer.outcome, Ok):
        return plainly_bought(unit)
    return isinstance(answer.outcome, Accepted) and unit.state == S.BUYING


def _purchase(unit: Unit) -> Purchase:
    assert unit.purchase is not None
    return unit.purchase


@needs_transaction
def _accepted_many(
    answered: Sequence[Answered], rids: dict[int, str], told_before: dict[int, datetime | None]
) -> set[int]:
    """Their suppliers work on them. Returns the units whose supplier told of the order while it was asked: still held."""
    until = clock.now() + timedelta(seconds=LEASE_SECONDS)
    told = {unit.pk for unit, _ in answered if _purchase(unit).told_at != told_before[unit.pk]}
    move_many(
        [
            Step(
                unit=unit,
                path=(S.PENDING,),
                due_at=until if unit.pk in told else soon(poll_after(unit, answer)),
                why=f"{_purchase(unit).supplier.name} works on it",
                rid=rids[unit.pk],
                fields={"lease_until": until if unit.pk in told else None},
            )
            for unit, answer in answered
        ]
    )
    return told


keep: Together[Answered, bool] = Together("ordering.advance", _keep_many, _keep, of=lambda ask: ask[0].pk)
"""Keep an answer, together with others that came at the moment. True: ask again now, the unit is still held."""
