"""The quick way into the inbox: deliveries that arrive while one commit is under way share the next.

Plain psycopg with prepared statements beside Django's connection (measured: docs/adr/0003). A delivery is answered only
after its commit.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import psycopg

from simplane.core import clock, jobs
from simplane.core.inbox import STORE_SQL
from simplane.core.log import logger

log = logger(__name__)
MOST_IN_A_BATCH = 64
WAIT_SECONDS = 4.0
"""Shopify hangs up after five."""


class NotStored(Exception):
    """The delivery could not be committed; the sender must try again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook to be stored, raw."""

    channel: str
    account: str
    delivery_id: str
    topic: str
    headers: dict[str, str]
    body: bytes
    trusted: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two deliveries the same."""
        return self.channel, self.account, self.delivery_id


@dataclass(slots=True)
class _Ticket:
    delivery: Delivery
    done: threading.Event = field(default_factory=threading.Event)
    problem: str = ""


class Store:
    """One thread and one connection that commit batches. Make one a process, after the fork."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[_Ticket] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="inbox-store", daemon=True)
        self._thread.start()

    def put(self, delivery: Delivery) -> None:
        """Store and commit, or raise NotStored. A repeat of a stored delivery is counted and counts as stored."""
        ticket = _Ticket(delivery)
        self._waiting.put(ticket)
        if not ticket.done.wait(WAIT_SECONDS):
            raise NotStored("the database did not answer in time")
        if ticket.problem:
            raise NotStored(ticket.problem)

    def _run(self) -> None:
        connection: psycopg.Connection[tuple[object, ...]] | None = None
        left_over: list[_Ticket] = []
        while True:
            batch, left_over = self._gather(left_over)
            try:
                if connection is None or connection.closed:
                    connection = _connect()
                _store(connection, batch)
            except Exception as error:
                log.error("inbox.not_stored", error=type(error).__name__, deliveries=len(batch))
                _close(connection)
                connection = None
                _finish(batch, type(error).__name__)
            else:
                jobs.wake_workers("intake")

    def _gather(self, left_over: list[_Ticket]) -> tuple[list[_Ticket], list[_Ticket]]:
        """A batch without doubles in it (the second of two waits for the next batch), and what must wait."""
        found = left_over or [self._waiting.get()]
        while len(found) < MOST_IN_A_BATCH:
            try:
                found.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        batch: dict[tuple[str, str, str], _Ticket] = {}
        later = [ticket for ticket in found if batch.setdefault(ticket.delivery.key, ticket) is not ticket]
        return list(batch.values()), later


def _connect() -> psycopg.Connection[tuple[object, ...]]:
    """A statement nobody waits for any more must not hold up the next batches."""
    made = psycopg.connect(**jobs.connection_parameters(), autocommit=True, prepare_threshold=1)
    made.execute(f"SET statement_timeout = '{WAIT_SECONDS}s'")
    return made


def _store(connection: psycopg.Connection[tuple[object, ...]], batch: Sequence[_Ticket]) -> None:
    """Commit a batch; one delivery that the database refuses (a NUL in a header) must not spoil the others."""
    try:
        _commit(connection, [ticket.delivery for ticket in batch])
    except psycopg.DataError:
        for ticket in batch:
            try:
                _commit(connection, [ticket.delivery])
            except psycopg.DataError as error:
                _finish([ticket], type(error).__name__)
            else:
                _finish([ticket], "")
    else:
        _finish(batch, "")


def _commit(connection: psycopg.Connection[tuple[object, ...]], batch: Sequence[Delivery]) -> None:
    connection.execute(STORE_SQL, columns(batch, clock.now()))


def columns(batch: Sequence[Delivery], now: datetime) -> dict[str, object]:
    """The parameters of STORE_SQL for these deliveries."""
    encode = msgspec.json.encode
    return {
        "now": now,
        "due": now + timedelta(seconds=60),
        "channel": [one.channel for one in batch],
        "account": [one.account for one in batch],
        "delivery_id": [one.delivery_id for one in batch],
        "topic": [one.topic for one in batch],
        "headers": [encode(one.headers).decode() for one in batch],
        "body": [one.body for one in batch],
        "trusted": [one.trusted for one in batch],
    }


def _close(connection: psycopg.Connection[tuple[object, ...]] | None) -> None:
    if connection is not None:
        connection.close()


def _finish(batch: Sequence[_Ticket], problem: str) -> None:
    for ticket in batch:
        ticket.problem = problem
        ticket.done.set()
