"""What the state of a purchase means for its unit: ready, asked again later, looked up, or bought elsewhere."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from simplane.core import clock, jobs
from simplane.core.db import needs_transaction
from simplane.delivery.mime import usable
from simplane.lines.actions import create_line, create_lines
from simplane.ordering import money
from simplane.ordering.actions.bring import bring
from simplane.ordering.actions.mailing import queue_first_mails
from simplane.ordering.actions.shrink import settle_cancel_wanted
from simplane.ordering.actions.topping import fill
from simplane.ordering.models import Unit
from simplane.ordering.moves import Step, move, move_many
from simplane.suppliers import actions as suppliers
from simplane.suppliers.actions import Answer
from simplane.suppliers.models import Purchase
from simplane.suppliers.outcomes import Accepted, Blocked, NotReady, Ok, Retryable
from simplane.suppliers.values import IssuedLine

S = Unit.State


@needs_transaction
def apply(unit: Unit, answer: Answer | None) -> None:
    """Move the unit by the state of its purchase, within the transaction that wrote that state."""
    purchase = unit.purchase
    assert purchase is not None
    state = Purchase.State(purchase.state)
    if state == Purchase.State.BOUGHT:
        issued = answer.outcome.value if answer is not None and isinstance(answer.outcome, Ok) else None
        if unit.tops_up or issued is not None:
            _bought(unit, issued)
        else:
            # The line's details came with an answer that was lost: read the order again.
            Purchase.objects.filter(pk=purchase.pk).update(state=Purchase.State.PENDING, settled_at=None)
            _wait(unit, S.PENDING, why="reading the order again", seconds=0.5)
    elif state == Purchase.State.PENDING:
        _wait(unit, S.PENDING, why=f"{purchase.supplier.name} works on it", seconds=poll_after(unit, answer))
    elif state == Purchase.State.UNKNOWN:
        _unknown(unit)
    elif state == Purchase.State.REQUESTED:
        pause = answer.outcome.retry_after if answer and isinstance(answer.outcome, Retryable) else 2.0
        Unit.objects.filter(pk=unit.pk).update(lease_until=None, due_at=soon(pause))
    elif unit.cancel_wanted:
        unit.line = None
        settle_cancel_wanted(unit)
    else:
        _refused(unit, answer)


def _bought(unit: Unit, issued: IssuedLine | None) -> None:
    """`issued` is None only of a top-up whose answer was lost."""
    purchase = unit.purchase
    assert purchase is not None
    line = create_line(unit_id=unit.pk, purchase=purchase, issued=issued) if issued and not unit.tops_up else None
    now = clock.now()
    why = f"bought from {purchase.supplier.name}"
    move(unit, S.READY, why=why, detail=_price(purchase), due_at=now + timedelta(seconds=60), line=line, bought_at=now)
    money.sold(unit, purchase)
    if unit.cancel_wanted:
        settle_cancel_wanted(unit)
    elif unit.tops_up:
        fill(unit, issued)
    else:
        bring(unit)


def plainly_bought(unit: Unit) -> bool:
    """Whether `bought_many` can do it: sold by a shop, and mailed to an address that is one."""
    return unit.book == money.RETAIL and usable(unit.order.customer.email)


@needs_transaction
def bought_many(answered: Sequence[tuple[Unit, Answer]], rids: Mapping[int, str]) -> None:
    """As `apply` for units that are `plainly_bought`: their eSIMs, their states, the ledger, and the mails."""
    if not answered:
        return
    issued = []
    for unit, answer in answered:
        assert isinstance(answer.outcome, Ok)
        issued.append((unit.pk, _of(unit), answer.outcome.value))
    lines = create_lines(issued)
    now = clock.now()
    move_many(
        [
            Step(
                unit=unit,
                path=(S.READY,),
                due_at=now + timedelta(seconds=60),
                why=f"bought from {_of(unit).supplier.name}",
                rid=rids[unit.pk],
                detail=_price(_of(unit)),
                fields={"line": lines[unit.pk], "bought_at": now},
            )
            for unit, _ in answered
        ]
    )
    money.sold_many([(unit, _of(unit)) for unit, _ in answered])
    queue_first_mails([unit for unit, _ in answered], rids)


def _of(unit: Unit) -> Purchase:
    assert unit.purchase is not None
    return unit.purchase


def _price(purchase: Purchase) -> dict[str, Any]:
    return {
        "cost_minor": purchase.cost_minor,
        "currency": purchase.currency,
        "order": purchase.supplier_order_id,
    }


def _unknown(unit: Unit) -> None:
    if unit.state == S.UNKNOWN:
        pause = min(60.0, 2.0 * 2 ** min(5, _times_looked(unit)))
        Unit.objects.filter(pk=unit.pk).update(lease_until=None, due_at=soon(pause))
    else:
        move(unit, S.UNKNOWN, why="may have been bought: asking the supplier", due_at=soon(1))


def _times_looked(unit: Unit) -> int:
    waited = (clock.now() - unit.state_at).total_seconds()
    return int(waited // 10)


def _wait(unit: Unit, state: str, *, why: str, seconds: float) -> None:
    if unit.state == state:
        Unit.objects.filter(pk=unit.pk).update(lease_until=None, due_at=soon(seconds))
    else:
        move(unit, state, why=why, due_at=soon(seconds))


def poll_after(unit: Unit, answer: Answer | None) -> float:
    """As the supplier suggests, then slower and slower: up to a minute."""
    hint = answer.outcome.poll_after if answer and isinstance(answer.outcome, Accepted | NotReady) else 2.0
    waited = (clock.now() - unit.state_at).total_seconds() if unit.state == S.PENDING else 0.0
    return min(60.0, max(hint, waited / 4))


def _refused(unit: Unit, answer: Answer | None) -> None:
    """Surely not bought: the next candidate, outside the upstream group that refused."""
    purchase = unit.purchase
    assert purchase is not None
    why = f"{purchase.supplier.name} refused: {purchase.error_text or purchase.error_code or 'not executed'}"
    lost = purchase.error_code == suppliers.NOT_EXECUTED
    temporary = lost or (answer is not None and _may_pass(answer))
    tried = list(unit.tried_groups)
    if not lost or _lost_before(purchase):
        tried.append({"offer": purchase.offer_id, "group": purchase.supplier.upstream_group, "temporary": temporary})
    move(unit, S.WAITING, why=why, due_at=clock.now(), tried_groups=tried)
    jobs.enqueue("ordering.advance", unit_id=unit.pk)


def _lost_before(purchase: Purchase) -> bool:
    """Once an order got lost on the way; twice the same offer, and another gets the next try."""
    same = Purchase.objects.filter(unit_id=purchase.unit_id, offer_id=purchase.offer_id)
    return same.filter(error_code=suppliers.NOT_EXECUTED).exclude(pk=purchase.pk).exists()


def _may_pass(answer: Answer) -> bool:
    """Whether the same supplier may sell a little later: busy, out of reach, or paused until somebody acts."""
    outcome = answer.outcome
    return isinstance(outcome, Retryable) or (isinstance(outcome, Blocked) and outcome.kind != "policy")


def soon(seconds: float) -> datetime:
    """With a little jitter, so that a burst does not stay one."""
    return clock.now() + timedelta(seconds=seconds * random.uniform(0.9, 1.2))
