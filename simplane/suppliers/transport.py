"""What every call to a supplier goes through: rate limit, bulkhead, breaker, trace, figures, and a careful repeat.

An adapter describes a `Call` and gives a reader that turns the answer into an outcome. What went wrong on the way is
judged here, once, the same for all vendors: surely not sent is `Retryable`; no answer, or one that can not be read, is
`Retryable` for a read and `Unknown` for a call that changes something.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from prometheus_client import Counter, Histogram

from simplane.core.errors import Refusal
from simplane.core.http import MOST_BYTES, Answer, Http, NoAnswer, NotSent, traced
from simplane.core.log import logger
from simplane.suppliers.breakers import Breaker, breaker, breaker_states
from simplane.suppliers.outcomes import Blocked, Permanent, Result, Retryable, Unknown
from simplane.suppliers.pacing import Pace
from simplane.suppliers.values import SupplierOptions

__all__ = ["Call", "Doubtful", "Reader", "Transport", "breaker_states", "traced"]

T = TypeVar("T")
log = logger(__name__)

CALLS = Counter("simplane_supplier_calls_total", "Calls by outcome", ["supplier", "operation", "outcome"])
SECONDS = Histogram(
    "simplane_supplier_call_seconds",
    "From sending to the whole answer",
    ["supplier", "operation"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
)
MOST_ATTEMPTS = 3
REPEAT_WITHIN_SECONDS = 8.0
FIRST_PAUSE_SECONDS = 0.2
"""Before the first repeat; doubled before the next."""
LONGEST_PAUSE_SECONDS = 1.5
TEST_FAULT: ContextVar[str] = ContextVar("test_fault", default="")
"""What a stand-in shall do wrong with the calls that change something; set only around calls to stand-ins."""
_OURS = frozenset({"rate_limit", "bulkhead", "breaker"})
"""Refusals of our own: repeating at once would only push."""


class Doubtful(Exception):
    """Raised by a reader: the answer does not say whether the call was executed."""

    def __init__(self, reason: str, code: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `operation` names it for breaker and figures; `path` follows the account's base URL."""

    operation: str
    method: str
    path: str
    body: bytes = b""
    changes: bool = False
    """It buys or changes something: never repeated while it may have been executed."""
    cost: int = 1
    """How much of the rate limit it takes."""
    repeat_on: frozenset[str] = frozenset()
    """Codes of doubt after which the supplier's own idempotency key makes a repeat safe."""
    most_bytes: int = MOST_BYTES
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of this call only, beside the account's."""


Reader = Callable[[Answer], Result[T]]
Sign = Callable[[bytes], Mapping[str, str]]


class Transport:
    """All calls of one account from one event loop."""

    def __init__(
        self, account: str, base_url: str, options: SupplierOptions, *, sign: Sign, secrets: Sequence[str]
    ) -> None:
        """`sign` gives the headers for a body, anew for every attempt."""
        self._account = account
        self._base_url = base_url.rstrip("/")
        self._options = options
        self._sign = sign
        self._pace = Pace(account, options.per_second, options.burst)
        self._flying = 0
        self._http = Http(
            connect_seconds=options.connect_seconds,
            read_seconds=options.read_seconds,
            connections=options.in_flight,
            secrets=secrets,
        )

    async def call(self, call: Call, read: Reader[T]) -> Result[T]:
        """What came of a call. It is repeated only while it was surely not executed, or only reads."""
        started = time.monotonic()
        doubt: Unknown | None = None
        attempt = 0
        while True:
            outcome = await self._attempt(call, read)
            CALLS.labels(self._account, call.operation, outcome.name).inc()
            attempt += 1
            pause = _pause(call, outcome, attempt)
            if pause is None or time.monotonic() - started + pause > REPEAT_WITHIN_SECONDS:
                break
            if isinstance(outcome, Unknown):
                doubt = outcome
            await asyncio.sleep(pause)
        # A refusal of the repeat says nothing about the attempt that nobody knows of.
        if doubt is not None and isinstance(outcome, Retryable | Blocked | Permanent):
            outcome = doubt
        if isinstance(outcome, Unknown):
            log.warning("supplier.call_unknown", supplier=self._account, operation=call.operation, code=outcome.code)
        return outcome

    async def _attempt(self, call: Call, read: Reader[T]) -> Result[T]:
        guard = self._breaker(call.operation)
        if wait := guard.refuses():
            return _broken(call, wait)
        if self._flying >= self._options.in_flight:
            return Retryable("too many calls under way to this supplier", "bulkhead", 0.5)
        self._flying += 1
        try:
            if wait := await self._pace.place(call.cost):
                return Retryable("our rate limit at this supplier is used up", "rate_limit", wait)
            if wait := guard.refuses():
                return _broken(call, wait)
            guard.begin()
            return await self._send(call, read, guard)
        finally:
            self._flying -= 1

    async def _send(self, call: Call, read: Reader[T], guard: Breaker) -> Result[T]:
        started = time.perf_counter()
        try:
            answer = await self._http.call(
                call.method,
                self._base_url + call.path,
                headers=self._headers(call),
                body=call.body,
                most_bytes=call.most_bytes,
                changes=call.changes,
            )
            outcome = read(answer)
        except NotSent as problem:
            self._failed(call, guard)
            return Retryable(f"not sent: {problem}", "not_sent", FIRST_PAUSE_SECONDS)
        except (NoAnswer, Doubtful, Refusal, ValueError, LookupError, RecursionError) as problem:
            self._failed(call, guard)
            return self._doubt(call, problem)
        finally:
            SECONDS.labels(self._account, call.operation).observe(time.perf_counter() - started)
        guard.succeeded()
        return outcome

    def _headers(self, call: Call) -> Mapping[str, str]:
        fault = TEST_FAULT.get() if call.changes else ""
        signed = {**self._sign(call.body), **call.headers} if call.headers else self._sign(call.body)
        return {**signed, "X-Test-Fault": fault} if fault else signed

    def _doubt(self, call: Call, problem: Exception) -> Retryable | Unknown:
        retry_after = FIRST_PAUSE_SECONDS
        match problem:
            case Doubtful():
                reason, code = problem.reason, problem.code
                retry_after = FIRST_PAUSE_SECONDS if problem.retry_after is None else problem.retry_after
            case NoAnswer():
                reason, code = f"no answer: {problem}", "no_answer"
            case _:
                reason, code = f"an answer that can not be read: {problem}", "unreadable"
        reason = self._http.mask.text(reason)[:300]
        return Unknown(reason, code) if call.changes else Retryable(reason, code, retry_after)

    def _failed(self, call: Call, guard: Breaker) -> None:
        if guard.failed():
            log.warning("supplier.breaker_opened", supplier=self._account, operation=call.operation)

    def _breaker(self, operation: str) -> Breaker:
        return breaker(
            self._account,
            operation,
            failures=self._options.breaker_failures,
            reset_seconds=self._options.breaker_reset_seconds,
        )

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.close()


def _broken(call: Call, wait: float) -> Blocked | Retryable:
    reason = f"{call.operation} failed too often; asking again in {wait:.0f} s"
    return Blocked(reason, "breaker", "breaker") if call.changes else Retryable(reason, "breaker", wait)


def _pause(call: Call, outcome: Result[T], attempt: int) -> float | None:
    """Seconds before the next attempt, None when there must be none."""
    if attempt >= MOST_ATTEMPTS:
        return None
    backoff = FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1)
    jitter = random.uniform(1.0, 1.5)
    if isinstance(outcome, Retryable) and outcome.code not in _OURS and outcome.retry_after <= LONGEST_PAUSE_SECONDS:
        return max(backoff, outcome.retry_after) * jitter
    if isinstance(outcome, Unknown) and outcome.code in call.repeat_on:
        return backoff * jitter
    return None
