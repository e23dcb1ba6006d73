"""Requests to addresses that customers wrote. Nothing private, local or disguised is ever reached.

A name is looked up once, every address it has is judged, and the connection goes to such a judged address, so a name
that changes its mind in between (DNS rebinding) changes nothing; TLS still proves the name. Redirects are answers, not
followed; proxies of the environment are not asked; time and size of an answer are bounded. Each call has a connection
of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpcore2

from simplane.core import reach, telemetry
from simplane.core.http import NoAnswer, NotSent, tls, told, transaction_open
from simplane.core.reach import AddressRefused, Target
from simplane.core.wire import Wires

CONNECT_SECONDS = 5.0
"""Looking up the name, connecting and TLS each."""
TOTAL_SECONDS = 15.0
MOST_BYTES = 16 * 1024
"""Of an answer are read unless its caller wants more; the rest is left."""
_SURELY_UNSENT = (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.UnsupportedProtocol)
_SLOW = (TimeoutError, httpcore2.TimeoutException)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` may be cut. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    ms: int


async def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    most_bytes: int = MOST_BYTES,
    seconds: float = TOTAL_SECONDS,
) -> Answer:
    """One request to an address that is checked now. Raises AddressRefused, NotSent (no byte left) or NoAnswer.

    A body of `most_bytes` is one that was cut. `seconds`: for all of it.
    """
    if transaction_open():
        raise RuntimeError(f"{method} {url} inside a transaction: write the intent, commit, then call")
    target = reach.read_target(url)
    started = time.perf_counter()
    try:
        with telemetry.call(method, target.host) as facts:
            async with asyncio.timeout(seconds), _answered(method, target, headers, body) as response:
                found = await _read(response, most_bytes)
            facts["http.response.status_code"] = response.status
    except (AddressRefused, NotSent):
        raise
    except _SURELY_UNSENT as problem:
        raise NotSent(told(problem)) from problem
    except _SLOW as problem:
        raise NoAnswer(f"no whole answer within {seconds:.0f} seconds") from problem
    except Exception as problem:
        raise NoAnswer(told(problem)) from problem
    ms = round((time.perf_counter() - started) * 1000)
    answered = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    return Answer(response.status, answered, found, ms)


@asynccontextmanager
async def _answered(
    method: str, target: Target, headers: Mapping[str, str], body: bytes
) -> AsyncIterator[httpcore2.Response]:
    steps = {"connect": CONNECT_SECONDS, "read": TOTAL_SECONDS, "write": TOTAL_SECONDS, "pool": CONNECT_SECONDS}
    address = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    pool = httpcore2.AsyncConnectionPool(
        ssl_context=tls(), max_connections=1, max_keepalive_connections=0, network_backend=_Judged()
    )
    sent = {"Host": target.host_header, "Accept-Encoding": "identity", "Connection": "close", **headers}
    async with (
        pool,
        pool.stream(
            method, address, headers=list(sent.items()), content=body or None, extensions={"timeout": steps}
        ) as response,
    ):
        yield response


async def _read(response: httpcore2.Response, most_bytes: int) -> bytes:
    found = b""
    async for part in response.aiter_stream():
        found += part
        if len(found) >= most_bytes:
            break
    return found[:most_bytes]


class _Judged(Wires):
    """Opens connections to judged addresses only."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await reach.resolve(host, port)
        except (OSError, UnicodeError) as problem:
            raise NotSent(reach.nowhere(host)) from problem
        try:
            return await super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
            # The way to the first address may be broken (IPv6) and that to the second not; more are not worth the time.
            if len(addresses) == 1:
                raise
        return await super().connect_tcp(addresses[1], port, timeout, local_address, socket_options)
