"""Queues that share a bound in one worker: what waits here, what runs, and when to look for more."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from simplane.core import jobs
from simplane.core.jobs import Job
from simplane.core.log import logger
from simplane.core.queue import QueueRows

log = logger(__name__)
LOOK_SECONDS = 1.0
PAUSE_SECONDS = 0.05
"""Between two looks at the rows: what comes meanwhile is taken together."""
HAND_IN_SECONDS = 0.2
MOST_DONE = 32
"""Jobs that are done go back together with the next look, or when there are so many, or after this time."""
MOST_HINTS = 4
"""Hints kept here, in multiples of the bound, before other workers get a share of them."""


class Group:
    """Runs at most `bound` jobs of its queues at once, on one event loop."""

    def __init__(self, queues: Sequence[str], bound: int, rows: QueueRows) -> None:
        self.queues = queues
        self.resting = asyncio.Event()
        """Nothing waits and nothing runs, as far as the last look saw."""
        self._bound = bound
        self._rows = rows
        self._hints: OrderedDict[tuple[object, ...], Job] = OrderedDict()
        self._running: set[asyncio.Task[None]] = set()
        self._done: list[int] = []
        self._wake = asyncio.Event()
        self._look = True

    @property
    def room(self) -> bool:
        """Whether it takes more hints."""
        return len(self._hints) < MOST_HINTS * self._bound

    def take(self, hints: Iterable[Job]) -> None:
        """Run these when their turn comes; one that waits already is not taken twice."""
        for hint in hints:
            self._hints.setdefault(hint.key, hint)
        self._stir()

    def look(self) -> None:
        """Rows may be waiting."""
        self._look = True
        self._stir()

    def _stir(self) -> None:
        self.resting.clear()
        self._wake.set()

    async def run(self) -> None:
        """Take and start jobs until cancelled; those that run go on (`finish`)."""
        while True:
            self._wake.clear()
            while self._hints and self._free:
                self._start(self._hints.popitem(last=False)[1])
            if self._free and (self._look or len(self._done) >= MOST_DONE):
                await self._exchange()
                await asyncio.sleep(PAUSE_SECONDS)
            if not (self._running or self._hints or self._look):
                self.resting.set()
            if not self._wake.is_set():
                await self._pause()

    async def _pause(self) -> None:
        """Until something happens, or for as long as rows may be left alone."""
        try:
            await asyncio.wait_for(self._wake.wait(), HAND_IN_SECONDS if self._done else LOOK_SECONDS)
        except TimeoutError:
            self._look = True

    @property
    def _free(self) -> int:
        return self._bound - len(self._running)

    async def _exchange(self) -> None:
        free, done = self._free, self._done
        self._look, self._done = False, []
        taken = await self._rows.exchange(self.queues, free, done)
        for one in taken:
            self._start(one)
        self._look |= len(taken) == free

    def _start(self, one: Job) -> None:
        task = asyncio.create_task(self._run(one))
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._hints or self._look or not self._running:
            self._wake.set()

    async def _run(self, one: Job) -> None:
        try:
            pause = await jobs.perform(one)
        except Exception as error:
            log.error("job.gave_up", job=one.name, job_id=one.id, error=f"{type(error).__name__}: {error}")
            if one.id is not None:
                await self._rows.failed(one.id)
        else:
            if pause is not None:
                await self._rows.again(one, pause)
            elif one.id is not None:
                self._done.append(one.id)

    async def finish(self, seconds: float) -> list[Job]:
        """Let what runs end, within `seconds`; hand in what is done. Returns the hints that did not get their turn."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._rows.exchange(self.queues, 0, self._done)
        return list(self._hints.values())
