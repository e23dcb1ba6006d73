"""The one way out over HTTP: pooled, bounded, traced, and honest about whether a request may have been executed.

It never follows redirects, reads no proxy settings from the environment and refuses to run inside a transaction. One
`Http` serves one event loop; it opens its connections with the first call.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import httpx2
from django.db import connections

from simplane.core import clock, telemetry
from simplane.core.masking import Mask
from simplane.core.pool import Answer, NoAnswer, NotSent, Place, Pool

__all__ = ["Announce", "Answer", "Http", "NoAnswer", "NotSent", "tls", "told", "traced", "transaction_open"]

MOST_BYTES = 4 * 1024 * 1024
KEEP_ALIVE_SECONDS = 20.0
"""Shorter than servers keep idle connections: a request on one just closed would count as unanswered."""

Announce = Callable[[datetime], Awaitable[None]]


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
        self._pool = Pool(
            most=connections,
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
            keep_seconds=KEEP_ALIVE_SECONDS,
        )
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
            place = _place(url)
            with telemetry.call(method, place.name) as facts:
                answer = await self._pool.exchange(method, place, headers, body, most_bytes=most_bytes, tls=tls())
                facts["http.response.status_code"] = answer.status
        except (NotSent, NoAnswer) as problem:
            entry |= {"ms": _ms_since(started), "response": self.mask.text(str(problem))}
            raise
        if trace:
            entry |= {"ms": _ms_since(started), "status": answer.status, "response": self.mask.body(answer.body)}
        return answer

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
        self._pool.close()


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


@lru_cache(maxsize=256)
def _place(url: str) -> Place:
    """Where an address leads; reading one takes a tenth of a call, and most calls go to a few. Raises NotSent."""
    try:
        address = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as problem:
        raise NotSent(f"no possible address: {problem}") from problem
    port = address.port or {"http": 80, "https": 443}.get(address.scheme, 0)
    if not address.host or not 0 < port < 65536:
        raise NotSent("no possible address: it needs http or https, a host, and a port below 65536")
    return Place(address.scheme, address.host, port, address.netloc.decode("ascii"), address.raw_path)


def told(problem: Exception) -> str:
    """An error in one line."""
    return f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
