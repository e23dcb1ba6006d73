"""Delivers webhooks: up to 32 at once, on the virtual clock, with Shopify's retry schedule."""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import accumulate

from sandbox.kit.books import JsonObject, Row
from sandbox.kit.sender import HELD_KEY, IDLE_SECONDS, ORDERS, Sender
from sandbox.shopify.post import PostError, post
from sandbox.shopify.signature import headers, secret_for, sign
from sandbox.shopify.store import Store
from sandbox.shopify.webhooks import Webhooks, unpack

AT_ONCE = 32
PORTION = 256

# Shopify says: eight retries over four hours. The single pauses are not published; these grow and add up to 4 h.
PAUSES_SECONDS = (60, 120, 300, 600, 1200, 2400, 3600, 6120)
RETRY_AT_SECONDS = tuple(accumulate(PAUSES_SECONDS))


class WebhookSender(Sender):
    """Takes the place of the kit's sender: same control routes, Shopify's rules.

    After eight failed retries of one delivery its subscription is deleted; other deliveries go on.
    `before_pass` runs whatever else has become due (cancel jobs).
    """

    def __init__(self, store: Store, webhooks: Webhooks, before_pass: Callable[[], None]) -> None:
        super().__init__(store.books, store.clock)
        self._store = store
        self._webhooks = webhooks
        self._before_pass = before_pass
        self._running: dict[int, asyncio.Task[None]] = {}
        self._ready: deque[Row] = deque()
        self.forget()

    @property
    def held(self) -> bool:
        """Are deliveries held back?"""
        return self._held

    def hold(self) -> None:
        """Keep everything back until `release`."""
        super().hold()
        self.forget()

    def forget(self) -> None:
        """Read again what the books say."""
        self._ready.clear()
        self._held = bool(self._store.books.get_state(HELD_KEY))
        self._one_by_one = 0

    def release(self, order: str = "fifo") -> int:
        """Send what was held back, one after the other: as queued, in reverse, or shuffled. Returns how many."""
        if order not in ORDERS:
            raise ValueError(f"order must be one of {', '.join(ORDERS)}")
        rows = self._store.books.rows("select id from shopify_delivery where state = 'due' order by due_ms, id")
        wanted = [row["id"] for row in rows]
        if order == "reverse":
            wanted.reverse()
        elif order == "shuffle":
            self._webhooks.dice.shuffle(wanted)
        start = self._store.now_ms() - len(wanted)
        with self._store.books.transaction() as db:
            db.executemany(
                "update shopify_delivery set due_ms = ? where id = ?",
                [(start + place, number) for place, number in enumerate(wanted)],
            )
            self._store.books.set_state(HELD_KEY, False)
        self.forget()
        self._one_by_one = len(wanted)
        self._store.clock.wake()
        return len(wanted)

    def as_json(self, limit: int = 200) -> list[JsonObject]:
        """The last deliveries, newest first, without bodies."""
        rows = self._store.books.rows(
            "select id, shop, topic, order_id, webhook_id, event_id, uri, signature, state, attempts, due_ms, "
            "last_status, last_error from shopify_delivery order by id desc limit ?",
            (limit,),
        )
        return [dict(row) for row in rows]

    async def run(self) -> None:
        """Deliver for ever; cancel to stop."""
        try:
            while True:
                self._before_pass()
                self._start_due()
                await self._store.clock.wait_for_move(self._wait_seconds())
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _start_due(self) -> None:
        while not self._held and len(self._running) < (1 if self._one_by_one else AT_ONCE):
            row = self._take()
            if row is None:
                return
            self._running[row["id"]] = asyncio.create_task(self._attempt(row))
            self._one_by_one = max(self._one_by_one - 1, 0)

    def _take(self) -> Row | None:
        """The next delivery that is due; they are read in portions."""
        if not self._ready:
            rows = self._store.books.rows(
                "select * from shopify_delivery where state = 'due' and due_ms <= ? order by due_ms, id limit ?",
                (self._store.now_ms(), PORTION + AT_ONCE),
            )
            self._ready.extend(row for row in rows if row["id"] not in self._running)
        return self._ready.popleft() if self._ready else None

    def _wait_seconds(self) -> float:
        # What is due already waits for a free place, and the end of a delivery wakes the loop then.
        if self._held or self._ready:
            return IDLE_SECONDS
        now = self._store.now_ms()
        sql = "select min(due_ms) from shopify_delivery where state = 'due' and due_ms > ?"
        due = self._store.books.number(sql, (now,))
        return min((due - now) / 1000, IDLE_SECONDS) if due else IDLE_SECONDS

    async def _attempt(self, row: Row) -> None:
        status, error = None, None
        try:
            body = unpack(row["body"])
            status = await post(row["uri"], body, self._headers(row, body))
        except PostError as problem:
            error = str(problem)[:300]
        finally:
            was_full = len(self._running) >= AT_ONCE
            self._running.pop(row["id"], None)
        done = self._note(row, status, error)
        if not done or was_full or self._ready or self._one_by_one:
            self._store.clock.wake()

    def _headers(self, row: Row, body: bytes) -> dict[str, str]:
        shop = self._store.shop(row["shop"])
        if shop is None:
            raise PostError("the shop is gone")
        result = headers(
            shop,
            topic=row["topic"],
            webhook_id=row["webhook_id"],
            event_id=row["event_id"],
            triggered_at=row["triggered_at"],
            name=row["name"],
        )
        if row["signature"] != "missing":
            secret = secret_for(shop, row["signature"], self._store.now_ms())
            result["X-Shopify-Hmac-Sha256"] = sign(secret, body)
        return result

    def _note(self, row: Row, status: int | None, error: str | None) -> bool:
        """Write down how the attempt ended. Is the delivery done?"""
        done = status is not None and 200 <= status < 300
        retries = row["attempts"]
        first_ms = row["first_ms"] or self._store.now_ms()
        again = not done and retries < len(RETRY_AT_SECONDS)
        scale = self._store.settings.number("retry_scale")
        due_ms = first_ms + int(RETRY_AT_SECONDS[retries] * 1000 * scale) if again else row["due_ms"]
        state = "sent" if done else "due" if again else "failed"
        self._store.books.execute(
            "update shopify_delivery set attempts = ?, state = ?, first_ms = ?, due_ms = ?, last_status = ?, "
            "last_error = ? where id = ?",
            (retries + 1, state, first_ms, due_ms, status, error, row["id"]),
        )
        if state == "failed" and row["subscription_id"]:
            self._webhooks.give_up_on(row["shop"], row["subscription_id"])
        if done and self._doubled():
            self._webhooks.repeat("id = ?", (row["id"],), 1)
        return done

    def _doubled(self) -> bool:
        rate = self._store.settings.number("duplicate_rate")
        return rate > 0 and self._webhooks.dice.random() < rate
