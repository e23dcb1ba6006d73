"""The virtual clock: real time plus a shift that tests can push forward."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sandbox.kit.books import Books

SHIFT_KEY = "clock_shift_seconds"


class Clock:
    """Aware UTC time. The shift lives in the books, so a restart does not travel back."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._shift = float(books.get_state(SHIFT_KEY) or 0)
        self._moved = asyncio.Event()

    @property
    def shift_seconds(self) -> float:
        """Seconds ahead of real time."""
        return self._shift

    def now(self) -> datetime:
        """Virtual now."""
        return datetime.now(UTC) + timedelta(seconds=self._shift)

    def timestamp(self) -> float:
        """Virtual now in epoch seconds."""
        return self.now().timestamp()

    def nanoseconds(self) -> int:
        """Virtual now in whole nanoseconds since the epoch."""
        return time.time_ns() + int(self._shift * 1_000_000_000)

    def advance(self, seconds: float) -> None:
        """Jump ahead and wake everything that waits for a later moment."""
        self._shift += seconds
        self._books.set_state(SHIFT_KEY, self._shift)
        self.wake()

    def reset(self) -> None:
        """Back to real time."""
        self._shift = 0.0
        self._books.set_state(SHIFT_KEY, 0.0)
        self.wake()

    def wake(self) -> None:
        """Let waiters look at the clock again."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def wait_until(self, timestamp: float) -> None:
        """Return when virtual time reaches `timestamp` (epoch seconds), by waiting or by `advance`."""
        while (left := timestamp - self.timestamp()) > 0:
            await self.wait_for_move(left)

    async def wait_for_move(self, at_most_seconds: float) -> None:
        """Sleep for real seconds, or less when the clock is moved or `wake` is called."""
        # Not asyncio.wait_for: before Python 3.12 it can swallow a cancellation that comes together with the wake-up.
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_seconds):
                await self._moved.wait()
