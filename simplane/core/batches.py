"""Work that shares commits: what is asked while one batch commits goes into the next.

One thread and one plain psycopg connection (autocommit, prepared statements) a batcher, and one batcher a process, made
after the fork. An error of a whole batch falls back to one by one, so bad input spoils nobody else's.

Most of a statement's cost is its own, not that of its rows. Who was answered by the last commit asks again a moment later:
when fewer wait than shared it, the thread gives the others `PAUSE_SECONDS` to come. Who asks alone never waits.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

import psycopg

from simplane.core import jobs
from simplane.core.log import logger

log = logger(__name__)
Ask = TypeVar("Ask")
Answer = TypeVar("Answer")
Connection = psycopg.Connection[tuple[Any, ...]]
MOST_IN_A_BATCH = 64
PAUSE_SECONDS = 0.001


class Again:
    """An answer of `work`: not decided in this batch, ask in the next."""


AGAIN: Final = Again()


class NotDone(Exception):
    """The database did not commit this in time, or not at all; whether it happened is known only when asked again."""


class Ticket(Generic[Ask, Answer]):
    """One ask under way. It is answered once: by its batch, or by whoever gives it up first."""

    __slots__ = ("_open", "_tell", "ask")

    def __init__(self, ask: Ask, tell: Callable[[Answer | None, BaseException | None], None]) -> None:
        self.ask = ask
        self._tell = tell
        # A bare lock is the cheapest thing that two threads can race for.
        self._open = threading.Lock()

    @property
    def over(self) -> bool:
        """Whether it is answered."""
        return self._open.locked()

    def answered(self, answer: Answer) -> None:
        """Committed."""
        self._end(answer, None)

    def failed(self, problem: BaseException) -> None:
        """Not committed, or nobody knows."""
        self._end(None, problem)

    def give_up(self) -> None:
        """Nobody waits any longer."""
        self._end(None, NotDone("the database did not answer in time"))

    def _end(self, answer: Answer | None, problem: BaseException | None) -> None:
        if not self._open.acquire(blocking=False):
            return
        try:
            self._tell(answer, problem)
        except Exception:
            log.exception("batch.not_told")


class Batcher(Generic[Ask, Answer]):
    """`work` answers a batch in one commit; asks with the same `key` never share one.

    `seconds`: how long an ask waits for its commit. A statement that takes longer is stopped, for nobody waits for it.
    `lanes`: threads, each with a connection of its own, that take batches at the same time; equal asks may then meet.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Connection, Sequence[Ask]], Sequence[Answer | Again]],
        *,
        key: Callable[[Ask], Hashable],
        committed: Callable[[], None],
        seconds: float,
        most: int = MOST_IN_A_BATCH,
        lanes: int = 1,
    ) -> None:
        self._name = name
        self._work = work
        self._key = key
        self._committed = committed
        self._seconds = seconds
        self._most = most
        self._waiting: queue.SimpleQueue[Ticket[Ask, Answer]] = queue.SimpleQueue()
        self._own = threading.local()
        for _ in range(lanes):
            threading.Thread(target=self._run, name=name, daemon=True).start()

    @property
    def seconds(self) -> float:
        """How long an ask waits for its commit."""
        return self._seconds

    def start(self, ask: Ask, tell: Callable[[Answer | None, BaseException | None], None]) -> Ticket[Ask, Answer]:
        """Ask without waiting. `tell(answer, problem)` is called once, from another thread; one of the two is None.

        The caller gives the ticket up after `seconds`: nobody else does.
        """
        ticket: Ticket[Ask, Answer] = Ticket(ask, tell)
        self._waiting.put(ticket)
        return ticket

    def submit(self, ask: Ask) -> Answer:
        """The answer, once committed. Raises NotDone when that took too long or the database refused this very ask."""
        told: list[tuple[Answer | None, BaseException | None]] = []
        done = threading.Lock()
        done.acquire()

        def tell(answer: Answer | None, problem: BaseException | None) -> None:
            told.append((answer, problem))
            done.release()

        ticket = self.start(ask, tell)
        if not done.acquire(timeout=self._seconds):
            ticket.give_up()
            done.acquire()  # given up here, or answered at this very moment
        ((answer, problem),) = told
        if problem is not None:
            raise problem if isinstance(problem, NotDone) else NotDone(type(problem).__name__) from problem
        assert answer is not None
        return answer

    def _run(self) -> None:
        later: list[Ticket[Ask, Answer]] = []
        size = 0
        while True:
            batch, later = self._gather(later, size)
            size = len(batch)
            if batch:
                later = self._commit(batch) + later

    def _gather(
        self, found: list[Ticket[Ask, Answer]], expected: int
    ) -> tuple[list[Ticket[Ask, Answer]], list[Ticket[Ask, Answer]]]:
        """A batch without doubles in it, and what must wait for the next. What nobody waits for is left out."""
        found = found or [self._waiting.get()]
        if len(found) + self._waiting.qsize() < min(expected, self._most):
            time.sleep(PAUSE_SECONDS)
        while len(found) < self._most:
            try:
                found.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        batch: dict[Hashable, Ticket[Ask, Answer]] = {}
        wanted = [ticket for ticket in found if not ticket.over]
        later = [ticket for ticket in wanted if batch.setdefault(self._key(ticket.ask), ticket) is not ticket]
        return list(batch.values()), later

    def _commit(self, batch: list[Ticket[Ask, Answer]]) -> list[Ticket[Ask, Answer]]:
        """Answer a batch; returns those that must be asked again. Raises nothing: the thread outlives every error."""
        try:
            answers = self._work(self._connected(), [ticket.ask for ticket in batch])
            answered = list(zip(batch, answers, strict=True))
        except psycopg.OperationalError as error:
            self._lost(error, batch)
            return []
        except Exception as error:
            if len(batch) == 1:
                log.error("batch.refused", batcher=self._name, error=type(error).__name__)
                batch[0].failed(error)
                return []
            log.warning("batch.one_by_one", batcher=self._name, error=type(error).__name__, asks=len(batch))
            return [again for ticket in batch for again in self._commit([ticket])]
        for ticket, answer in answered:
            if not isinstance(answer, Again):
                ticket.answered(answer)
        self._announce()
        return [ticket for ticket, answer in answered if isinstance(answer, Again)]

    def _announce(self) -> None:
        try:
            self._committed()
        except Exception:
            # Whoever works on it looks every second anyway.
            log.exception("batch.not_announced", batcher=self._name)

    def _connected(self) -> Connection:
        kept: Connection | None = getattr(self._own, "connection", None)
        if kept is None or kept.closed:
            kept = psycopg.connect(**jobs.connection_parameters(), autocommit=True, prepare_threshold=1)
            # Rows are found by their keys, and plans are kept: one made while a table was empty would read all of it later,
            # those of the foreign keys too.
            kept.execute(f"SET statement_timeout = '{self._seconds}s'; SET enable_seqscan = off")
            self._own.connection = kept
        return kept

    def _lost(self, error: psycopg.OperationalError, batch: list[Ticket[Ask, Answer]]) -> None:
        log.error("batch.lost", batcher=self._name, error=type(error).__name__, asks=len(batch))
        kept: Connection | None = getattr(self._own, "connection", None)
        if kept is not None:
            kept.close()
        for ticket in batch:
            ticket.failed(error)


class OneAProcess(Generic[Ask, Answer]):
    """The batcher of this process, made at its first use, so never before a fork."""

    def __init__(self, make: Callable[[], Batcher[Ask, Answer]]) -> None:
        self._make = make
        self._made: dict[int, Batcher[Ask, Answer]] = {}
        self._making = threading.Lock()

    def get(self) -> Batcher[Ask, Answer]:
        """Made once a process, however many threads ask at once."""
        pid = os.getpid()
        if pid not in self._made:
            with self._making:
                if pid not in self._made:
                    self._made[pid] = self._make()
        return self._made[pid]
