"""Carrying out an operation, one step for the state it is in. Acts for us, outside any company's scope; may be repeated.

What buys places an order like any reseller's (`ordering/placing.py`), under a key made from the operation: however often
this runs, one order exists. What happens to that order is learned from its unit (`learn.py`).
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from simplane.core import clock, jobs, tenancy, work
from simplane.core.batches import NotDone
from simplane.core.db import in_thread, transaction
from simplane.core.errors import Refusal
from simplane.core.money import Money
from simplane.fleet.actions import scheduling, topping
from simplane.fleet.actions.ending import close, fail
from simplane.fleet.actions.learn import hand_over, learn
from simplane.fleet.models import FleetLine, Operation
from simplane.lines.service import SupplierSilent
from simplane.lines.serving import Wish, serve, swap
from simplane.ordering.models import Order, Unit
from simplane.ordering.placing import LineWanted, OrderWanted, Placed, place
from simplane.organizations.portal import company_key_hash
from simplane.policies import actions as policies

K, Op, S = Operation.Kind, Operation.State, FleetLine.State
ON_A_LINE = frozenset({K.TOP_UP, K.CHANGE_PLAN})
"""What is bought for an eSIM that is there."""
SERVES: dict[str, Wish] = {K.SUSPEND: "suspend", K.REACTIVATE: "reactivate", K.TERMINATE: "terminate"}
LEASE_SECONDS = 60
AGAIN = (timedelta(seconds=2), timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10))
"""Waits before a supplier is asked again; the last one from then on."""
LOOK_AGAIN = timedelta(minutes=5)
"""An order is under way: its news comes by itself, this is for news that got lost."""
REFUSALS = {
    "no_wallet": "the company has no account with us in this currency: write to us",
    "no_price": "the plan has no price any more: choose another one",
    "unknown_sku": "the plan is not sold any more: choose another one",
    "insufficient_funds": "the company's credit with us is used up: pay an invoice, or write to us",
    "account_suspended": "the company's account is suspended: write to us",
    "order_too_large": "the order is larger than agreed: write to us",
}


async def advance(operation_id: int) -> None:
    """Do what this operation owes now. Nothing when it owes nothing or somebody else is at it."""
    wish = await in_thread(_claimed, operation_id)
    if wish is None:
        return
    if wish.plan_id is not None:
        await in_thread(_order_or_look, wish)
    else:
        await _serve(wish)


def _claimed(operation_id: int) -> Operation | None:
    with tenancy.everywhere():
        wish = work.claim(Operation, operation_id, seconds=LEASE_SECONDS)
        if wish is None or not _is_on(wish):
            return None
        found: Operation = Operation.objects.select_related("line__employee", "plan__product", "organization").get(
            pk=wish.pk
        )
        return found


def _is_on(wish: Operation) -> bool:
    """Whether it owes a step now; one that waited for its day begins."""
    if wish.state != Op.SCHEDULED:
        return wish.state in (Op.REQUESTED, Op.SENT, Op.UNKNOWN)
    assert wish.effective_on is not None
    if wish.effective_on > clock.now().date():
        work.release(wish, due_at=scheduling.start_of(wish.effective_on))
        return False
    with transaction():
        return scheduling.begin(wish)


def _order_or_look(wish: Operation) -> None:
    if wish.unit_id is not None:
        learn(wish.unit_id)
        _due(wish, LOOK_AGAIN)
        return
    try:
        placed = topping.order(wish, _wanted(wish)) if wish.kind in ON_A_LINE else place(_wanted(wish))
    except (NotDone, SupplierSilent):
        _due(wish, AGAIN[min(wish.attempts, len(AGAIN) - 1)])
        return
    except Refusal as no:
        fail(wish.pk, no.message)
        return
    if placed.code in ("created", "replayed"):
        _ordered(wish, json.loads(placed.body or "{}")["id"])
    elif placed.code == "rate_limited":
        _due(wish, AGAIN[1])
    else:
        fail(wish.pk, _why(placed))


def _wanted(wish: Operation) -> OrderWanted:
    assert wish.plan is not None
    # No address: the person gets a link of the company's own, shown once (install.py), not the traveller's mail.
    return OrderWanted(
        key_hash=company_key_hash(wish.organization),
        address="127.0.0.1",
        idempotency_key=f"fleet-{wish.public_id}",
        request_hash=hashlib.sha256(wish.public_id.encode()).digest(),
        public_id=f"ord_{wish.public_id.partition('_')[2]}",
        lines=(LineWanted(wish.plan.product.sku, 1, _price_agreed(wish)),),
        reference=wish.public_id,
    )


def _price_agreed(wish: Operation) -> int:
    """What the budgets reserved: a price that rose since is refused and asked anew, never taken silently."""
    agreed = policies.reserved(wish.reservation) if wish.reservation else None
    assert wish.plan is not None
    return wish.plan.price_minor if agreed is None else agreed


def _ordered(wish: Operation, order_public_id: str) -> None:
    order = Order.objects.get(organization_id=wish.organization_id, public_id=order_public_id)
    unit = Unit.objects.get(order=order)
    with tenancy.everywhere(), transaction():
        changed = {"state": Op.SENT, "state_at": clock.now(), "unit_id": unit.pk, "due_at": clock.now() + LOOK_AGAIN}
        Operation.objects.filter(pk=wish.pk).update(lease_until=None, **changed)
        if wish.kind == K.PROVISION:
            FleetLine.objects.filter(pk=wish.line_id).update(order_id=order.pk, unit_id=unit.pk)
    learn(unit.pk)


def _why(placed: Placed) -> str:
    detail: dict[str, Any] = placed.detail or {}
    if placed.code == "price_above_max":
        line = detail["lines"][0]
        return f"the price rose to {Money(line['price_minor'], detail['currency'])}: ask again if that is right"
    return REFUSALS.get(placed.code, f"it was refused ({placed.code}): write to us")


async def _serve(wish: Operation) -> None:
    assert wish.line.line_id is not None
    reason = wish.reason or wish.asked_by
    if wish.kind == K.REPLACE:
        said = await swap(wish.line.line_id, wish.public_id, reason=reason)
    else:
        said = await serve(wish.line.line_id, SERVES[wish.kind], reason=reason)
    match said.outcome:
        case "done":
            await in_thread(_served, wish)
        case "refused":
            await in_thread(fail, wish.pk, said.words)
        case _:
            await in_thread(_due, wish, AGAIN[min(wish.attempts, len(AGAIN) - 1)], Op.UNKNOWN)


def _served(wish: Operation) -> None:
    with tenancy.everywhere(), transaction():
        close(wish, Op.DONE)
        if wish.kind == K.REPLACE:
            hand_over(wish.line)
    assert wish.line.unit_id is not None
    learn(wish.line.unit_id)


def _due(wish: Operation, after: timedelta, state: Operation.State | None = None) -> None:
    with tenancy.everywhere(), transaction():
        changed: dict[str, Any] = {"due_at": clock.now() + after, "lease_until": None, "attempts": wish.attempts + 1}
        if state is not None:
            changed |= {"state": state, "state_at": clock.now()}
        Operation.objects.filter(pk=wish.pk).exclude(state__in=[Op.DONE, Op.FAILED]).update(**changed)


def sweep() -> int:
    """Enqueue what is due: also the net under every lost job."""
    with transaction():
        due = work.take_due(Operation, hold_seconds=60)
        jobs.enqueue_missing("fleet.advance", "operation_id", due)
    return len(due)
