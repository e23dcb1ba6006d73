"""Sends ready-made HTTP requests over kept connections and notes every answer: plain sockets, to cost little beside it."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CONNECT_SECONDS = 10.0
LAST_ANSWERS_SECONDS = 30.0


@dataclass(slots=True)
class Answers:
    """What came back. Seconds of the whole run; latencies in seconds of good answers; status 0 = no answer."""

    good: int = 200
    seconds: float = 0.0
    latencies: array[float] = field(default_factory=lambda: array("d"))
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def taken(self) -> int:
        """How many the receiver said it took."""
        return self.statuses[self.good]

    @property
    def errors(self) -> int:
        """All others."""
        return self.statuses.total() - self.taken


class _Connection(asyncio.Protocol):
    """One request at a time; `ended(status)` is called with 0 when the connection broke first."""

    def __init__(self, ended: Callable[[_Connection, int], None]) -> None:
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._came = b""
        self._waiting = False
        self.sent_at = 0.0

    @property
    def open(self) -> bool:
        """Whether another request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, request: bytes, counted_from: float) -> None:
        """Send; latency counts from the moment it should have gone out."""
        assert self._transport is not None
        self.sent_at, self._waiting, self._came = counted_from, True, b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, gap, body = self._came.partition(b"\r\n\r\n")
        if gap and len(body) >= _length(head):
            self._finish(int(head[9:12]), closing=b"connection: close" in head.lower())

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        if self._waiting:
            self._finish(0, closing=False)

    def _finish(self, status: int, *, closing: bool) -> None:
        self._waiting = False
        if closing:
            self.close()
        self._ended(self, status)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(b"content-length:")
    if start < 0:
        return 0
    return int(lower[start + 15 :].split(b"\r\n", 1)[0])


class LoadGenerator:
    """`connections` kept connections to one address on 127.0.0.1."""

    def __init__(self, port: int, connections: int, *, good: int = 200) -> None:
        self._port = port
        self._count = connections
        self._answers = Answers(good)
        self._free: deque[_Connection] = deque()
        self._under_way = 0
        self._next: Callable[[_Connection], None] = self._free.append
        self._moved = asyncio.Event()
        self._repairs: set[asyncio.Task[None]] = set()

    async def flood(self, requests: Iterator[bytes], seconds: float) -> Answers:
        """As fast as answers come: each connection sends its next request when the last is answered."""
        await self._open()
        started = time.perf_counter()
        until = started + seconds

        def go_on(connection: _Connection) -> None:
            if time.perf_counter() < until:
                self._send(connection, next(requests), time.perf_counter())
            else:
                self._free.append(connection)

        self._next = go_on
        for connection in list(self._free):
            self._free.popleft()
            go_on(connection)
        await asyncio.sleep(seconds)
        await self._settle()
        return self._closed(time.perf_counter() - started)

    async def pace(self, requests: Iterator[bytes], per_second: float) -> Answers:
        """All of `requests` at an even rate, whatever the receiver does; a late start counts into the latency."""
        await self._open()
        started = time.perf_counter()
        for number, request in enumerate(requests):
            planned = started + number / per_second
            pause = planned - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            while not self._free:
                self._moved.clear()
                await self._moved.wait()
            self._send(self._free.popleft(), request, planned)
        await self._settle()
        return self._closed(time.perf_counter() - started)

    async def _open(self) -> None:
        for _ in range(self._count):
            self._free.append(await self._connect())

    async def _connect(self) -> _Connection:
        async with asyncio.timeout(CONNECT_SECONDS):
            loop = asyncio.get_running_loop()
            _, made = await loop.create_connection(lambda: _Connection(self._ended), "127.0.0.1", self._port)
            return made

    def _send(self, connection: _Connection, request: bytes, counted_from: float) -> None:
        self._under_way += 1
        connection.send(request, counted_from)

    def _ended(self, connection: _Connection, status: int) -> None:
        self._under_way -= 1
        self._answers.statuses[status] += 1
        if status == self._answers.good:
            self._answers.latencies.append(time.perf_counter() - connection.sent_at)
        if connection.open:
            self._next(connection)
        else:
            task = asyncio.get_running_loop().create_task(self._replace())
            self._repairs.add(task)
            task.add_done_callback(self._repairs.discard)
        self._moved.set()

    async def _replace(self) -> None:
        while True:
            try:
                made = await self._connect()
            except OSError:
                await asyncio.sleep(0.1)
            else:
                break
        self._next(made)
        self._moved.set()

    async def _settle(self) -> None:
        async with asyncio.timeout(LAST_ANSWERS_SECONDS):
            while self._under_way:
                self._moved.clear()
                await self._moved.wait()

    def _closed(self, seconds: float) -> Answers:
        for repair in self._repairs:
            repair.cancel()
        for connection in self._free:
            connection.close()
        self._free.clear()
        self._answers.seconds = seconds
        return self._answers
