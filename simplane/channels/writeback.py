"""Telling a shop which units were delivered: one row a call, written before the call is made.

fulfillmentCreate has no idempotency key, so every attempt begins with a read: what carries our tracking number is not
sent again, and what the merchant fulfilled meanwhile is done as well.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from simplane.channels.models import WriteBack
from simplane.channels.shopify import fulfilment, operations
from simplane.channels.shopify.answers import user_errors
from simplane.channels.shopify.client import call
from simplane.channels.shopify.fulfilment import Call, Plan
from simplane.channels.shopify.outcomes import Blocked, Ok, Outcome, Permanent, Retryable
from simplane.channels.shopify.text import BadBody, member, text
from simplane.channels.writeback_many import owed, settled
from simplane.channels.writeback_rows import Done, Failed, Lost, Result, Task, Wait, hold
from simplane.core import audit, clock, deadletters, jobs
from simplane.core.db import in_thread, transaction
from simplane.core.deadletters import ActionRefused

BEGIN_WITHIN_SECONDS = 120.0
"""No call is begun later than this into a lease of 300 seconds, so that none can outlive it."""
PATIENT_SECONDS = 3600.0
"""On hold or scheduled: a released hold wakes the row at once, this is the net below."""
_SIZES = ({"sent": 5, "homes": 5, "lines": 10}, {"sent": 50, "homes": 20, "lines": 100})
"""How much of an order is read: small first (query points), all of it when the small read was cut off."""
_S = WriteBack.State


async def write_back(order_id: int) -> None:
    """Tell the shop what was delivered of this order and is not told yet. Safe to repeat at any time."""
    task = await owed(order_id)
    if task is not None:
        await _perform(task)


async def try_again(write_back_id: int) -> None:
    """Go on with a row that is due."""
    task = await in_thread(hold, write_back_id)
    if task is not None:
        await _perform(task)


async def _perform(task: Task) -> None:
    try:
        result = await _attempt(task) if task.lines else Done({})
    except BadBody as problem:
        result = Failed("writeback_refused", f"the shop's answer makes no sense: {problem}")
    await settled((task, result))


async def _attempt(task: Task) -> Result:
    started = time.monotonic()
    plan = await _read(task)
    if not isinstance(plan, Plan):
        return plan
    done: Counter[str] = Counter(plan.satisfied)
    ids: list[str] = []
    for one in plan.calls:
        if time.monotonic() - started > BEGIN_WITHIN_SECONDS:
            return Lost("the shop answers too slowly", 2.0)
        outcome = await call(task.shop, operations.FULFIL, {"fulfillment": _input(task, one)})
        made = _made(outcome)
        if made is None:
            return await _not_made(task, outcome, done=done, ids=ids)
        ids.append(made)
        done.update(one.lines)
    return _rest(plan, done, ids)


async def _read(task: Task) -> Plan | Result:
    """What is left to do at the shop now."""
    for size in _SIZES:
        variables: dict[str, Any] = {"id": operations.gid("Order", task.external_order), **size}
        outcome = await call(task.shop, operations.OPEN_FULFILMENTS, variables)
        if not isinstance(outcome, Ok):
            return _unread(outcome)
        order = member(outcome.data, "order")
        if not order:
            return Failed("writeback_refused", "the shop shows no such order (deleted, or too old)")
        found = fulfilment.read(order, sent=size["sent"])
        if not found.cut_off:
            return fulfilment.plan(found, task.lines, task.tracking)
    return Failed("writeback_refused", "the order has more fulfilments than can be read at once")


def _unread(outcome: Outcome) -> Result:
    match outcome:
        case Retryable(reason=reason, wait=seconds):
            return Wait(reason, seconds)
        case Blocked(reason=reason):
            return Wait(reason, PATIENT_SECONDS, patient=True)
        case Permanent(reason=reason):
            return Failed("writeback_refused", reason)
    raise TypeError(f"a read can not be {outcome.name}")


def _input(task: Task, one: Call) -> Any:
    return fulfilment.variables(one, tracking=task.tracking, url=task.url)


def _made(outcome: Outcome) -> str | None:
    """The id of the fulfilment that was made, or None."""
    if not isinstance(outcome, Ok):
        return None
    payload = member(outcome.data, "fulfillmentCreate")
    made = text(member(payload, "fulfillment").get("id"), 120)
    return made if made and not user_errors(payload) else None


async def _not_made(task: Task, outcome: Outcome, *, done: Counter[str], ids: list[str]) -> Result:
    """A call that made no fulfilment for certain, or perhaps did."""
    match outcome:
        case Ok(data=data):
            return await _refused(task, user_errors(member(data, "fulfillmentCreate")))
        case Retryable(reason=reason, wait=seconds):
            return Lost(f"done in part: {reason}", seconds) if done or ids else Wait(reason, seconds)
        case Blocked(reason=reason):
            return Wait(reason, PATIENT_SECONDS, patient=True)
        case Permanent(reason=reason):
            return Failed("writeback_refused", reason)
    return Lost(outcome.reason)


async def _refused(task: Task, errors: list[str]) -> Result:
    """The shop said no. When a second look shows that nothing is left to do, it was done already."""
    plan = await _read(task)
    if not isinstance(plan, Plan):
        return plan
    if plan.calls:
        return Failed("writeback_refused", "; ".join(errors) or "the shop made no fulfilment and gave no reason")
    return _rest(plan, Counter(plan.satisfied), [])


def _rest(plan: Plan, done: Counter[str], ids: list[str]) -> Result:
    """All calls were made. Units on hold wait in a row of their own; units of another service need a person."""
    if done or not (plan.on_hold or plan.refused):
        return Done(dict(done), tuple(ids))
    if plan.on_hold:
        return Wait("on hold at the shop", PATIENT_SECONDS, patient=True)
    return Failed("writeback_external", f"the eSIM lines are assigned to {plan.where or 'another service'}")


def retry(write_back_id: int) -> None:
    """A person lets a failed write-back try again. Raises ActionRefused while another of its order is open."""
    with transaction():
        row = WriteBack.objects.select_for_update().get(pk=write_back_id)
        others = WriteBack.objects.filter(order_id=row.order_id, state__in=[_S.WANTED, _S.CALLING, _S.UNKNOWN])
        if others.exclude(pk=row.pk).exists():
            raise ActionRefused("another write-back of this order is under way", fix="try again in a minute")
        if row.state == _S.DONE:
            raise ActionRefused("the shop knows already")
        row.state = _S.UNKNOWN if row.state in (_S.UNKNOWN, _S.FAILED, _S.CALLING) else _S.WANTED
        row.due_at, row.lease_until, row.attempts, row.problem = clock.now(), None, 0, ""
        row.save(update_fields=["state", "due_at", "lease_until", "attempts", "problem"])
        audit.note("writeback.retried", "writeback", row.pk)
        jobs.enqueue("channels.write_back_again", write_back_id=row.pk)


def mark_done(write_back_id: int) -> None:
    """A person fulfilled it at the shop by hand: nothing more is sent."""
    with transaction():
        row = WriteBack.objects.select_for_update().get(pk=write_back_id)
        row.state, row.due_at, row.lease_until, row.done_at = _S.DONE, None, None, clock.now()
        row.save(update_fields=["state", "due_at", "lease_until", "done_at"])
        audit.note("writeback.marked_done", "writeback", row.pk)
        deadletters.close_letter("writeback", row.pk, resolution="done by hand")
