"""Giving money back at the shop: proposed by the delivery clock or a person, decided, then done once.

refundCreate takes an idempotency key for 24 hours. A lost answer is settled by sending exactly the same again under the
same key; after a day by looking for our mark in the notes of the order's refunds.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from simplane.channels import refund_proposals
from simplane.channels import refund_rows as rows
from simplane.channels.errors import NotDecidable, NothingToRefund, RefundOpen, ShopNotReachable
from simplane.channels.models import Refund
from simplane.channels.refund_rows import REFUND_STEP, Subject, Task
from simplane.channels.shopify import operations
from simplane.channels.shopify import refund as shopify
from simplane.channels.shopify.client import call
from simplane.channels.shopify.outcomes import Blocked, Ok, Permanent, Refusal, Retryable, Unknown
from simplane.channels.shopify.refund import Look
from simplane.channels.shopify.text import BadBody, member
from simplane.core import clock, context
from simplane.core.db import in_thread
from simplane.core.jobs import Temporary

KEY_LIVES = timedelta(hours=23)
"""An hour less than the shop keeps a key."""
BLOCKED_SECONDS = 3600.0
NOTHING_LEFT = "the shop has nothing left to give back for these units"
NOT_SO_MUCH = "the shop has not so much left to give back for this order"

decide = rows.decide
propose_by_hand = refund_proposals.propose_by_hand
retry = rows.retry
mark_done = rows.mark_done


async def propose(order_id: int, lines: Mapping[str, int], reason: str, *, origin: str = Refund.Origin.PERSON) -> int:
    """Ask the shop what these units (by its line id) would give back and put that before a person; the refund's id.

    Raises RefundOpen, NothingToRefund, ShopNotReachable, NotFound; then nothing was changed.
    """
    if not lines:
        raise NothingToRefund("no unit is named")
    whose = await in_thread(rows.subject, order_id)
    await in_thread(rows.check_free, order_id)
    try:
        look = await _look(whose, lines)
    except BadBody as problem:
        raise NothingToRefund(str(problem)) from problem
    if not isinstance(look, Look):
        raise ShopNotReachable(f"{whose.shop.key} can not be asked: {look.reason}", fix="try again later")
    if look.suggestion is None:
        raise NothingToRefund(NOTHING_LEFT)
    return await in_thread(rows.insert, whose, lines, look.suggestion.amount, reason, origin=origin)


async def order_late(order_id: int, step: int) -> None:
    """The last step of the delivery clock: what was not delivered is proposed for refund, or refunded, by the shop's
    setting. Safe to repeat. Raises Temporary while the shop can not be asked.
    """
    if step != REFUND_STEP:
        return
    lines = await in_thread(rows.undelivered, order_id)
    if not lines:
        return
    try:
        refund_id = await propose(order_id, lines, "not delivered in time", origin=Refund.Origin.CLOCK)
    except (RefundOpen, NothingToRefund):
        return
    except ShopNotReachable as problem:
        raise Temporary(problem.message) from problem
    whose = await in_thread(rows.subject, order_id)
    if whose.shop.settings.late_refund == "do":
        with context.acting(f"setting:{whose.shop.key} late_refund"), suppress(NotDecidable):  # delivered at last
            await in_thread(rows.decide, refund_id, approve=True, reason="setting late_refund is do")


async def perform(refund_id: int) -> None:
    """Do an approved refund, or go on with one whose answer was lost. Safe to repeat: money moves once."""
    task = await in_thread(rows.hold, refund_id)
    if task is None:
        return
    try:
        await _perform(task)
    except BadBody as problem:
        reason = f"the shop's answer makes no sense: {problem}"
        await in_thread(rows.again, task, reason, 60.0, may_be_done=task.request is not None)


async def _perform(task: Task) -> None:
    expired = task.first_at is not None and clock.now() - task.first_at > KEY_LIVES
    if task.request is None or expired:
        ready = await _make_ready(task)
        if ready is None:
            return
        task = ready
    assert task.request is not None
    outcome = await call(task.subject.shop, operations.REFUND, {"input": task.request, "key": task.key})
    if isinstance(outcome, Ok):
        await _judge(task, *shopify.verdict(member(outcome.data, "refundCreate")))
    else:
        await _not_done(task, outcome)


async def _make_ready(task: Task) -> Task | None:
    """Build and keep the request; None when there is nothing to send (done before, gone, or to be decided anew)."""
    look = await _look(task.subject, task.lines)
    if not isinstance(look, Look):
        await _not_done(task, look)
        return None
    if made := look.made_with(task.mark):
        await in_thread(rows.done, task, made, rows.shown_amount(task))
        return None
    found = look.suggestion
    if found is not None and not task.lines:
        found = found.part(task.approved)
    if found is None:
        await in_thread(rows.failed, task, "refund_refused", NOTHING_LEFT if task.lines else NOT_SO_MUCH)
        return None
    if found.amount != task.approved:
        await in_thread(rows.propose_again, task, found.amount)
        return None
    request = shopify.build(task.subject.external_order, task.lines, found, f"{task.reason} {task.mark}")
    key = await in_thread(rows.keep_request, task, request)
    return replace(task, request=request, key=key, first_at=clock.now())


async def _judge(task: Task, verdict: shopify.Verdict, words: str) -> None:
    match verdict:
        case "done":
            await in_thread(rows.done, task, words, rows.shown_amount(task))
        case "busy":
            await in_thread(rows.again, task, "the shop is still working on it", 5.0, may_be_done=True)
        case "failed_before":
            await _look_back(task)
        case "mismatch":
            await in_thread(rows.failed, task, "refund_key_mismatch", "the same key was used for another refund")
        case "refused":
            await in_thread(rows.failed, task, "refund_refused", words)


async def _look_back(task: Task) -> None:
    """The shop says that an attempt under this key failed: true unless our mark stands on a refund."""
    look = await _look(task.subject, task.lines)
    if not isinstance(look, Look):
        await _not_done(task, look)
    elif made := look.made_with(task.mark):
        await in_thread(rows.done, task, made, rows.shown_amount(task))
    else:
        await in_thread(rows.failed, task, "refund_refused", "an earlier attempt failed at the shop")


async def _not_done(task: Task, outcome: Refusal | Unknown) -> None:
    sent_before = task.request is not None and task.attempts > 0
    match outcome:
        case Unknown(reason=reason):
            await in_thread(rows.again, task, reason, 10.0, may_be_done=True)
        case Retryable(reason=reason, wait=seconds):
            await in_thread(rows.again, task, reason, seconds, may_be_done=sent_before)
        case Blocked(reason=reason):
            await in_thread(rows.again, task, reason, BLOCKED_SECONDS, may_be_done=sent_before, counts=False)
        case Permanent(reason=reason):
            await in_thread(rows.failed, task, "refund_refused", reason)


async def _look(whose: Subject, lines: Mapping[str, int]) -> Look | Refusal | Unknown:
    """The refunds of an order and what it would give back for these units (none: for all that is left of it), or why it
    could not be asked."""
    variables = {
        "id": operations.gid("Order", whose.external_order),
        "lines": shopify.line_inputs(lines),
        "whole": not lines,
    }
    outcome = await call(whose.shop, operations.SUGGESTED_REFUND, variables)
    return shopify.look(outcome.data) if isinstance(outcome, Ok) else outcome
