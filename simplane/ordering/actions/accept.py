"""Taking an order in: the same door for webhooks, reconciliation and people. Twice is once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q

from simplane.core import clock, deadletters, events, jobs
from simplane.core.db import needs_transaction, transaction
from simplane.core.ids import new_id
from simplane.core.money import Money
from simplane.ordering.actions.shrink import cancel_units, shrink_line
from simplane.ordering.events import OrderChanged, OrderReceived, UnitsOwed
from simplane.ordering.models import Customer, Order, OrderLine, Unit
from simplane.ordering.moves import finish_order
from simplane.ordering.values import Acceptance, IncomingLine, IncomingOrder

State = Order.State
_PAID = ("paid", "partly_refunded")
_MONEY_BACK = ("refunded", "voided")


def accept_order(incoming: IncomingOrder) -> Acceptance:
    """Take in the present state of an order. Order, lines, units, their jobs and the news of it commit together.

    An older version than the one known changes nothing; an incomplete one (a webhook body) only moves forward: it adds
    units, and leaves cancelling to a complete read.
    """
    with transaction():
        order, created = _order(incoming)
        _learn_address(order, incoming)
        if not created and not _newer(order, incoming):
            return Acceptance(order_id=order.pk, created=False, new_units=0, cancelled_units=0, state=order.state)
        before = order.state
        lines = _lines(order, incoming)
        _move_order(order, incoming)
        fresh = _owe(order, lines, fresh_order=created) if order.state == State.OPEN else []
        cancelled = _take_back(order, incoming, lines) if incoming.complete else 0
        _tell(order, incoming, created, before)
        if fresh:
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
    customer = _customer(incoming)
    now = clock.now()
    order = Order(
        organization_id=incoming.organization_id,
        public_id=new_id("ord"),
        book=incoming.book,
        account=incoming.account,
        external_id=incoming.external_id,
        name=incoming.name[:80],
        customer=customer,
        state=State.AWAITING_PAYMENT,
        currency=incoming.total.currency,
        total_minor=incoming.total.minor,
        shown_currency=incoming.shown_total.currency if incoming.shown_total else "",
        shown_total_minor=incoming.shown_total.minor if incoming.shown_total else None,
        refunded_minor=incoming.refunded.minor if incoming.refunded else 0,
        is_test=incoming.is_test,
        locale=(incoming.locale or customer.locale)[:10],
        placed_at=incoming.placed_at,
        source_updated_at=incoming.updated_at,
        source_message_id=incoming.message_id,
        received_at=now,
    )
    key = {"book": incoming.book, "account": incoming.account, "external_id": incoming.external_id}
    made = Order.objects.bulk_create([order], ignore_conflicts=True)
    found = Order.objects.select_for_update().get(**key)
    return found, found.public_id == made[0].public_id


def _customer(incoming: IncomingOrder) -> Customer:
    email = incoming.email.strip().lower()
    # Without an address two buyers are never taken for one.
    key = email or f"none:{incoming.account}:{incoming.external_id}"
    values = {
        "name": incoming.customer_name[:200],
        "phone": incoming.phone[:40],
        "locale": (incoming.locale or "en")[:10],
        "created_at": clock.now(),
    }
    found, _ = Customer.objects.get_or_create(
        organization_id=incoming.organization_id, email=key[:320], defaults=values
    )
    return found


def _learn_address(order: Order, incoming: IncomingOrder) -> None:
    """An order that came without an address gets its customer as soon as the channel shows one."""
    if "@" in incoming.email and "@" not in order.customer.email and order.customer.redacted_at is None:
        order.customer = _customer(incoming)
        order.save(update_fields=["customer"])


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
def _lines(order: Order, incoming: IncomingOrder) -> list[OrderLine]:
    known = {line.external_id: line for line in order.lines.all()}
    made = [_line(order, line) for line in incoming.lines if line.external_id not in known]
    if made:
        OrderLine.objects.bulk_create(made)
    for line in incoming.lines:
        if line.external_id in known:
            _renew(known[line.external_id], line, complete=incoming.complete)
    lines = [*known.values(), *made]
    _ask_for_mapping(order, lines)
    return lines


def _line(order: Order, line: IncomingLine) -> OrderLine:
    return OrderLine(
        order=order,
        external_id=line.external_id,
        sku=line.sku[:200],
        variant=line.variant[:80],
        title=line.title[:300],
        state=_line_state(line),
        product_id=line.product_id,
        quantity=line.quantity,
        wanted=line.current,
        unit_price_minor=line.unit_price.minor,
    )


def _line_state(line: IncomingLine) -> str:
    kinds = {
        "esim": OrderLine.State.MAPPED,
        "needs_mapping": OrderLine.State.NEEDS_MAPPING,
        "not_ours": OrderLine.State.NOT_OURS,
    }
    return kinds[line.kind]


def _renew(known: OrderLine, line: IncomingLine, *, complete: bool) -> None:
    """A line's quantity may rise at any time; it falls only by a complete read. A mapping once made stays."""
    known.quantity = max(known.quantity, line.quantity)
    known.wanted = line.current if complete else max(known.wanted, line.current)
    if known.state == OrderLine.State.NEEDS_MAPPING and line.kind != "needs_mapping":
        known.state, known.product_id = _line_state(line), line.product_id
    known.save(update_fields=["quantity", "wanted", "state", "product"])


def _ask_for_mapping(order: Order, lines: Iterable[OrderLine]) -> None:
    for line in lines:
        if line.state == OrderLine.State.NEEDS_MAPPING and line.wanted:
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
            deadletters.close_letter("order_line", line.pk, resolution="mapped")


def _move_order(order: Order, incoming: IncomingOrder) -> None:
    now = clock.now()
    if incoming.cancelled_at is not None and incoming.complete:
        order.cancelled_at = incoming.cancelled_at
    elif incoming.paid in _PAID and order.state in (State.AWAITING_PAYMENT, State.HELD, State.DONE):
        order.paid_at = order.paid_at or now
        hold = (
            incoming.hold_reason or order.customer.hold_reason or (order.hold_reason if order.state == "held" else "")
        )
        order.hold_reason = hold[:200]
        order.state = State.HELD if hold else State.OPEN
    elif incoming.hold_reason and order.state == State.AWAITING_PAYMENT:
        order.hold_reason = incoming.hold_reason[:200]
    order.save()


@needs_transaction
def _owe(order: Order, lines: Iterable[OrderLine], *, fresh_order: bool) -> list[Unit]:
    """Make the units that are owed and not there yet. The unique key refuses doubles, whoever comes first."""
    made_so_far = {} if fresh_order else _units_by_line(order)
    now = clock.now()
    made = []
    for line in lines:
        if line.state != OrderLine.State.MAPPED:
            continue
        existing, given_back = made_so_far.get(line.pk, (0, 0))
        # Indexes given back stay used: a later rise of the quantity makes new ones after them.
        made += [_unit(order, line, index, now) for index in range(existing, line.wanted + given_back)]
    return Unit.objects.bulk_create(made)


def _units_by_line(order: Order) -> dict[int, tuple[int, int]]:
    given_back = Q(state__in=["cancelled", "refunded"]) | ~Q(cancel_wanted="") | Q(compensation__isnull=False)
    rows = order.units.values_list("order_line_id").annotate(all=Count("pk"), back=Count("pk", filter=given_back))
    return {line_id: (total, back) for line_id, total, back in rows}


def _unit(order: Order, line: OrderLine, index: int, now: datetime) -> Unit:
    assert line.product_id is not None
    return Unit(
        organization_id=order.organization_id,
        public_id=new_id("unt"),
        book=order.book,
        account=order.account,
        external_order=order.external_id,
        external_line=line.external_id,
        index=index,
        order=order,
        order_line=line,
        product_id=line.product_id,
        price_minor=line.unit_price_minor,
        currency=order.currency,
        state_at=now,
        due_at=now + timedelta(seconds=30),
        created_at=now,
    )


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


def _set_going(order: Order, units: list[Unit]) -> None:
    now = clock.now()
    first, *_ = settings.SIMPLANE.delivery_clock_seconds
    Order.objects.filter(pk=order.pk).update(
        clock_started_at=now, clock_step=0, clock_next_at=now + timedelta(seconds=first)
    )
    events.record(UnitsOwed(order_id=order.pk, unit_ids=[unit.pk for unit in units]))
    jobs.enqueue_many("ordering.advance", [{"unit_id": unit.pk} for unit in units])


@needs_transaction
def owe_again(order: Order) -> None:
    """Make and start what an order owes after it was released or a line of it was mapped. The caller holds its lock."""
    if order.state == State.DONE:
        order.state = State.OPEN
        order.save(update_fields=["state"])
    if order.state != State.OPEN:
        return
    fresh = _owe(order, list(order.lines.all()), fresh_order=False)
    resting = list(order.units.filter(state=Unit.State.WAITING, due_at__isnull=True))
    Unit.objects.filter(pk__in=[unit.pk for unit in resting]).update(due_at=clock.now())
    if fresh or resting:
        _set_going(order, [*fresh, *resting])
    finish_order(order.pk)
