"""Placing wholesale orders: what is asked, what comes back, and the two ways to the SQL that decides it.

The rules live in the two functions of migration 0002; a property test holds both to a readable reference. Orders that
arrive while one commit is under way share the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from simplane.core import clock, jobs
from simplane.core.batches import AGAIN, Again, Batcher, Connection, OneAProcess, Ticket
from simplane.core.prepared import Prepared, Row, array, hexed

MOST_LINES = 200
MOST_UNITS = 1_000
"""Of one order; more is refused before it comes here."""
SECONDS = 10.0
LANES_ALONE = 16
"""Connections a process when no order shares its commit: commits at the same time share the disk's."""


@dataclass(frozen=True, slots=True)
class LineWanted:
    """So many of a SKU, for at most so much a unit (minor units of the account's currency)."""

    sku: str
    quantity: int
    most_minor: int | None = None
    quote: str | None = None
    """A quote's id: its price counts, once."""


@dataclass(frozen=True, slots=True)
class OrderWanted:
    """An order as an API key asks for it. Texts are clean and lengths checked; nothing else is."""

    key_hash: bytes
    address: str
    idempotency_key: str
    request_hash: bytes
    public_id: str
    lines: tuple[LineWanted, ...]
    reference: str | None = None
    email: str = ""
    """Who gets the mail with the eSIM, lower case; empty: nobody, the caller hands it over."""
    name: str = ""
    locale: str = "en"
    request_id: str = ""
    test_fault: str = ""
    """What a stand-in supplier shall do wrong with it; only of test twins."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of it. `code`: created, replayed, or why not. `body` is the JSON to answer with, where one is stored."""

    code: str
    status: int | None = None
    body: str | None = None
    detail: dict[str, Any] | None = None
    per_minute: int | None = field(default=None, compare=False)
    """The key's rate; None: the key is unknown."""
    lead: float | None = field(default=None, compare=False)
    """Seconds by which the key is ahead of its rate; None: it was refused before it was counted."""


def place_many(connection: Connection, orders: Sequence[OrderWanted]) -> list[Placed | Again]:
    """Decide all of them in one commit; AGAIN for those that depend on another of the same batch."""
    rows = _MANY.rows(connection, [*_of_each(orders), *_of_lines(orders, numbered=True), *_times()])
    return [AGAIN if row[1] == b"again" else _placed(row[1:]) for row in rows]


def place_one(connection: Connection, order: OrderWanted) -> Placed:
    """Decide one order in a commit of its own."""
    mine = [
        hexed(order.key_hash),
        order.address,
        order.idempotency_key,
        hexed(order.request_hash),
        order.public_id,
        order.reference,
        order.email,
        order.name,
        order.locale,
        order.request_id,
        order.test_fault,
    ]
    (row,) = _ONE.rows(connection, [*mine, *_of_lines([order], numbered=False), *_times()])
    return _placed(row)


def _placed(row: Row) -> Placed:
    code, status, body, detail, per_minute, lead = row
    assert code is not None
    return Placed(
        code.decode(),
        None if status is None else int(status),
        None if body is None else body.decode(),
        None if detail is None else json.loads(detail),
        None if per_minute is None else int(per_minute),
        None if lead is None else float(lead),
    )


def place(order: OrderWanted) -> Placed:
    """Decide an order in a commit it shares with those that come at the same time. Raises NotDone.

    Orders of the same key never share a commit, so the second one sees the first one's answer.
    """
    return _batcher.get().submit(order)


def place_and_tell(order: OrderWanted, tell: Callable[[Placed | None, BaseException | None], None]) -> Ticket[Any, Any]:
    """As `place`, without waiting: `tell` is called from another thread with the answer or with what went wrong."""
    return _batcher.get().start(order, tell)


def make_batcher() -> Batcher[OrderWanted, Placed]:
    """Threads with a connection each that place orders; `place` uses one batcher a process."""
    alone = settings.SIMPLANE.order_batch == 1
    return Batcher(
        "orders",
        (lambda connection, orders: [place_one(connection, orders[0])]) if alone else place_many,
        lanes=LANES_ALONE if alone else 1,
        key=lambda order: (order.key_hash, order.idempotency_key),
        committed=lambda: jobs.wake_workers("supplier"),
        seconds=SECONDS,
        most=settings.SIMPLANE.order_batch,
    )


_batcher: OneAProcess[OrderWanted, Placed] = OneAProcess(make_batcher)


def _of_each(orders: Sequence[OrderWanted]) -> list[str]:
    return [
        array([hexed(one.key_hash) for one in orders]),
        array([one.address for one in orders]),
        array([one.idempotency_key for one in orders]),
        array([hexed(one.request_hash) for one in orders]),
        array([one.public_id for one in orders]),
        array([one.reference for one in orders]),
        array([one.email for one in orders]),
        array([one.name for one in orders]),
        array([one.locale for one in orders]),
        array([one.request_id for one in orders]),
        array([one.test_fault for one in orders]),
    ]


def _of_lines(orders: Sequence[OrderWanted], *, numbered: bool) -> list[str]:
    lines = [line for order in orders for line in order.lines]
    numbers = [array([number for number, order in enumerate(orders, 1) for _ in order.lines])] if numbered else []
    return [
        *numbers,
        array([line.sku for line in lines]),
        array([line.quantity for line in lines]),
        array([line.most_minor for line in lines]),
        array([line.quote for line in lines]),
    ]


def _times() -> list[str]:
    now = clock.now()
    first, *_ = settings.SIMPLANE.delivery_clock_seconds
    return [now.isoformat(), stamp(now), f"{first} seconds"]


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as every time in the API."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


_MANY = Prepared(
    "simplane_many",
    "SELECT * FROM simplane_place_orders($1::bytea[], $2::inet[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[],"
    " $8::text[], $9::text[], $10::text[], $11::text[], $12::int[], $13::text[], $14::int[], $15::bigint[], $16::text[],"
    " $17::timestamptz, $18::text, $19::interval)",
)
_ONE = Prepared(
    "simplane_one",
    "SELECT * FROM simplane_place_order($1::bytea, $2::inet, $3::text, $4::bytea, $5::text, $6::text, $7::text, $8::text,"
    " $9::text, $10::text, $11::text, $12::text[], $13::int[], $14::bigint[], $15::text[], $16::timestamptz, $17::text,"
    " $18::interval)",
)
