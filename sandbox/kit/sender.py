"""Sends webhooks: from the books, on the virtual clock, with holding back, re-ordering and a retry schedule."""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence

import httpcore2

from sandbox.kit.books import Books, JsonObject, Row
from sandbox.kit.clock import Clock

_FAILURES = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
)
ORDERS = ("fifo", "reverse", "shuffle")
IDLE_SECONDS = 5.0
HELD_KEY = "deliveries_held"


class NotDeliveredError(Exception):
    """The receiver did not answer."""


class Sender:
    """A queue of deliveries in the books.

    A delivery is done when the receiver answers 2xx (or exactly `only_status`); else it is tried again after each
    pause of its schedule (seconds), then given up. They start in the order in which they are due; `parallel` says how
    many may be under way at once (1 keeps the order of arrival too).
    """

    def __init__(self, books: Books, clock: Clock) -> None:
        self._books = books
        self._clock = clock
        self._dice = random.Random(1)
        self.timeout_seconds = 10.0
        self.only_status: int | None = None
        self.parallel = 1
        books.execute("update kit_delivery set state = 'due' where state = 'sending'")

    @property
    def held(self) -> bool:
        """Are deliveries held back?"""
        return bool(self._books.get_state(HELD_KEY))

    def enqueue(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        delay_seconds: float = 0,
        schedule: Sequence[float] = (),
        label: str = "",
    ) -> int:
        """Queue one delivery and return its number. Inside a transaction it commits with the rest."""
        cursor = self._books.execute(
            "insert into kit_delivery (url, headers, body, due_at, schedule, label) values (?,?,?,?,?,?)",
            (url, json.dumps(dict(headers)), body, self._due(delay_seconds), json.dumps(list(schedule)), label),
        )
        self._clock.wake()
        return int(cursor.lastrowid or 0)

    def _due(self, delay_seconds: float) -> float:
        return self._clock.timestamp() + delay_seconds

    def hold(self) -> None:
        """Keep everything back until `release`."""
        self._books.set_state(HELD_KEY, True)

    def release(self, order: str = "fifo") -> int:
        """Send what was held back: in order, in reverse, or shuffled. Returns how many."""
        if order not in ORDERS:
            raise ValueError(f"order must be one of {', '.join(ORDERS)}")
        numbers = [row["id"] for row in self._books.rows("select id from kit_delivery where state = 'due' order by id")]
        wanted = list(numbers)
        if order == "reverse":
            wanted.reverse()
        elif order == "shuffle":
            self._dice.shuffle(wanted)
        start = self._clock.timestamp() - len(wanted)
        with self._books.transaction() as db:
            db.executemany(
                "update kit_delivery set due_at = ? where id = ?", [(start + n, key) for n, key in enumerate(wanted)]
            )
            self._books.set_state(HELD_KEY, False)
        self._clock.wake()
        return len(wanted)

    def as_json(self, limit: int = 200) -> list[JsonObject]:
        """The last deliveries, newest first."""
        rows = self._books.rows("select * from kit_delivery order by id desc limit ?", (limit,))
        return [{**dict(row), "body": bytes(row["body"]).decode(errors="replace")} for row in rows]

    async def run(self) -> None:
        """Deliver for ever; cancel to stop."""
        # The bare pool: a client's models of request and answer cost more than all the rest of a delivery.
        async with httpcore2.AsyncConnectionPool(keepalive_expiry=5.0) as pool, asyncio.TaskGroup() as sending:
            free = asyncio.Semaphore(self.parallel)
            while True:
                row = None if self.held else self._next()
                if row is None or row["due_at"] > self._clock.timestamp():
                    await self._clock.wait_for_move(self._pause(row))
                    continue
                await free.acquire()
                self._books.execute("update kit_delivery set state = 'sending' where id = ?", (row["id"],))
                sending.create_task(self._deliver(pool, row)).add_done_callback(lambda _: free.release())

    def _next(self) -> Row | None:
        return self._books.row("select * from kit_delivery where state = 'due' order by due_at, id limit 1")

    def _pause(self, row: Row | None) -> float:
        if row is None or self.held:
            return IDLE_SECONDS
        return float(min(max(row["due_at"] - self._clock.timestamp(), 0.001), IDLE_SECONDS))

    async def _deliver(self, pool: httpcore2.AsyncConnectionPool, row: Row) -> None:
        status, error = None, None
        try:
            status = await self._post(pool, row["url"], bytes(row["body"]), json.loads(row["headers"]))
        except NotDeliveredError as problem:
            error = str(problem)
        self._settle(row, status, error)

    async def _post(
        self, pool: httpcore2.AsyncConnectionPool, url: str, body: bytes, headers: Mapping[str, str]
    ) -> int:
        """The status of the answer; redirects are answers. Raises NotDeliveredError when none came."""
        seconds = dict.fromkeys(("connect", "read", "write", "pool"), self.timeout_seconds)
        try:
            answer = await pool.request(
                "POST", url, headers=list(headers.items()), content=body, extensions={"timeout": seconds}
            )
        except (*_FAILURES, OSError, ValueError) as problem:
            raise NotDeliveredError(f"{type(problem).__name__}: {problem}"[:300]) from problem
        return answer.status

    def _settle(self, row: Row, status: int | None, error: str | None) -> None:
        done = status == self.only_status if self.only_status else status is not None and 200 <= status < 300
        pauses: list[float] = json.loads(row["schedule"])
        attempts = row["attempts"] + 1
        again = not done and attempts <= len(pauses)
        due_at = self._clock.timestamp() + pauses[attempts - 1] if again else row["due_at"]
        state = "sent" if done else "due" if again else "failed"
        self._books.execute(
            "update kit_delivery set attempts = ?, state = ?, due_at = ?, last_status = ?, last_error = ? where id = ?",
            (attempts, state, due_at, status, error, row["id"]),
        )


async def stop(task: "asyncio.Task[None]") -> None:
    """Cancel a running sender and wait until it is gone."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
