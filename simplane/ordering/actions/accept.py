"""Taking an order in: the same door for webhooks, reconciliation and people. Twice is once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.conf import settings
from django.db.models import Count

from simplane.core import clock, deadletters, events, jobs
from simplane.core.db import needs_transaction, transaction
from simplane.core.money import Money
from simplane.ordering.actions.accept_new import accept_new, line_state, new_customer, new_line, new_order, new_unit
from simplane.ordering.actions.shrink import cancel_units, shrink_line
from simplane.ordering.events import OrderChanged, OrderReceived, UnitsOwed
from simplane.ordering.models import Customer, Order, OrderLine, Unit
from simplane.ordering.moves import finish_order
from simplane.ordering.queries import given_back
from simplane.ordering.values import Acceptance, IncomingLine, IncomingOrder

State = Order.State
_PAID = ("paid", "partly_refunded")
_MONEY_BACK = ("refunded", "voided")
Counts = Mapping[int, tuple[int, int]]
"""Units by line: how many there ever were, and how many of them the shop took back."""


def accept_order(incoming: IncomingOrder) -> Acceptance:
    """Take in the present state of an order. Order, lines, units, their jobs and the news of it commit together.

    An older version than the one known changes nothing; an incomplete one (a webhook body) only moves forward: it adds
    units, and leaves cancelling to a complete read.
    """
    return accept_new(incoming) or _accept(incoming)


def _accept(incoming: IncomingOrder) -> Acceptance:
    with transaction():
        order, created = _order(incoming)
        newer = created or order.source_updated_at is None or incoming.updated_at > order.source_updated_at
        if not created and not _newer(order, incoming):
            return Acceptance(order_id=order.pk, created=False, new_units=0, cancelled_units=0, state=order.state)
        before = order.state
        lines = _lines(order, incoming, newer=newer)
        missing = [] if _wholly_undone(order, incoming) else _missing(order, lines, {} if created else _counts(order))
        _move_order(order, incoming, owes_more=bool(missing) or any(_unclear(line) for line in lines))
        fresh = Unit.objects.bulk_create(missing) if order.state == State.OPEN else []
        cancelled = _take_back(order, incoming, lines) if incoming.complete else 0
        _tell(order, incoming, created, before)
        if order.state == State.OPEN:
            _set_going(order, fresh)
        finish_order(order.pk)
        return Acceptance(
            order_id=order.pk,
            created=created,
            new_units=len(fresh),
            cancelled_units=cancelled,
            state=order.state,
        )


def _order(incoming: IncomingOrder) -> tuple[Order, bool]:
    key = {"book": incoming.book, "account": incoming.account, "external_id": incoming.external_id}
    locked = Order.objects.select_for_update(of=("self",)).select_related("customer")
    known = locked.filter(**key).first()
    if known is not None:
        _follow_address(known, incoming)
        return known, False
    customer = _customer(incoming)
    order = new_order(incoming, customer)
    made = Order.objects.bulk_create([order], ignore_conflicts=True)
    found = locked.get(**key)
    return found, found.public_id == made[0].public_id


def _follow_address(order: Order, incoming: IncomingOrder) -> None:
    """Mails go where the channel says now; an order without an address takes any. Whoever was forgotten stays so."""
    email, known = incoming.email.strip().lower(), order.customer
    old = order.source_updated_at is not None and incoming.updated_at < order.source_updated_at
    if "@" not in email or email == known.email or known.redacted_at is not None or (old and "@" in known.email):
        return
    order.customer = _customer(incoming)
    order.save(update_fields=["customer"])


def _customer(incoming: IncomingOrder) -> Customer:
    made = new_customer(incoming)
    values = {name: getattr(made, name) for name in ("name", "phone", "locale", "created_at")}
    found, _ = Customer.objects.get_or_create(organization_id=made.organization_id, email=made.email, defaults=values)
    return found


def _newer(order: Order, incoming: IncomingOrder) -> bool:
    """Whether this says something new. The same moment is read again: two topics share it, and a read is complete."""
    known = order.source_updated_at
    if known is not None and incoming.updated_at < known:
        return False
    if incoming.updated_at == known and not incoming.complete and order.state != State.AWAITING_PAYMENT:
        return False  # a body of the same second as a read that may have taken units back: it could raise them again
    order.source_updated_at = incoming.updated_at
    order.total_minor = incoming.total.minor
    if incoming.refunded is not None:
        order.refunded_minor = incoming.refunded.minor
    return True


@needs_transaction
def _lines(order: Order, incoming: IncomingOrder, *, newer: bool) -> list[OrderLine]:
    known = {line.external_id: line for line in order.lines.all()}
    made = [new_line(order, line) for line in incoming.lines if line.external_id not in known]
    if made:
        OrderLine.objects.bulk_create(made)
    for line in incoming.lines:
        if line.external_id in known:
            _renew(known[line.external_id], line, may_shrink=incoming.complete, may_grow=incoming.complete or newer)
    lines = [*known.values(), *made]
    _ask_for_mapping(order, lines, gone=incoming.complete and _wholly_undone(order, incoming))
    return lines


def _renew(known: OrderLine, line: IncomingLine, *, may_shrink: bool, may_grow: bool) -> None:
    """A line grows by any news and shrinks only by a complete read. A mapping once made stays."""
    change = line.current - known.wanted
    change = change if (may_grow if change > 0 else may_shrink) else 0
    known.wanted += change
    # What grows again was ordered anew, even where the shop does not count it so.
    known.quantity = max(known.quantity + max(0, change), line.quantity)
    if known.state == OrderLine.State.NEEDS_MAPPING and line.kind != "needs_mapping":
        known.state, known.product_id = line_state(line), line.product_id
    known.save(update_fields=["quantity", "wanted", "state", "product"])


def _unclear(line: OrderLine) -> bool:
    return line.state == OrderLine.State.NEEDS_MAPPING and line.wanted > 0


def _ask_for_mapping(order: Order, lines: Iterable[OrderLine], *, gone: bool) -> None:
    for line in lines:
        if _unclear(line) and not gone:
            deadletters.open_letter(
                "order_line",
                line.pk,
                cause="sku_unknown",
                summary=f"{order.name}: SKU {line.sku or '(none)'} “{line.title}” is not mapped to a product",
                order_id=order.pk,
                money=Money(line.unit_price_minor * line.wanted, order.currency),
                detail={"sku": line.sku, "variant": line.variant, "account": order.account},
            )
        else:
            deadletters.close_letter("order_line", line.pk, resolution="cancelled" if gone else "mapped")


def _wholly_undone(order: Order, incoming: IncomingOrder) -> bool:
    """The whole sale was taken back: nothing more is owed, whatever the lines still show."""
    cancelled = order.cancelled_at is not None or incoming.cancelled_at is not None
    return cancelled or incoming.paid in _MONEY_BACK


def _move_order(order: Order, incoming: IncomingOrder, *, owes_more: bool) -> None:
    if incoming.cancelled_at is not None and incoming.complete:
        order.cancelled_at = incoming.cancelled_at
    elif incoming.paid in _PAID and not _wholly_undone(order, incoming):
        order.paid_at = order.paid_at or clock.now()
        finished = order.state == State.DONE or (order.state == State.CANCELLED and incoming.complete)
        if order.state in (State.AWAITING_PAYMENT, State.HELD) or (finished and owes_more):
            held = order.hold_reason if order.state == State.HELD else ""
            order.hold_reason = (incoming.hold_reason or order.customer.hold_reason or held)[:200]
            order.state = State.HELD if order.hold_reason else State.OPEN
    elif incoming.hold_reason and order.state == State.AWAITING_PAYMENT:
        order.hold_reason = incoming.hold_reason[:200]
    order.save()


@needs_transaction
def _missing(order: Order, lines: Iterable[OrderLine], counts: Counts) -> list[Unit]:
    """The units that are owed and not there yet. The unique key refuses doubles, whoever comes first.

    Indexes given back stay used: a later rise of the quantity makes new ones after them. There are never more than were
    ever ordered, so what was given back while the shop still shows it is not bought again.
    """
    now = clock.now()
    made = []
    for line in lines:
        if line.state == OrderLine.State.MAPPED:
            existing, back = counts.get(line.pk, (0, 0))
            made += [
                new_unit(order, line, index, now) for index in range(existing, min(line.wanted + back, line.quantity))
            ]
    return made


def _counts(order: Order) -> Counts:
    rows = order.units.order_by().values_list("order_line_id")
    counted = rows.annotate(all=Count("pk"), back=Count("pk", filter=given_back()))
    return {line_id: (total, back) for line_id, total, back in counted}


def _take_back(order: Order, incoming: IncomingOrder, lines: Iterable[OrderLine]) -> int:
    if incoming.cancelled_at is not None:
        return cancel_units(order, reason="cancel")
    if incoming.paid in _MONEY_BACK:
        return cancel_units(order, reason="refund")
    return sum(shrink_line(order, line, reason="refund") for line in lines if line.state == OrderLine.State.MAPPED)


def _tell(order: Order, incoming: IncomingOrder, created: bool, before: str) -> None:
    if created:
        events.record(OrderReceived(order_id=order.pk, source=incoming.source, state=order.state, name=order.name))
    elif before != order.state:
        events.record(OrderChanged(order_id=order.pk, what=[f"{before} to {order.state}"]))


@needs_transaction
def _set_going(order: Order, units: list[Unit]) -> None:
    """Start the units, and the delivery clock unless it runs; it stops by itself when nothing is owed."""
    now = clock.now()
    first, *_ = settings.SIMPLANE.delivery_clock_seconds
    starts = {"clock_started_at": now, "clock_step": 0, "clock_next_at": now + timedelta(seconds=first)}
    resting = Order.objects.filter(pk=order.pk, state=State.OPEN, clock_next_at__isnull=True)
    if units:
        resting.update(**starts)
        events.record(UnitsOwed(order_id=order.pk, unit_ids=[unit.pk for unit in units]))
        jobs.enqueue_many("ordering.advance", [{"unit_id": unit.pk} for unit in units])
    else:
        resting.filter(clock_step=0).update(**starts)


@needs_transaction
def owe_again(order: Order) -> None:
    """Make and start what an order owes after it was released or a line of it was mapped. The caller holds its lock."""
    if order.cancelled_at is not None or order.state not in (State.OPEN, State.DONE):
        finish_order(order.pk)
        return
    order.state = State.OPEN
    order.save(update_fields=["state"])
    fresh = Unit.objects.bulk_create(_missing(order, list(order.lines.all()), _counts(order)))
    resting = list(order.units.filter(state=Unit.State.WAITING, due_at__isnull=True))
    Unit.objects.filter(pk__in=[unit.pk for unit in resting]).update(due_at=clock.now())
    _set_going(order, [*fresh, *resting])
    finish_order(order.pk)
