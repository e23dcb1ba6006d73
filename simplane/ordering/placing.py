"""Placing wholesale orders: what is asked, what comes back, and the two ways to the SQL that decides it.

The rules live in the two functions of migration 0002; a property test holds both to a readable reference. Orders that
arrive while one commit is under way share the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from simplane.core import clock, jobs
from simplane.core.batches import AGAIN, Again, Batcher, Connection, OneAProcess, Ticket

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
    rows = connection.execute(MANY, _columns(orders)).fetchall()
    return [AGAIN if row[1] == "again" else Placed(*row[1:]) for row in rows]


def place_one(connection: Connection, order: OrderWanted) -> Placed:
    """Decide one order in a commit of its own."""
    values = {
        **_times(),
        "hash": order.key_hash,
        "ip": order.address,
        "key": order.idempotency_key,
        "request": order.request_hash,
        "public": order.public_id,
        "reference": order.reference,
        "email": order.email,
        "name": order.name,
        "locale": order.locale,
        "rid": order.request_id,
        "fault": order.test_fault,
        "sku": [line.sku for line in order.lines],
        "quantity": [line.quantity for line in order.lines],
        "most": [line.most_minor for line in order.lines],
        "quote": [line.quote for line in order.lines],
    }
    row = connection.execute(ONE, values).fetchone()
    assert row is not None
    return Placed(*row)


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


def _columns(orders: Sequence[OrderWanted]) -> dict[str, Any]:
    lines = [(number, line) for number, order in enumerate(orders, 1) for line in order.lines]
    return {
        **_times(),
        "hash": [one.key_hash for one in orders],
        "ip": [one.address for one in orders],
        "key": [one.idempotency_key for one in orders],
        "request": [one.request_hash for one in orders],
        "public": [one.public_id for one in orders],
        "reference": [one.reference for one in orders],
        "email": [one.email for one in orders],
        "name": [one.name for one in orders],
        "locale": [one.locale for one in orders],
        "rid": [one.request_id for one in orders],
        "fault": [one.test_fault for one in orders],
        "of": [number for number, _ in lines],
        "sku": [line.sku for _, line in lines],
        "quantity": [line.quantity for _, line in lines],
        "most": [line.most_minor for _, line in lines],
        "quote": [line.quote for _, line in lines],
    }


def _times() -> dict[str, Any]:
    now = clock.now()
    first, *_ = settings.SIMPLANE.delivery_clock_seconds
    return {"now": now, "stamp": stamp(now), "late": timedelta(seconds=first)}


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as every time in the API."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


MANY = (
    "SELECT * FROM simplane_place_orders(%(hash)b::bytea[], %(ip)b::text[]::inet[], %(key)b::text[], %(request)b::bytea[],"
    " %(public)b::text[], %(reference)b::text[], %(email)b::text[], %(name)b::text[], %(locale)b::text[], %(rid)b::text[],"
    " %(fault)b::text[], %(of)b::int[], %(sku)b::text[], %(quantity)b::int[], %(most)b::bigint[], %(quote)b::text[],"
    " %(now)b::timestamptz, %(stamp)s, %(late)b::interval)"
)
ONE = (
    "SELECT * FROM simplane_place_order(%(hash)b::bytea, %(ip)s::inet, %(key)s, %(request)b::bytea, %(public)s,"
    " %(reference)s, %(email)s, %(name)s, %(locale)s, %(rid)s, %(fault)s, %(sku)b::text[], %(quantity)b::int[],"
    " %(most)b::bigint[], %(quote)b::text[], %(now)b::timestamptz, %(stamp)s, %(late)b::interval)"
)
