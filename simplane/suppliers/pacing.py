"""Our share of a supplier's rate limit: one place in the line of all processes for each call."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from django.db import Error as DatabaseError

from simplane.core import ratelimit
from simplane.core.db import in_thread
from simplane.core.log import logger

log = logger(__name__)

MOST_WAIT_SECONDS = 2.0
LEASE_SECONDS = 0.05
MOST_LEASED = 20


class Pace:
    """The shared limit of one account. A rate of 0 means none.

    Asking the database costs a millisecond. At high rates a few places are therefore taken at once, as many as pass in
    LEASE_SECONDS; places nobody needs by then are lost, so the limit holds. Below 40 calls a second each is asked for.
    """

    def __init__(self, account: str, per_second: float, burst: int) -> None:
        self._key = f"supplier:{account}"
        self._per_second = per_second
        self._burst = burst
        self._leased: deque[float] = deque()
        self._asking = asyncio.Lock()

    async def place(self, cost: int = 1) -> float:
        """Wait for a place, at most MOST_WAIT_SECONDS. Returns 0.0, or when there is none the seconds to stay away."""
        if self._per_second <= 0:
            return 0.0
        async with self._asking:
            due = self._next(cost)
            if due is None:
                if refused := await self._ask(cost):
                    return refused
                due = self._next(cost) or 0.0
        wait = due - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        return 0.0

    def _next(self, cost: int) -> float | None:
        """When the next leased places may be used; None when there are too few fresh ones."""
        now = time.monotonic()
        while self._leased and self._leased[0] < now - LEASE_SECONDS:
            self._leased.popleft()
        if len(self._leased) < cost:
            return None
        return [self._leased.popleft() for _ in range(cost)][-1]

    async def _ask(self, cost: int) -> float:
        many = max(cost, min(int(self._per_second * LEASE_SECONDS), MOST_LEASED))
        wait = await self._take(many)
        if wait < 0 and many > cost:
            many, wait = cost, await self._take(cost)
        if wait < 0:
            return -wait
        now = time.monotonic()
        self._leased.extend(now + max(wait - later / self._per_second, 0.0) for later in reversed(range(many)))
        return 0.0

    async def _take(self, cost: int) -> float:
        try:
            return await in_thread(
                ratelimit.take,
                self._key,
                per_second=self._per_second,
                burst=self._burst,
                cost=cost,
                most_wait=MOST_WAIT_SECONDS,
            )
        except DatabaseError:
            # Without the shared limit nothing goes out; and without a database nobody could note the answer.
            log.exception("supplier.no_rate_limit", key=self._key)
            return -MOST_WAIT_SECONDS
