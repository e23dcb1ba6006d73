"""A plain new order in one statement: most orders come once, paid, with everything clear. All others go the long way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from simplane.core import clock, context, events, jobs, rows
from simplane.core.db import needs_transaction, transaction
from simplane.core.events import News
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
        return accept_new_many([(context.request_id(), incoming)])[0]


@needs_transaction
def accept_new_many(told: Sequence[tuple[str, IncomingOrder]]) -> list[Acceptance | None]:
    """As `accept_new`, for several orders in one statement, each with the id of its request.

    Of two orders of one buyer, or of one order twice, only the first is taken now.
    """
    chosen = {place: told[place] for place in _apart([incoming for _, incoming in told])}
    if not chosen:
        return [None] * len(told)
    with connection.cursor() as cursor:
        cursor.execute(_sql(), [msgspec.json.encode(_rows([incoming for _, incoming in chosen.values()])).decode()])
        made = {(book, account, number): rest for book, account, number, *rest in cursor.fetchall()}
    answers: list[Acceptance | None] = [None] * len(told)
    news: list[tuple[str, News]] = []
    wanted = []
    for place, (rid, incoming) in sorted(chosen.items()):
        if (row := made.get(_key(incoming))) is not None:
            order_id, unit_ids = row
            answers[place] = _acceptance(order_id, unit_ids)
            state, name = Order.State.OPEN, incoming.name[:80]
            news.append((rid, OrderReceived(order_id=order_id, source=incoming.source, state=state, name=name)))
            news.append((rid, UnitsOwed(order_id=order_id, unit_ids=unit_ids)))
            wanted += [{"unit_id": pk, "_rid": rid} for pk in unit_ids]
    events.record_each(news)
    jobs.enqueue_many("ordering.advance", wanted)
    return answers


def _acceptance(order_id: int, unit_ids: Sequence[int]) -> Acceptance:
    return Acceptance(
        order_id=order_id, created=True, new_units=len(unit_ids), cancelled_units=0, state=Order.State.OPEN
    )


def _key(incoming: IncomingOrder) -> tuple[str, str, str]:
    return incoming.book, incoming.account, incoming.external_id


def _apart(many: Sequence[IncomingOrder]) -> list[int]:
    """Where the plain ones stand, each buyer and each order once, in an order that is the same for all groups, so that
    none wait crosswise.
    """
    by_buyer: dict[tuple[int, str], int] = {}
    seen = set()
    for place, incoming in enumerate(many):
        buyer = incoming.organization_id, incoming.email.strip().lower()
        if _plain(incoming) and _key(incoming) not in seen and buyer not in by_buyer:
            seen.add(_key(incoming))
            by_buyer[buyer] = place
    return [by_buyer[buyer] for buyer in sorted(by_buyer)]


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


def _rows(many: Sequence[IncomingOrder]) -> dict[str, Any]:
    """The rows by table, without the keys that only the database knows; a line names its order by its place in the list."""
    now = clock.now()
    first, *_ = settings.SIMPLANE.delivery_clock_seconds
    made: dict[str, Any] = {"customers": [], "orders": [], "lines": [], "line_of": [], "units": []}
    for place, incoming in enumerate(many, 1):
        order = new_order(incoming, None)
        order.state, order.paid_at = Order.State.OPEN, now
        order.clock_started_at, order.clock_next_at = now, now + timedelta(seconds=first)
        lines = [new_line(order, line) for line in incoming.lines]
        made["customers"].append(rows.plain(new_customer(incoming)))
        made["orders"].append(rows.plain(order))
        made["lines"] += [rows.plain(line) for line in lines]
        made["line_of"] += [place] * len(lines)
        made["units"] += [
            rows.plain(new_unit(order, line, index, now))
            for line in lines
            if line.state == OrderLine.State.MAPPED
            for index in range(line.wanted)
        ]
    return made


@cache
def _sql() -> str:
    """Columns as the models have them; rows come as JSON and take the types of their tables."""
    order, line = rows.names(Order, but="customer_id"), rows.names(OrderLine, but="order_id")
    unit, customer = rows.names(Unit, but=("order_id", "order_line_id")), rows.names(Customer)
    return f"""
    WITH given AS (SELECT %s::jsonb AS rows),
    one AS (
      SELECT r.* FROM given, jsonb_populate_recordset(NULL::ordering_order, given.rows->'orders') WITH ORDINALITY AS r
    ), buyer AS (
      SELECT r.* FROM given, jsonb_populate_recordset(NULL::ordering_customer, given.rows->'customers')
        WITH ORDINALITY AS r
    ), fresh AS (
      SELECT one.ordinality FROM one WHERE NOT EXISTS (SELECT FROM ordering_order AS here
        WHERE (here.book, here.account, here.external_id) = (one.book, one.account, one.external_id))
    ), known AS (
      SELECT buyer.ordinality, c.id, c.hold_reason FROM fresh JOIN buyer USING (ordinality)
      JOIN ordering_customer AS c USING (organization_id, email)
    ), made AS (
      INSERT INTO ordering_customer ({customer}) SELECT {_behind("buyer", customer)} FROM fresh
      JOIN buyer USING (ordinality) WHERE NOT EXISTS (SELECT FROM known WHERE known.ordinality = buyer.ordinality)
      ORDER BY buyer.ordinality ON CONFLICT DO NOTHING RETURNING id, organization_id, email
    ), customer AS (
      SELECT ordinality, id FROM known WHERE hold_reason = ''
      UNION ALL SELECT buyer.ordinality, made.id FROM made JOIN buyer USING (organization_id, email)
    ), taken AS (
      INSERT INTO ordering_order ({order}, customer_id) SELECT {_behind("one", order)}, customer.id
      FROM one JOIN customer USING (ordinality) ORDER BY one.ordinality
      ON CONFLICT DO NOTHING RETURNING id, book, account, external_id
    ), line AS (
      INSERT INTO ordering_orderline ({line}, order_id) SELECT {_behind("r", line)}, taken.id
      FROM given CROSS JOIN jsonb_populate_recordset(NULL::ordering_orderline, given.rows->'lines') WITH ORDINALITY AS r
      JOIN one ON one.ordinality = (given.rows->'line_of'->>(r.ordinality - 1)::int)::int
      JOIN taken ON (taken.book, taken.account, taken.external_id) = (one.book, one.account, one.external_id)
      ORDER BY r.ordinality
      RETURNING id, order_id, external_id
    ), unit AS (
      INSERT INTO ordering_unit ({unit}, order_id, order_line_id) SELECT {_behind("r", unit)}, taken.id, line.id
      FROM given CROSS JOIN jsonb_populate_recordset(NULL::ordering_unit, given.rows->'units') WITH ORDINALITY AS r
      JOIN taken ON (taken.book, taken.account, taken.external_id) = (r.book, r.account, r.external_order)
      JOIN line ON line.order_id = taken.id AND line.external_id = r.external_line ORDER BY r.ordinality
      RETURNING id, order_id
    )
    SELECT taken.book, taken.account, taken.external_id, taken.id,
      (SELECT coalesce(array_agg(unit.id ORDER BY unit.id), '{{}}') FROM unit WHERE unit.order_id = taken.id)
    FROM taken
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
