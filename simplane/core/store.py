"""The quick way into the inbox: deliveries that arrive while one commit is under way share the next.

Plain psycopg with prepared statements beside Django's connection (measured: docs/adr/0003). A delivery is answered only
after its commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from simplane.core import clock, jobs
from simplane.core.batches import Batcher, Connection, OneAProcess, Ticket
from simplane.core.inbox import STORE_SQL

WAIT_SECONDS = 4.0
"""Shopify hangs up after five."""


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


def put(delivery: Delivery) -> None:
    """Store and commit, or raise NotDone. A repeat of a stored delivery is counted and counts as stored."""
    _batcher.get().submit(delivery)


def put_and_tell(
    delivery: Delivery, tell: Callable[[bool | None, BaseException | None], None]
) -> Ticket[Delivery, bool]:
    """As `put`, without waiting: `tell` is called from another thread, with an error when it is not stored."""
    return _batcher.get().start(delivery, tell)


def _commit(connection: Connection, batch: Sequence[Delivery]) -> list[bool]:
    connection.execute(STORE_SQL, columns(batch, clock.now()))
    return [True] * len(batch)


def make_batcher() -> Batcher[Delivery, bool]:
    """A thread and a connection that store deliveries; `put` uses one a process."""
    return Batcher(
        "inbox",
        _commit,
        key=lambda delivery: delivery.key,
        committed=lambda: jobs.wake_workers("intake"),
        seconds=WAIT_SECONDS,
    )


_batcher: OneAProcess[Delivery, bool] = OneAProcess(make_batcher)


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
