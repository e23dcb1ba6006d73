"""Delivers webhooks, signed anew at every attempt with the secrets in force at that moment."""

import time
from collections.abc import Callable

import httpcore2

from sandbox.kit.books import Row
from sandbox.kit.sender import NotDeliveredError, Sender
from sandbox.stripe.account import Account
from sandbox.stripe.endpoints import secrets_of
from sandbox.stripe.events import FIXED_HEADERS, Events
from sandbox.stripe.signature import header


class WebhookSender(Sender):
    """The kit's sender with Stripe's signature. `before_pass` does what has become due by the clock."""

    def __init__(self, account: Account, before_pass: Callable[[], None]) -> None:
        super().__init__(account.books, account.clock)
        self._account = account
        self._before_pass = before_pass
        self.events = Events(account, self)

    def _next(self) -> Row | None:
        self._before_pass()
        return super()._next()

    def _pause(self, row: Row | None) -> float:
        due = self._account.next_due()
        pause = super()._pause(row)
        return pause if due is None else min(pause, max(due - self._account.clock.timestamp(), 0.001))

    async def _deliver(self, pool: httpcore2.AsyncConnectionPool, row: Row) -> None:
        status, error = None, None
        _, endpoint_id, mode = row["label"].split()
        endpoint = self._account.objects.find(endpoint_id, "webhook_endpoint")
        if endpoint is None or endpoint["status"] != "enabled":
            self._books.execute("update kit_delivery set state = 'dropped' where id = ?", (row["id"],))
            return
        body = bytes(row["body"])
        signed = header(secrets_of(self._account, endpoint_id), self._stamp(), body, mode)
        headers = {**FIXED_HEADERS, "Stripe-Signature": signed} if signed else FIXED_HEADERS
        try:
            status = await self._post(pool, endpoint["url"], body, headers)
        except NotDeliveredError as problem:
            error = str(problem)
        self._settle(row, status, error)

    def _stamp(self) -> int:
        # Receivers compare it with their own clock, which knows nothing of the virtual one.
        return self._account.now() if self._account.settings["virtual_stamps"] else int(time.time())

    def _settle(self, row: Row, status: int | None, error: str | None) -> None:
        super()._settle(row, status, error)
        if status is not None and 200 <= status < 300:
            event_id, endpoint_id, _ = row["label"].split()
            self.events.settled(event_id, endpoint_id)
