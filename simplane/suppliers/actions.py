"""Buying: the intent is written before the call, the answer after it, and unknown is a state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from simplane.core import audit, clock, events, rows
from simplane.core.db import needs_transaction, transaction
from simplane.core.http import NotSent
from simplane.core.money import Money
from simplane.suppliers import registry
from simplane.suppliers.errors import BoughtAlready
from simplane.suppliers.events import FloatLow, OfferRefused, SupplierBlocked, SupplierRecovered
from simplane.suppliers.models import Offer, Purchase, Supplier
from simplane.suppliers.outcomes import (
    Accepted,
    Blocked,
    NotReady,
    Ok,
    Permanent,
    Refused,
    Result,
    Retryable,
    Unknown,
    Unsupported,
)
from simplane.suppliers.transport import TEST_FAULT, traced
from simplane.suppliers.values import IssuedLine, IssueRequest, LineRef

State = Purchase.State
MOST_TRIES = 6
"""Calls of one purchase that were surely not executed before the next candidate is taken."""
NOT_EXECUTED = "not_executed"
"""Code of a purchase that was never made, although nobody refused it."""
OUR_OWN = frozenset({"rate_limit", "bulkhead"})
"""Codes of waiting for a place of ours: the supplier was not asked, so it is no try."""
ORDER_FAILED = "order_failed"
"""Code of the one refusal of a question that is about the order itself: it came to nothing."""
OPEN = frozenset({State.REQUESTED, State.PENDING, State.UNKNOWN})
NotDone = Refused | Unsupported


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a supplier, with the redacted calls that led to it."""

    outcome: Result[IssuedLine]
    calls: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Intent:
    """One eSIM to be bought."""

    unit_id: int
    reference: str
    offer: Offer
    supplier: Supplier
    onto: str = ""
    """The supplier's key of the line that gets the data; empty: a new eSIM."""


@needs_transaction
def prepare(intent: Intent) -> Purchase:
    """Write the intent to buy. Raises BoughtAlready when the unit has a purchase that may have been executed."""
    made = prepare_many([intent])
    if not made:
        raise BoughtAlready(f"unit {intent.unit_id} has a purchase already", fix="continue with that one")
    return made[0]


@needs_transaction
def prepare_many(intents: Sequence[Intent]) -> list[Purchase]:
    """As `prepare`; units that have a purchase which may have been executed are left out."""
    now = clock.now()
    wanted = [
        Purchase(
            unit_id=one.unit_id,
            supplier=one.supplier,
            offer=one.offer,
            reference=one.reference,
            cost_minor=one.offer.cost_minor,
            currency=one.offer.currency,
            supplier_price=one.offer.supplier_price,
            supplier_line_id=one.onto,
            requested_at=now,
            sent_at=now,
        )
        for one in intents
    ]
    # The only conflicts it can have: the law `purchase_never_twice`, and our reference.
    return rows.insert_many(wanted, key="unit_id", conflict="ON CONFLICT DO NOTHING")


async def ask(
    purchase: Purchase, *, until: datetime, test_fault: str = "", onto: LineRef | None = None, instead: bool = False
) -> Answer:
    """Send the order to the supplier. Only for a purchase whose call is not under way, or that is repeatable by its key.

    `onto`: the line that gets the data, of a purchase that is a top-up. `instead`: the supplier puts it there in place of
    the line's plan. `test_fault`: what a stand-in shall do wrong with
    it. No other supplier is told.

    Nothing leaves after `until`, the end of the caller's lease: a process that stood still for so long must not buy
    what another settled and bought elsewhere meanwhile.
    """
    request = IssueRequest(
        offer_code=purchase.offer.code,
        reference=purchase.reference,
        expected_cost=Money(purchase.cost_minor, purchase.currency),
        # As it was decided on: a supplier that asks another price meanwhile refuses, and routing decides anew.
        supplier_price=purchase.supplier_price or purchase.offer.supplier_price,
    )

    async def in_time(begun: datetime) -> None:
        if begun >= until:
            raise NotSent("the lease ran out before the call began")

    assert (onto is not None) == is_top_up(purchase)
    adapter = registry.adapter(purchase.supplier)
    token = TEST_FAULT.set(test_fault if purchase.supplier.is_stand_in else "")
    try:
        with traced(in_time) as calls:
            if onto is None:
                outcome = await adapter.issue_esim(request)
            else:
                outcome = await (adapter.change_plan(onto, request, None) if instead else adapter.top_up(onto, request))
    finally:
        TEST_FAULT.reset(token)
    return Answer(outcome, calls)


def is_top_up(purchase: Purchase) -> bool:
    """Whether an open purchase fills a line instead of making one: then it names the line before it is answered."""
    return purchase.state in OPEN and bool(purchase.supplier_line_id)


async def ask_again(purchase: Purchase) -> Answer:
    """Ask what became of a pending order."""
    with traced() as calls:
        outcome = await registry.adapter(purchase.supplier).get_order(purchase.supplier_order_id)
    return Answer(outcome, calls)


@needs_transaction
def record(purchase: Purchase, answer: Answer) -> bool:
    """Write what the supplier said. False when the purchase was settled meanwhile: then this answer changes nothing.

    `purchase.told_at` is newer afterwards when the supplier told of the order while it was asked (`note_told`).
    """
    changes = _changes(purchase, answer.outcome)
    now = clock.now()
    changes["answered_at"] = now
    if changes["state"] in (State.BOUGHT, State.REJECTED):
        changes["settled_at"] = now
    if answer.calls:
        changes["trace"] = [*purchase.trace, *answer.calls][-20:]
    still = "id = %s AND state = %s AND supplier_order_id = %s AND state IN ('requested', 'pending', 'unknown')"
    known = [purchase.pk, str(purchase.state), purchase.supplier_order_id]
    applied = rows.change_one(Purchase, still, known, "told_at", **changes)
    if applied:
        (purchase.told_at,) = applied
        for name, value in changes.items():
            setattr(purchase, name, value)
        _consequences(purchase, answer.outcome)
    return bool(applied)


@needs_transaction
def record_many(answered: Sequence[tuple[Purchase, Answer]]) -> set[int]:
    """As `record`, for answers without consequences for others (`Ok`, `Accepted`). Returns the purchases it applied to."""
    now = clock.now()
    given, changed = [], {}
    for purchase, answer in answered:
        made = {name: getattr(purchase, name) for name in _ANSWERED} | _changes(purchase, answer.outcome)
        made |= {"answered_at": now, "trace": [*purchase.trace, *answer.calls][-20:]}
        if made["state"] == State.BOUGHT:
            made["settled_at"] = now
        changed[purchase.pk] = purchase, made
        known = {"was_state": purchase.state, "was_supplier_order_id": purchase.supplier_order_id}
        given.append({"id": purchase.pk, **known, **made})
    applied = dict(rows.change_many(Purchase, given, "t.id, t.told_at"))
    for pk, told_at in applied.items():
        purchase, made = changed[pk]
        for name, value in made.items():
            setattr(purchase, name, value)
        purchase.told_at = told_at
    return set(applied)


_ANSWERED = (
    "state",
    "outcome",
    "error_code",
    "error_text",
    "supplier_order_id",
    "supplier_line_id",
    "cost_minor",
    "currency",
    "answered_at",
    "settled_at",
    "trace",
)


@dataclass(frozen=True, slots=True)
class Told:
    """A purchase that a notice of its supplier is about. `asked`: its call is under way, and whoever made it will see this."""

    purchase_id: int
    unit_id: int
    asked: bool


@needs_transaction
def note_told(supplier: Supplier, *, reference: str, order_id: str) -> Told | None:
    """A notice says that an order moved: mark its purchase. None when it is none of ours.

    The mark and the answer of a call are written to the same row, so one of both sees the other.
    """
    with connection.cursor() as cursor:
        cursor.execute(TOLD, [clock.now(), supplier.pk, reference, reference, order_id, order_id])
        row = cursor.fetchone()
    return Told(row[0], row[1], asked=row[2] == State.REQUESTED) if row else None


TOLD = """
UPDATE suppliers_purchase SET told_at = %s WHERE id = (
  SELECT id FROM suppliers_purchase WHERE supplier_id = %s
    AND ((%s <> '' AND reference = %s) OR (%s <> '' AND supplier_order_id = %s)) ORDER BY id LIMIT 1
) RETURNING id, unit_id, state
"""


@needs_transaction
def note_told_many(supplier: Supplier, references: Sequence[str]) -> dict[str, Told]:
    """As `note_told`, by our references. Left out: unknown ones, and purchases that are being written just now."""
    with connection.cursor() as cursor:
        cursor.execute(TOLD_MANY, [supplier.pk, list(references), clock.now()])
        return {found: Told(pk, unit_id, asked=state == State.REQUESTED) for found, pk, unit_id, state in cursor}


TOLD_MANY = """
WITH free AS (
  SELECT id FROM suppliers_purchase WHERE supplier_id = %s AND reference = ANY(%s) FOR UPDATE SKIP LOCKED
)
UPDATE suppliers_purchase AS p SET told_at = %s FROM free WHERE p.id = free.id
RETURNING p.reference, p.id, p.unit_id, p.state
"""


def _changes(purchase: Purchase, outcome: Result[IssuedLine]) -> dict[str, Any]:
    made: dict[str, Any] = {"outcome": outcome.name, "error_code": "", "error_text": ""}
    match outcome:
        case Ok(line):
            order_id = line.order_id or purchase.supplier_order_id
            made |= {"state": State.BOUGHT, "supplier_order_id": order_id, "supplier_line_id": line.line_id}
            if line.cost is not None:
                made |= {"cost_minor": line.cost.minor, "currency": line.cost.currency}
        case Accepted(order_id):
            made |= {"state": State.PENDING, "supplier_order_id": order_id}
        case NotReady():
            # A buying call that is answered "too early" says nothing certain; a poll just waits on.
            made["state"] = State.PENDING if purchase.supplier_order_id else State.UNKNOWN
        case Unknown(reason, code):
            made |= {"state": State.PENDING if purchase.supplier_order_id else State.UNKNOWN, **_said(code, reason)}
        case _ if _may_exist(purchase, outcome):
            # What was refused is a question or a repeat; it says nothing about the order that may have been made.
            made |= {"state": purchase.state, **_refusal(outcome)}
        case Retryable():
            tries = purchase.attempts + (outcome.code not in OUR_OWN)
            made |= {"attempts": tries, "state": purchase.state if tries < MOST_TRIES else State.REJECTED}
            made |= _refusal(outcome)
        case _:
            made |= {"state": State.REJECTED, **_refusal(outcome)}
    return made


def _may_exist(purchase: Purchase, refusal: NotDone) -> bool:
    came_to_nothing = isinstance(refusal, Permanent) and refusal.code == ORDER_FAILED
    return purchase.state in (State.PENDING, State.UNKNOWN) and not came_to_nothing


def _refusal(refusal: NotDone) -> dict[str, str]:
    return _said("unsupported" if isinstance(refusal, Unsupported) else refusal.code, refusal.reason)


def _said(code: str, reason: str) -> dict[str, str]:
    return {"error_code": code[:60], "error_text": reason[:500]}


def _consequences(purchase: Purchase, outcome: Result[IssuedLine]) -> None:
    match outcome:
        case Blocked(reason, _, kind) if kind not in ("breaker", "policy"):
            pause(purchase.supplier, f"{kind}: {reason}")
        case Permanent(reason, _, True):
            Offer.objects.filter(pk=purchase.offer_id, state=Offer.State.ACTIVE).update(
                state=Offer.State.REVIEW, review_reason=f"the supplier refused it: {reason}"[:200]
            )
            events.record(
                OfferRefused(
                    unit_id=purchase.unit_id, supplier_id=purchase.supplier_id, offer_id=purchase.offer_id, why=reason
                )
            )
        case _:
            pass


@needs_transaction
def mark_unknown(purchase: Purchase, why: str) -> None:
    """A call was begun and nobody lives who could know its answer: it may have been executed."""
    Purchase.objects.filter(pk=purchase.pk, state=State.REQUESTED).update(
        state=State.UNKNOWN, outcome="unknown", error_text=why
    )
    purchase.refresh_from_db()


@needs_transaction
def begin_again(purchase: Purchase) -> None:
    """The last call was surely not executed: note that another begins, so that a crash in it counts as unknown."""
    now = clock.now()
    Purchase.objects.filter(pk=purchase.pk, state=State.REQUESTED).update(outcome="", sent_at=now)
    purchase.outcome, purchase.sent_at = "", now


@needs_transaction
def withdraw(purchase: Purchase, why: str) -> None:
    """The last call was surely not executed and no other shall follow: nothing was bought and nothing will be."""
    Purchase.objects.filter(pk=purchase.pk, state=State.REQUESTED, outcome="retryable").update(
        state=State.REJECTED, settled_at=clock.now(), error_code=NOT_EXECUTED, error_text=why[:500]
    )
    purchase.refresh_from_db()


@needs_transaction
def pause(supplier: Supplier, reason: str, *, minutes: int | None = None) -> None:
    """Stop buying at a supplier; the first reason stays until it is lifted."""
    until = clock.now() + timedelta(minutes=minutes) if minutes else None
    changed = Supplier.objects.filter(pk=supplier.pk, paused_reason="").update(
        paused_reason=reason[:200], paused_until=until
    )
    if changed:
        audit.note("supplier.paused", "supplier", supplier.code, after={"reason": reason[:200]})
        events.record(SupplierBlocked(supplier_id=supplier.pk, supplier=supplier.code, why=reason[:200]))


@needs_transaction
def resume(supplier: Supplier) -> None:
    """Buy at a supplier again."""
    if Supplier.objects.filter(pk=supplier.pk).exclude(paused_reason="").update(paused_reason="", paused_until=None):
        audit.note("supplier.resumed", "supplier", supplier.code)
        events.record(SupplierRecovered(supplier_id=supplier.pk, supplier=supplier.code))


def note_balance(supplier: Supplier, balance: Money) -> None:
    """Keep the float; tell when it fell below the threshold, and lift a pause for lack of money when it is covered again."""
    before = supplier.float_minor
    with transaction():
        Supplier.objects.filter(pk=supplier.pk).update(
            float_minor=balance.minor, float_currency=balance.currency, float_at=clock.now()
        )
        low = supplier.float_low_minor
        if balance.minor < low and (before is None or before >= low):
            events.record(FloatLow(supplier_id=supplier.pk, supplier=supplier.code, balance=str(balance)))
        if supplier.paused_reason.startswith("funds") and balance.minor >= max(low, 1):
            resume(supplier)
