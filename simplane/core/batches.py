"""Work that shares commits: what is asked while one batch commits goes into the next.

One thread and one plain psycopg connection (autocommit, prepared statements) a batcher, and one batcher a process, made
after the fork. An error of a whole batch falls back to one by one, so bad input spoils nobody else's.
"""

from __future__ import annotations

import os
import queue
import threading
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


class Again:
    """An answer of `work`: not decided in this batch, ask in the next."""


AGAIN: Final = Again()


class NotDone(Exception):
    """The database did not commit this in time, or not at all; whether it happened is known only when asked again."""


class _Ticket(Generic[Ask, Answer]):
    __slots__ = ("answer", "ask", "done", "problem")

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.answer: Answer | None = None
        self.problem: BaseException | None = None
        # A bare lock is the cheapest thing a thread can wait for.
        self.done = threading.Lock()
        self.done.acquire()


class Batcher(Generic[Ask, Answer]):
    """`work` answers a batch in one commit; asks with the same `key` never share one.

    `seconds`: how long an ask waits for its commit. A statement that takes longer is stopped, for nobody waits for it.
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
    ) -> None:
        self._name = name
        self._work = work
        self._key = key
        self._committed = committed
        self._seconds = seconds
        self._most = most
        self._waiting: queue.SimpleQueue[_Ticket[Ask, Answer]] = queue.SimpleQueue()
        self._connection: Connection | None = None
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def submit(self, ask: Ask) -> Answer:
        """The answer, once committed. Raises NotDone when that took too long or the database refused this very ask."""
        ticket: _Ticket[Ask, Answer] = _Ticket(ask)
        self._waiting.put(ticket)
        if not ticket.done.acquire(timeout=self._seconds):
            raise NotDone("the database did not answer in time")
        if ticket.problem is not None:
            raise NotDone(type(ticket.problem).__name__) from ticket.problem
        assert ticket.answer is not None
        return ticket.answer

    def _run(self) -> None:
        later: list[_Ticket[Ask, Answer]] = []
        while True:
            batch, later = self._gather(later)
            later = self._commit(batch) + later

    def _gather(
        self, found: list[_Ticket[Ask, Answer]]
    ) -> tuple[list[_Ticket[Ask, Answer]], list[_Ticket[Ask, Answer]]]:
        """A batch without doubles in it, and what must wait for the next."""
        found = found or [self._waiting.get()]
        while len(found) < self._most:
            try:
                found.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        batch: dict[Hashable, _Ticket[Ask, Answer]] = {}
        later = [ticket for ticket in found if batch.setdefault(self._key(ticket.ask), ticket) is not ticket]
        return list(batch.values()), later

    def _commit(self, batch: list[_Ticket[Ask, Answer]]) -> list[_Ticket[Ask, Answer]]:
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
                _finish(batch[0], None, error)
                return []
            log.warning("batch.one_by_one", batcher=self._name, error=type(error).__name__, asks=len(batch))
            return [again for ticket in batch for again in self._commit([ticket])]
        for ticket, answer in answered:
            if not isinstance(answer, Again):
                _finish(ticket, answer, None)
        self._announce()
        return [ticket for ticket, answer in answered if isinstance(answer, Again)]

    def _announce(self) -> None:
        try:
            self._committed()
        except Exception:
            # Whoever works on it looks every second anyway.
            log.exception("batch.not_announced", batcher=self._name)

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            made = psycopg.connect(**jobs.connection_parameters(), autocommit=True, prepare_threshold=1)
            made.execute(f"SET statement_timeout = '{self._seconds}s'")
            self._connection = made
        return self._connection

    def _lost(self, error: psycopg.OperationalError, batch: list[_Ticket[Ask, Answer]]) -> None:
        log.error("batch.lost", batcher=self._name, error=type(error).__name__, asks=len(batch))
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for ticket in batch:
            _finish(ticket, None, error)


def _finish(ticket: _Ticket[Ask, Answer], answer: Answer | None, problem: BaseException | None) -> None:
    ticket.answer, ticket.problem = answer, problem
    ticket.done.release()


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
