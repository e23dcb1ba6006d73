"""Work of many coroutines done as one: what is asked while one group is under way goes into the next.

A group is one piece of database work on one thread, usually one transaction of a few statements however many members it
has. At rest a group has one member and nobody waits; the more there is to do, the more share a commit (docs/adr/0015).
An error of a whole group falls back to one by one, so a bad member spoils nobody else's work.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from simplane.core import context
from simplane.core.db import in_thread
from simplane.core.log import logger

log = logger(__name__)
Ask = TypeVar("Ask")
Answer = TypeVar("Answer")
APART_SECONDS = 0.1
"""From the start of one group to that of the next: under load what comes meanwhile goes together."""
MOST_IN_A_GROUP = 48


@dataclass(slots=True)
class Asked(Generic[Ask, Answer]):
    """One member of a group: what it asks, and the request it belongs to."""

    ask: Ask
    rid: str
    own: contextvars.Context
    answer: asyncio.Future[Answer]


@dataclass(slots=True)
class _Line(Generic[Ask, Answer]):
    """What waits on one event loop."""

    waiting: list[Asked[Ask, Answer]] = field(default_factory=list)
    running: asyncio.Task[None] | None = None
    started: float = 0.0


def _itself(ask: Hashable) -> Hashable:
    return ask


class Alone:
    """An answer of `many`: this member takes the long way, by itself, after the group's commit."""


ALONE = Alone()


class Together(Generic[Ask, Answer]):
    """Call it like a coroutine function of one ask.

    `many` gets the members of a group and answers each in their order: with an answer, an error, or `ALONE`. `one` does
    the same for one member, by the ordinary way, in that member's own context. Both run on a database thread. What
    `many` raises undoes all it did, so it is one transaction: then each member goes alone. `of` says which row an ask is
    about: two about one row never share a group, where the claim of the one would be told to both.
    """

    def __init__(
        self,
        name: str,
        many: Callable[[Sequence[Asked[Ask, Answer]]], Sequence[Answer | Alone | Exception]],
        one: Callable[[Ask], Answer],
        *,
        of: Callable[[Any], Hashable] = _itself,
    ) -> None:
        self._name = name
        self._many = many
        self._one = one
        self._of = of
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line[Ask, Answer]] = WeakKeyDictionary()

    async def __call__(self, ask: Ask) -> Answer:
        """The answer to this ask. Raises what `one` raises for it."""
        running = asyncio.get_running_loop()
        line = self._lines.get(running)
        if line is None:
            line = self._lines[running] = _Line()
        asked: Asked[Ask, Answer] = Asked(
            ask, context.request_id(), contextvars.copy_context(), running.create_future()
        )
        line.waiting.append(asked)
        if line.running is None:
            # A context of its own: what the first member acts for is not what the others do.
            line.running = running.create_task(self._run(line), context=contextvars.Context())
        answer: Answer = await asked.answer
        return answer

    async def _run(self, line: _Line[Ask, Answer]) -> None:
        try:
            while line.waiting:
                await asyncio.sleep(line.started + APART_SECONDS - time.monotonic())
                line.started = time.monotonic()
                await self._answer(self._next(line))
        finally:
            line.running = None
            for left in line.waiting:
                left.answer.cancel()

    def _next(self, line: _Line[Ask, Answer]) -> list[Asked[Ask, Answer]]:
        group: dict[Hashable, Asked[Ask, Answer]] = {}
        left = []
        for asked in line.waiting:
            row = self._of(asked.ask)
            if row in group or len(group) == MOST_IN_A_GROUP:
                left.append(asked)
            else:
                group[row] = asked
        line.waiting = left
        return list(group.values())

    async def _answer(self, group: Sequence[Asked[Ask, Answer]]) -> None:
        try:
            answers = await in_thread(self._work, group)
        except BaseException as error:
            for asked in group:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for asked, answer in zip(group, answers, strict=True):
            if asked.answer.done():
                continue  # whoever asked is gone
            if isinstance(answer, BaseException):
                asked.answer.set_exception(answer)
            else:
                asked.answer.set_result(answer)

    def _work(self, group: Sequence[Asked[Ask, Answer]]) -> list[Answer | BaseException]:
        with context.acting(f"job:{self._name}"):
            try:
                answers: Sequence[Answer | Alone | Exception] = self._many(group)
            except Exception as error:
                log.warning("group.one_by_one", group=self._name, members=len(group), error=type(error).__name__)
                answers = [ALONE] * len(group)
        return [
            self._alone(asked) if isinstance(answer, Alone) else answer
            for asked, answer in zip(group, answers, strict=True)
        ]

    def _alone(self, asked: Asked[Ask, Answer]) -> Answer | BaseException:
        try:
            return asked.own.run(self._one, asked.ask)
        except Exception as error:
            return error
