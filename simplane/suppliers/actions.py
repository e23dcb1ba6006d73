"""Buying: the intent is written before the call, the answer after it, and unknown is a state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError
from django.db import transaction as django_transaction

from simplane.core import audit, clock, events
from simplane.core.db import needs_transaction, transaction
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
    Result,
    Retryable,
    Unknown,
    Unsupported,
)
from simplane.suppliers.transport import traced
from simplane.suppliers.values import IssuedLine, IssueRequest

State = Purchase.State
MOST_TRIES = 6
"""Calls of one purchase that were surely not executed before the next candidate is taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a supplier, with the redacted calls that led to it."""

    outcome: Result[IssuedLine]
    calls: list[dict[str, Any]]


@needs_transaction
def prepare(unit_id: int, reference: str, offer: Offer, supplier: Supplier) -> Purchase:
    """Write the intent to buy one eSIM. Raises BoughtAlready when the unit has a purchase that may have been executed."""
    now = clock.now()
    try:
        with django_transaction.atomic():
            return Purchase.objects.create(
                unit_id=unit_id,
                supplier=supplier,
                offer=offer,
                reference=reference,
                cost_minor=offer.cost_minor,
                currency=offer.currency,
                requested_at=now,
                sent_at=now,
            )
    except IntegrityError as error:
        if "purchase_never_twice" in str(error) or "reference" in str(error):
            raise BoughtAlready(f"unit {unit_id} has a purchase already", fix="continue with that one") from error
        raise


async def ask(purchase: Purchase) -> Answer:
    """Send the order to the supplier. Only for a purchase whose call is not under way, or that is repeatable by its key."""
    request = IssueRequest(
        offer_code=purchase.offer.code,
        reference=purchase.reference,
        expected_cost=Money(purchase.cost_minor, purchase.currency),
        supplier_price=purchase.offer.supplier_price,
    )
    with traced() as calls:
        outcome = await registry.adapter(purchase.supplier).issue_esim(request)
    return Answer(outcome, calls)


async def ask_again(purchase: Purchase) -> Answer:
    """Ask what became of a pending order."""
    with traced() as calls:
        outcome = await registry.adapter(purchase.supplier).get_order(purchase.supplier_order_id)
    return Answer(outcome, calls)


def repeatable(purchase: Purchase) -> bool:
    """True when repeating the call can not buy twice: the supplier honours our reference as a key."""
    return registry.unshared(purchase.supplier).capabilities.idempotent_orders


@needs_transaction
def record(purchase: Purchase, answer: Answer) -> bool:
    """Write what the supplier said. False when the purchase was settled meanwhile: then this answer changes nothing."""
    changes = _changes(purchase, answer.outcome)
    now = clock.now()
    changes["answered_at"] = now
    if changes["state"] in (State.BOUGHT, State.REJECTED):
        changes["settled_at"] = now
    if answer.calls:
        changes["trace"] = [*purchase.trace, *answer.calls][-20:]
    open_states = [State.REQUESTED, State.PENDING, State.UNKNOWN]
    applied = Purchase.objects.filter(pk=purchase.pk, state__in=open_states).update(**changes)
    if applied:
        for name, value in changes.items():
            setattr(purchase, name, value)
        _consequences(purchase, answer.outcome)
    return bool(applied)


def _changes(purchase: Purchase, outcome: Result[IssuedLine]) -> dict[str, Any]:
    made: dict[str, Any] = {"outcome": outcome.name, "error_code": "", "error_text": ""}
    match outcome:
        case Ok(line):
            made |= {"state": State.BOUGHT, "supplier_order_id": line.order_id, "supplier_line_id": line.line_id}
            if line.cost is not None:
                made |= {"cost_minor": line.cost.minor, "currency": line.cost.currency}
        case Accepted(order_id):
            made |= {"state": State.PENDING, "supplier_order_id": order_id}
        case NotReady():
            # A buying call that is answered "too early" says nothing certain; a poll just waits on.
            made["state"] = State.PENDING if purchase.supplier_order_id else State.UNKNOWN
        case Retryable():
            tries = purchase.attempts + 1
            polling = purchase.state == State.PENDING
            made |= {"attempts": tries, **_said(outcome.code, outcome.reason)}
            made["state"] = purchase.state if polling or tries < MOST_TRIES else State.REJECTED
        case Blocked(reason, code) | Permanent(reason, code):
            made |= {"state": State.REJECTED, **_said(code, reason)}
        case Unknown(reason, code):
            made |= {"state": State.PENDING if purchase.supplier_order_id else State.UNKNOWN, **_said(code, reason)}
        case Unsupported(reason):
            made |= {"state": State.REJECTED, **_said("unsupported", reason)}
    return made


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
