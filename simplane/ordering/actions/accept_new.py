"""A plain new order in one statement: most orders come once, paid, with everything clear. All others go the long way."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from simplane.core import clock, events, jobs, rows
from simplane.core.db import transaction
from simplane.core.ids import new_id
from simplane.ordering.events import OrderReceived, UnitsOwed
from simplane.ordering.models import Customer, Order, OrderLine, Unit
from simplane.ordering.values import Acceptance, IncomingLine, IncomingOrder


def accept_new(incoming: IncomingOrder) -> Acceptance | None:
    """Take in an order that is paid, clear in every line and not here yet. None: it is not such an order, nothing changed.

    Order, lines, units and the news of it commit together; a customer whose orders wait for a person is not such a case.
    """
    if not _plain(incoming):
        return None
    with transaction():
        with connection.cursor() as cursor:
            cursor.execute(_sql(), [msgspec.json.encode(_rows(incoming)).decode()])
            order_id, unit_ids = cursor.fetchone()
        if order_id is None:
            return None
        events.record(
            OrderReceived(order_id=order_id, source=incoming.source, state=Order.State.OPEN, name=incoming.name[:80]),
            UnitsOwed(order_id=order_id, unit_ids=unit_ids),
        )
        jobs.enqueue_many("ordering.advance", [{"unit_id": pk} for pk in unit_ids])
    return Acceptance(
        order_id=order_id, created=True, new_units=len(unit_ids), cancelled_units=0, state=Order.State.OPEN
    )


def _plain(incoming: IncomingOrder) -> bool:
    lines = incoming.lines
    return (
        incoming.paid == "paid"
        and incoming.cancelled_at is None
        and not incoming.hold_reason
        and bool(incoming.locale)
        and "@" in incoming.email
        and any(line.kind == "esim" and line.quantity > 0 for line in lines)
        and all(line.current == line.quantity and line.kind != "needs_mapping" for line in lines)
        and len({line.external_id for line in lines}) == len(lines)
    )


def _rows(incoming: IncomingOrder) -> dict[str, Any]:
    """The rows by table, without the keys that only the database knows."""
    now = clock.now()
    first, *_ = settings.SIMPLANE.delivery_clock_seconds
    order = new_order(incoming, None)
    order.state, order.paid_at = Order.State.OPEN, now
    order.clock_started_at, order.clock_next_at = now, now + timedelta(seconds=first)
    lines = [new_line(order, line) for line in incoming.lines]
    units = [
        new_unit(order, line, index, now)
        for line in lines
        if line.state == OrderLine.State.MAPPED
        for index in range(line.wanted)
    ]
    return {
        "customer": rows.plain(new_customer(incoming)),
        "order": rows.plain(order),
        "lines": [rows.plain(line) for line in lines],
        "units": [rows.plain(unit) for unit in units],
    }


@cache
def _sql() -> str:
    """Columns as the models have them; rows come as JSON and take the types of their tables."""
    order, line = rows.names(Order, but="customer_id"), rows.names(OrderLine, but="order_id")
    unit, customer = rows.names(Unit, but=("order_id", "order_line_id")), rows.names(Customer)
    return f"""
    WITH given AS (SELECT %s::jsonb AS rows),
    one AS (SELECT r.* FROM given, jsonb_populate_record(NULL::ordering_order, given.rows->'order') AS r),
    buyer AS (SELECT r.* FROM given, jsonb_populate_record(NULL::ordering_customer, given.rows->'customer') AS r),
    here AS (
      SELECT known.id FROM one JOIN ordering_order AS known USING (book, account, external_id)
    ), known AS (
      SELECT c.id, c.hold_reason FROM buyer JOIN ordering_customer AS c USING (organization_id, email)
    ), made AS (
      INSERT INTO ordering_customer ({customer}) SELECT {customer} FROM buyer
      WHERE NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM here) ON CONFLICT DO NOTHING RETURNING id
    ), customer AS (
      SELECT id FROM known WHERE hold_reason = '' AND NOT EXISTS (SELECT FROM here) UNION ALL SELECT id FROM made
    ), taken AS (
      INSERT INTO ordering_order ({order}, customer_id) SELECT {_behind("one", order)}, customer.id FROM one, customer
      ON CONFLICT DO NOTHING RETURNING id
    ), line AS (
      INSERT INTO ordering_orderline ({line}, order_id) SELECT {_behind("r", line)}, taken.id
      FROM taken, given, jsonb_populate_recordset(NULL::ordering_orderline, given.rows->'lines')
        WITH ORDINALITY AS r ORDER BY r.ordinality
      RETURNING id, external_id
    ), unit AS (
      INSERT INTO ordering_unit ({unit}, order_id, order_line_id) SELECT {_behind("r", unit)}, taken.id, line.id
      FROM taken, given, jsonb_populate_recordset(NULL::ordering_unit, given.rows->'units') WITH ORDINALITY AS r
      JOIN line ON line.external_id = r.external_line ORDER BY r.ordinality
      RETURNING id
    )
    SELECT (SELECT id FROM taken), (SELECT coalesce(array_agg(id ORDER BY id), '{{}}') FROM unit)
    """  # noqa: S608  names of our own columns


def _behind(alias: str, names: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in names.split(", "))


def new_order(incoming: IncomingOrder, customer: Customer | None) -> Order:
    """An order as it came, not yet paid for as far as we know."""
    return Order(
        organization_id=incoming.organization_id,
        public_id=new_id("ord"),
        book=incoming.book,
        account=incoming.account,
        external_id=incoming.external_id,
        name=incoming.name[:80],
        customer=customer,
        state=Order.State.AWAITING_PAYMENT,
        currency=incoming.total.currency,
        total_minor=incoming.total.minor,
        shown_currency=incoming.shown_total.currency if incoming.shown_total else "",
        shown_total_minor=incoming.shown_total.minor if incoming.shown_total else None,
        refunded_minor=incoming.refunded.minor if incoming.refunded else 0,
        is_test=incoming.is_test,
        locale=(incoming.locale or (customer.locale if customer else ""))[:10],
        placed_at=incoming.placed_at,
        source_updated_at=incoming.updated_at,
        source_message_id=incoming.message_id,
        received_at=clock.now(),
    )


def new_customer(incoming: IncomingOrder) -> Customer:
    """The buyer as the order tells. Without an address two buyers are never taken for one."""
    email = incoming.email.strip().lower() or f"none:{incoming.account}:{incoming.external_id}"
    return Customer(
        organization_id=incoming.organization_id,
        email=email[:320],
        name=incoming.customer_name[:200],
        phone=incoming.phone[:40],
        locale=(incoming.locale or "en")[:10],
        created_at=clock.now(),
    )


def new_line(order: Order, line: IncomingLine) -> OrderLine:
    """A line as it came."""
    return OrderLine(
        order=order,
        external_id=line.external_id,
        sku=line.sku[:200],
        variant=line.variant[:80],
        title=line.title[:300],
        state=line_state(line),
        product_id=line.product_id,
        quantity=line.quantity,
        wanted=line.current,
        unit_price_minor=line.unit_price.minor,
    )


def line_state(line: IncomingLine) -> str:
    """Whether it is an eSIM we know, one we do not know, or nothing of ours."""
    kinds = {
        "esim": OrderLine.State.MAPPED,
        "needs_mapping": OrderLine.State.NEEDS_MAPPING,
        "not_ours": OrderLine.State.NOT_OURS,
    }
    return kinds[line.kind]


def new_unit(order: Order, line: OrderLine, index: int, now: datetime) -> Unit:
    """One eSIM owed."""
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
