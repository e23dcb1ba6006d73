"""The one way out over HTTP: pooled, bounded, traced, and honest about whether a request may have been executed.

It never follows redirects, reads no proxy settings from the environment and refuses to run inside a transaction. One
`Http` serves one event loop; it opens its connections with the first call.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import httpcore2
import httpx2
from django.db import connections

from simplane.core import clock, telemetry
from simplane.core.masking import Mask
from simplane.core.wire import Wires

MOST_BYTES = 4 * 1024 * 1024
KEEP_ALIVE_SECONDS = 20.0
"""Shorter than servers keep idle connections: a request on one just closed would count as unanswered."""
LANE = 8
"""Connections of one pool. A pool looks at all of its connections for each request, so many small ones are quicker."""
_SURELY_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)

Announce = Callable[[datetime], Awaitable[None]]


class NotSent(Exception):
    """No byte of the request left: no connection, no free connection in time, no possible address."""


class NoAnswer(Exception):
    """Bytes may have left and no whole answer came back: time-out, reset, broken protocol, answer too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Trace:
    calls: list[dict[str, Any]] = field(default_factory=list)
    announce: Announce | None = None


_trace: ContextVar[_Trace | None] = ContextVar("http_trace", default=None)


@contextmanager
def traced(sent: Announce | None = None) -> Iterator[list[dict[str, Any]]]:
    """Collects the calls made inside, redacted: {"at", "method", "url", "status", "ms", "request", "response"}.

    `sent` is awaited with the time just before the bytes of a call that changes something leave; when it raises,
    nothing was sent.
    """
    trace = _Trace(announce=sent)
    token = _trace.set(trace)
    try:
        yield trace.calls
    finally:
        _trace.reset(token)


class Http:
    """Connections to one outside party."""

    def __init__(
        self,
        *,
        connect_seconds: float = 3.0,
        read_seconds: float = 30.0,
        connections: int = 100,
        secrets: Sequence[str] = (),
    ) -> None:
        """`secrets` must appear in no trace. Seconds bound each step; a whole call may take twice their sum."""
        self._connections = connections
        steps = {"connect": connect_seconds, "pool": connect_seconds, "read": read_seconds, "write": read_seconds}
        self._extensions = {"timeout": steps}
        self._most_seconds = 2 * (connect_seconds + read_seconds)
        self._lanes: list[_Lane] = []
        self.mask = Mask(secrets)

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        most_bytes: int = MOST_BYTES,
        changes: bool = False,
    ) -> Answer:
        """One request and its whole answer, whatever its status. Raises NotSent or NoAnswer.

        `changes`: the call does something at the other side, so `traced(sent=...)` is told before it leaves.
        """
        if transaction_open():
            raise RuntimeError(f"{method} {url} inside a transaction: write the intent, commit, then call")
        trace, begun = _trace.get(), clock.now()
        if changes and trace and trace.announce:
            await trace.announce(begun)
        entry = self._entry(begun, method, url, body) if trace else {}
        if trace:
            trace.calls.append(entry)
        started = time.perf_counter()
        try:
            request = _request(method, url, headers, body, self._extensions)
            with telemetry.call(method, request.url.host) as facts:
                answer = await self._exchange(request, most_bytes)
                facts["http.response.status_code"] = answer.status
        except (NotSent, NoAnswer) as problem:
            entry |= {"ms": _ms_since(started), "response": self.mask.text(str(problem))}
            raise
        if trace:
            entry |= {"ms": _ms_since(started), "status": answer.status, "response": self.mask.body(answer.body)}
        return answer

    async def _exchange(self, request: httpx2.Request, most_bytes: int) -> Answer:
        lane = self._lane()
        try:
            async with asyncio.timeout(self._most_seconds):
                return await lane.exchange(request, most_bytes)
        except _SURELY_UNSENT as problem:
            raise NotSent(told(problem)) from problem
        except NoAnswer:
            raise
        except Exception as problem:
            raise NoAnswer(told(problem)) from problem

    def _lane(self) -> _Lane:
        """The first one with room; so the later ones fall idle and their connections end. With none, whoever waits least."""
        for lane in self._lanes:
            if lane.flying < lane.most:
                return lane
        more = self._connections - LANE * len(self._lanes)
        if more > 0:
            self._lanes.append(_Lane(min(LANE, more)))
            return self._lanes[-1]
        return min(self._lanes, key=lambda lane: lane.flying)

    def _entry(self, begun: datetime, method: str, url: str, body: bytes) -> dict[str, Any]:
        return {
            "at": begun.isoformat(),
            "method": method,
            "url": self.mask.text(url),
            "status": None,
            "ms": None,
            "request": self.mask.body(body),
            "response": "",
        }

    async def close(self) -> None:
        """Let the connections go; a later call opens new ones."""
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            await lane.aclose()


class _Lane(httpx2.AsyncHTTPTransport):
    """A few connections over our own wires."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.flying = 0
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls(),
            max_connections=most,
            max_keepalive_connections=most,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=Wires(),
        )

    async def exchange(self, request: httpx2.Request, most_bytes: int) -> Answer:
        self.flying += 1
        try:
            response = await self.handle_async_request(request)
            try:
                return Answer(response.status_code, response.headers, await _whole(response, most_bytes))
            finally:
                await response.aclose()
        finally:
            self.flying -= 1


@cache
def tls() -> ssl.SSLContext:
    """Certificates are checked against the authorities everybody trusts; nothing of the environment changes that."""
    return httpx2.create_ssl_context(trust_env=False)


def transaction_open() -> bool:
    """Whether this thread holds a transaction, for whoever ran an event loop inside one.

    In a running loop Django gives every task a connection of its own, so `connection.in_atomic_block` is always False
    here (and makes a new object each time); the thread's own connections lie one layer below.
    """
    held = vars(vars(vars(connections)["_connections"])["_storage"])
    return any(getattr(one, "in_atomic_block", False) for one in held.values())


def _request(
    method: str, url: str, headers: Mapping[str, str], body: bytes, extensions: Mapping[str, Any]
) -> httpx2.Request:
    try:
        address = _address(url)
        request = httpx2.Request(method, address, headers=dict(headers), content=body or None, extensions=extensions)
    except (httpx2.InvalidURL, ValueError) as problem:
        raise NotSent(f"no possible request: {problem}") from problem
    return request


@lru_cache(maxsize=256)
def _address(url: str) -> httpx2.URL:
    """Reading an address takes a tenth of a call, and most calls go to a few."""
    address = httpx2.URL(url)
    if not 0 < (address.port or 80) < 65536:
        raise httpx2.InvalidURL(f"no possible port: {address.port}")
    return address


async def _whole(response: httpx2.Response, most_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    packed = "content-encoding" in response.headers
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    async for part in response.aiter_bytes() if packed else response.stream:
        size += len(part)
        if size > most_bytes:
            raise NoAnswer(f"the answer is longer than {most_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


def told(problem: Exception) -> str:
    """An error in one line."""
    return f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
