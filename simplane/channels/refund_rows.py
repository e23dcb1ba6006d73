"""The rows of refunds: proposed, decided, held while they are done, and what came of them. No remote calls."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Count, Q

from simplane.channels import shops
from simplane.channels.errors import NotDecidable, RefundOpen
from simplane.channels.events import RefundDecided, RefundDone, RefundProposed, RefundWithdrawn
from simplane.channels.models import Refund
from simplane.channels.shopify import refund as shopify
from simplane.channels.shops import ShopRef
from simplane.core import audit, clock, context, deadletters, events, jobs, work
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.core.money import Money
from simplane.delivery.actions import queue_notice
from simplane.ordering.actions.shrink import give_up_undelivered
from simplane.ordering.models import Order, Unit
from simplane.ordering.moves import lock_order
from simplane.ordering.states import ENDED, TAKEN_BACK

LEASE_SECONDS = 300.0
LETTER_AFTER = 8
REFUND_STEP = 4
"""The step of the delivery clock that proposes or does the refund."""
S = Refund.State
OPEN = (S.PROPOSED, S.WANTED, S.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose money it is about."""

    order_id: int
    external_order: str
    order_name: str
    public_id: str
    shop: ShopRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One approved refund this worker holds."""

    pk: int
    subject: Subject
    key: str
    lines: Mapping[str, int]
    approved: Money
    reason: str
    request: Mapping[str, Any] | None
    first_at: datetime | None
    attempts: int

    @property
    def mark(self) -> str:
        """Stands in the note of the shop's refund; by it we find ours again."""
        return f"[{self.subject.public_id}/{self.pk}]"


def subject(order_id: int) -> Subject:
    """The order of a shop. Raises NotFound for an order of another book."""
    order = Order.objects.filter(pk=order_id, book="retail").first()
    if order is None:
        raise NotFound("there is no such order of a shop")
    return Subject(
        order_id=order.pk,
        external_order=order.external_id,
        order_name=order.name,
        public_id=order.public_id,
        shop=shops.by_key(order.account),
    )


def undelivered(order_id: int) -> dict[str, int]:
    """Units still owed and not given up, by the shop's line id."""
    owed = Unit.objects.filter(order_id=order_id, cancel_wanted="").exclude(state__in=ENDED)
    return dict(owed.order_by().values_list("external_line").annotate(Count("pk")))


def overtaken(row: Refund) -> bool:
    """Whether the clock proposed this for more units than the buyer still goes without. What we gave up still counts, and
    so does what is being taken out of the buyer's hands again.
    """
    if row.origin != Refund.Origin.CLOCK:
        return False
    kept = Q(state=Unit.State.DELIVERED, compensation__isnull=True) | Q(state__in=TAKEN_BACK)
    without = Unit.objects.filter(order_id=row.order_id).exclude(kept)
    due = dict(without.order_by().values_list("external_line").annotate(Count("pk")))
    return any(due.get(line, 0) < units for line, units in row.lines.items())


def check_free(order_id: int) -> None:
    """Raises RefundOpen when the order has an open refund already."""
    if Refund.objects.filter(order_id=order_id, state__in=OPEN).exists():
        raise RefundOpen("this order has an open refund already", fix="decide that one first")


def insert(whose: Subject, lines: Mapping[str, int], money: Money, reason: str, *, origin: str) -> int:
    """Write the proposal and put it before a person. Raises RefundOpen when somebody else was quicker."""
    try:
        with transaction():
            row = Refund.objects.create(
                order_id=whose.order_id,
                shop_id=whose.shop.pk,
                key=uuid.uuid4(),
                lines=dict(lines),
                amount_minor=money.minor,
                currency=money.currency,
                reason=reason[:200],
                origin=origin,
                created_at=clock.now(),
            )
            audit.note(
                "refund.proposed", "refund", row.pk, after={"amount": str(money), "lines": row.lines}, reason=row.reason
            )
            _propose(row, whose.order_name)
            return row.pk
    except IntegrityError:
        raise RefundOpen("this order has an open refund already", fix="decide that one first") from None


@needs_transaction
def _propose(row: Refund, order_name: str) -> None:
    money = Money(row.amount_minor, row.currency)
    events.record(
        RefundProposed(
            order_id=row.order_id,
            refund_id=row.pk,
            amount_minor=money.minor,
            currency=money.currency,
            reason=row.reason,
        )
    )
    deadletters.open_letter(
        "refund",
        row.pk,
        cause="refund_proposed",
        summary=f"{order_name}: give back {money}? {row.reason}",
        order_id=row.order_id,
        money=money,
        detail={"lines": row.lines},
    )


def decide(refund_id: int, *, approve: bool, reason: str = "") -> None:
    """A person (or the shop's setting) approves or declines a proposal. Raises NotFound, NotDecidable.

    What the clock proposed is given up with the approval: nobody gets the money and the eSIM.
    """
    with transaction():
        row = _locked(refund_id)
        if row.state != S.PROPOSED:
            raise NotDecidable(f"this refund is {row.state}")
        if approve and overtaken(row):
            raise NotDecidable(
                "its eSIMs were delivered or taken back meanwhile", fix="propose another one by hand if it is still due"
            )
        row.state = S.WANTED if approve else S.DECLINED
        row.decided_by = context.actor()[:120]
        row.due_at = clock.now() + timedelta(seconds=60) if approve else None
        row.save(update_fields=["state", "decided_by", "due_at"])
        audit.note("refund.approved" if approve else "refund.declined", "refund", row.pk, reason=reason)
        events.record(RefundDecided(order_id=row.order_id, refund_id=row.pk, approved=approve))
        deadletters.close_letter("refund", row.pk, resolution=row.state)
        if not approve:
            return
        if row.origin == Refund.Origin.CLOCK:
            give_up_undelivered(row.order_id, row.lines)
        jobs.enqueue("channels.refund", refund_id=row.pk)


@needs_transaction
def _locked(refund_id: int) -> Refund:
    """The refund, locked after its order, as everybody locks them."""
    order_id = Refund.objects.filter(pk=refund_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound("there is no such refund")
    lock_order(order_id)
    return Refund.objects.select_for_update(of=("self",)).select_related("order").get(pk=refund_id)


def withdraw(refund_id: int) -> bool:
    """Withdraw what the clock proposed if a delivery overtook it and nothing was sent to the shop yet; whether it did.

    Where other eSIMs of the order are still missing, the refund for those is proposed anew.
    """
    with transaction():
        row = _locked(refund_id)
        if row.state not in (S.PROPOSED, S.WANTED) or row.request is not None or not overtaken(row):
            return False
        row.state, row.due_at, row.lease_until = S.WITHDRAWN, None, None
        row.save(update_fields=["state", "due_at", "lease_until"])
        audit.note("refund.withdrawn", "refund", row.pk, reason="delivered or taken back meanwhile")
        events.record(RefundWithdrawn(order_id=row.order_id, refund_id=row.pk))
        deadletters.close_letter("refund", row.pk, resolution="delivered meanwhile")
        if row.order.state == Order.State.OPEN:
            jobs.enqueue("channels.order_late", order_id=row.order_id, step=REFUND_STEP)
        return True


def hold(refund_id: int) -> Task | None:
    """Take an approved refund that is due, or None. One that a delivery overtook before anything was sent is withdrawn."""
    row = work.claim(Refund, refund_id, seconds=LEASE_SECONDS)
    if row is None:
        return None
    if row.state not in (S.WANTED, S.UNKNOWN):
        work.release(row, due_at=None)
        return None
    if row.request is None and withdraw(row.pk):
        return None
    request = row.request or {}
    first = request.get("first_at")
    return Task(
        pk=row.pk,
        subject=subject(row.order_id),
        key=str(row.key),
        lines=row.lines,
        approved=Money(row.amount_minor, row.currency),
        reason=row.reason,
        request=request.get("input"),
        first_at=clock.parse_time(first) if first else None,
        attempts=row.attempts,
    )


def keep_request(task: Task, request: Mapping[str, Any]) -> str:
    """Write down exactly what will be sent and under which new key, before it is sent. Returns the key."""
    key = uuid.uuid4()
    kept = {"input": request, "first_at": clock.now().isoformat()}
    Refund.objects.filter(pk=task.pk).update(request=kept, key=key)
    return str(key)


def done(task: Task, external_id: str, shown: Money) -> None:
    """Money went back: the row is closed and the buyer told."""
    with transaction():
        _update(task, state=S.DONE, external_id=external_id, done_at=clock.now(), due_at=None, problem="")
        events.record(
            RefundDone(
                order_id=task.subject.order_id,
                refund_id=task.pk,
                amount_minor=task.approved.minor,
                currency=task.approved.currency,
            )
        )
        audit.note("refund.done", "refund", task.pk, after={"amount": str(task.approved), "external_id": external_id})
        deadletters.close_letter("refund", task.pk, resolution="done")
        if shown.minor:
            _tell_buyer(task, shown)


@needs_transaction
def _tell_buyer(task: Task, shown: Money) -> None:
    order = Order.objects.select_related("customer").get(pk=task.subject.order_id)
    earlier = Refund.objects.filter(order_id=order.pk, state=S.DONE).exclude(pk=task.pk).count()
    queue_notice(
        "order_refunded",
        order_id=order.pk,
        to=order.customer.email,
        locale=order.locale,
        context={
            "customer_name": order.customer.name,
            "order_name": order.name,
            "refund_minor": shown.minor,
            "refund_currency": shown.currency,
        },
        version=earlier + 1,
    )


def propose_again(task: Task, money: Money) -> None:
    """The shop would give back another sum than was approved: a person decides anew."""
    with transaction():
        row = Refund.objects.select_for_update().get(pk=task.pk)
        row.state, row.amount_minor, row.currency = S.PROPOSED, money.minor, money.currency
        row.due_at, row.lease_until, row.problem = None, None, f"approved {task.approved}, the shop now says {money}"
        row.save()
        _propose(row, task.subject.order_name)


def again(task: Task, reason: str, seconds: float, *, may_be_done: bool, counts: bool = True) -> None:
    """Not finished: try again after a pause that grows, for ever; after some tries a person is told."""
    attempts = task.attempts + 1 if counts else task.attempts
    pause = min(max(seconds, 2.0 ** min(attempts, 9)), 3600.0)
    state = S.UNKNOWN if may_be_done else S.WANTED
    with transaction():
        due = clock.now() + timedelta(seconds=pause)
        _update(task, state=state, problem=reason[:500], attempts=attempts, due_at=due)
        if counts and attempts == LETTER_AFTER:
            _letter(task, "refund_keeps_failing", reason)


def failed(task: Task, cause: str, reason: str) -> None:
    """No retry helps; no money went back by this call."""
    with transaction():
        _update(task, state=S.FAILED, problem=reason[:500], due_at=None)
        _letter(task, cause, reason)


def retry(refund_id: int) -> None:
    """A person lets a failed refund try again under a new key. Raises RefundOpen, NotDecidable."""
    with transaction():
        row = Refund.objects.select_for_update().get(pk=refund_id)
        if row.state == S.DONE:
            raise NotDecidable("this refund is done")
        if Refund.objects.filter(order_id=row.order_id, state__in=OPEN).exclude(pk=row.pk).exists():
            raise RefundOpen("this order has another open refund", fix="decide that one first")
        if row.state == S.FAILED:
            row.state, row.request = S.WANTED, None
        row.due_at, row.lease_until, row.attempts, row.problem = clock.now(), None, 0, ""
        row.save(update_fields=["state", "request", "due_at", "lease_until", "attempts", "problem"])
        audit.note("refund.retried", "refund", row.pk)
        jobs.enqueue("channels.refund", refund_id=row.pk)


def mark_done(refund_id: int) -> None:
    """A person paid back at the shop by hand: nothing more is sent."""
    with transaction():
        row = Refund.objects.select_for_update().get(pk=refund_id)
        row.state, row.due_at, row.lease_until, row.done_at = S.DONE, None, None, clock.now()
        row.save(update_fields=["state", "due_at", "lease_until", "done_at"])
        audit.note("refund.marked_done", "refund", row.pk)
        deadletters.close_letter("refund", row.pk, resolution="done by hand")


def _update(task: Task, **fields: object) -> None:
    Refund.objects.filter(pk=task.pk).update(lease_until=None, **fields)


def _letter(task: Task, cause: str, reason: str) -> None:
    deadletters.open_letter(
        "refund",
        task.pk,
        cause=cause,
        summary=f"{task.subject.order_name}: {task.approved} not given back: {reason}"[:500],
        order_id=task.subject.order_id,
        money=task.approved,
        detail={"lines": dict(task.lines)},
    )


def shown_amount(task: Task) -> Money:
    """What the buyer got back, in the buyer's currency."""
    return shopify.paid_back(task.request) if task.request else task.approved
