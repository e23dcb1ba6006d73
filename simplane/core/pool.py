"""HTTP/1.1 over asyncio's own streams: h11 speaks the protocol, this keeps connections between calls.

The HTTP library's layers (request and response objects, pools, streams of parts, locks for several event loops) cost five
times what speaking HTTP does; a call here is small, and its answer is wanted whole (docs/adr/0015).
"""

from __future__ import annotations

import asyncio
import select
import ssl
import time
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import h11

MOST_HEAD_BYTES = 100 * 1024
READ_BYTES = 64 * 1024
_DONE = (h11.DONE, h11.DONE)


class NotSent(Exception):
    """No byte of the request left: no connection, no free connection in time, no possible address."""


class NoAnswer(Exception):
    """Bytes may have left and no whole answer came back: time-out, reset, broken protocol, answer too long."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes. `host`: what stands in the Host header; `target`: path and query as they go over the wire."""

    scheme: str
    name: str
    port: int
    host: str
    target: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Headers(dict[str, str]):
    """By lower-case name; asked for in any case."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return super().get(name.lower(), default)


@dataclass(slots=True)
class Wire:
    """One open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    speech: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT, MOST_HEAD_BYTES))
    poll: select.poll = field(default_factory=select.poll)
    idle_since: float = 0.0

    def over(self) -> bool:
        """Whether an idle connection has something to read, which means that it is over, or was ended by the other side."""
        return self.reader.at_eof() or self.writer.is_closing() or bool(self.poll.poll(0))


class Pool:
    """Connections of one event loop, at most `most` at once, each used by one call at a time."""

    def __init__(self, *, most: int, connect_seconds: float, read_seconds: float, keep_seconds: float) -> None:
        self._places = asyncio.Semaphore(most)
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._keep_seconds = keep_seconds
        self._most_seconds = 2 * (connect_seconds + read_seconds)
        self._idle: dict[tuple[str, str, int], deque[Wire]] = {}

    async def exchange(
        self,
        method: str,
        place: Place,
        headers: Mapping[str, str],
        body: bytes,
        *,
        most_bytes: int,
        tls: ssl.SSLContext,
    ) -> Answer:
        """One request and its whole answer. Raises NotSent or NoAnswer."""
        await self._place_free()
        try:
            wire = self._free(place) or await self._open(place, tls)
            try:
                request = _request(wire, method, place, headers, body)
                async with asyncio.timeout(self._most_seconds):
                    answer = await self._speak(wire, request, most_bytes)
            except TimeoutError:
                wire.writer.close()
                raise NoAnswer("no whole answer in time") from None
            except BaseException:
                wire.writer.close()
                raise
            self._keep(place, wire)
            return answer
        finally:
            self._places.release()

    async def _place_free(self) -> None:
        try:
            async with asyncio.timeout(self._connect_seconds if self._places.locked() else None):
                await self._places.acquire()
        except TimeoutError:
            raise NotSent("no free connection in time") from None

    def _free(self, place: Place) -> Wire | None:
        """The connection used last, so that the others fall idle and end."""
        idle = self._idle.get((place.scheme, place.name, place.port))
        if not idle:
            return None
        old = time.monotonic() - self._keep_seconds
        while idle and idle[0].idle_since < old:
            idle.popleft().writer.close()
        while idle:
            wire = idle.pop()
            if not wire.over():
                return wire
            wire.writer.close()
        return None

    def _keep(self, place: Place, wire: Wire) -> None:
        if (wire.speech.our_state, wire.speech.their_state) != _DONE or wire.writer.is_closing():
            wire.writer.close()
            return
        wire.speech.start_next_cycle()
        wire.idle_since = time.monotonic()
        self._idle.setdefault((place.scheme, place.name, place.port), deque()).append(wire)

    async def _open(self, place: Place, tls: ssl.SSLContext) -> Wire:
        secure = place.scheme == "https"
        try:
            async with asyncio.timeout(self._connect_seconds):
                reader, writer = await asyncio.open_connection(
                    place.name, place.port, ssl=tls if secure else None, server_hostname=place.name if secure else None
                )
        except (OSError, TimeoutError, UnicodeError) as problem:
            raise NotSent(f"no connection: {type(problem).__name__}: {problem}") from problem
        wire = Wire(reader, writer)
        wire.poll.register(writer.get_extra_info("socket").fileno(), select.POLLIN)
        return wire

    async def _speak(self, wire: Wire, request: bytes, most_bytes: int) -> Answer:
        """From the first byte on nobody knows whether the request was executed, unless the answer says it."""
        try:
            wire.writer.write(request)
            await wire.writer.drain()
            head: h11.Response | None = None
            body = bytearray()
            while True:
                event = wire.speech.next_event()
                if event is h11.NEED_DATA:
                    async with asyncio.timeout(self._read_seconds):
                        wire.speech.receive_data(await wire.reader.read(READ_BYTES))
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > most_bytes:
                        raise NoAnswer(f"the answer is longer than {most_bytes} bytes")
                elif isinstance(event, h11.Response):
                    head = event
                elif isinstance(event, h11.EndOfMessage) and head is not None:
                    return _answer(head, bytes(body), most_bytes)
                elif not isinstance(event, h11.InformationalResponse):
                    raise NoAnswer("the connection was closed before the answer")
        except NoAnswer:
            raise
        except Exception as problem:
            raise NoAnswer(f"{type(problem).__name__}: {problem}".removesuffix(": ")) from problem

    def close(self) -> None:
        """Let idle connections go."""
        for idle in self._idle.values():
            while idle:
                idle.pop().writer.close()


def _request(wire: Wire, method: str, place: Place, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of a whole request. Raises NotSent when it is none that HTTP allows."""
    given = [("Host", place.host), ("Accept-Encoding", "identity"), *headers.items()]
    if body or method in ("POST", "PUT", "PATCH"):
        given.append(("Content-Length", str(len(body))))
    try:
        parts = [wire.speech.send(h11.Request(method=method, target=place.target, headers=given))]
        if body:
            parts.append(wire.speech.send(h11.Data(data=body)))
        parts.append(wire.speech.send(h11.EndOfMessage()))
    except (h11.LocalProtocolError, UnicodeError) as problem:
        raise NotSent(f"no possible request: {problem}") from problem
    return b"".join(part for part in parts if part)


def _answer(head: h11.Response, body: bytes, most_bytes: int) -> Answer:
    headers = Headers()
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{dict.__getitem__(headers, name)}, {value}" if name in headers else value
    packing = headers.get("content-encoding", "identity")
    return Answer(head.status_code, headers, body if packing == "identity" else _unpacked(body, most_bytes))


def _unpacked(body: bytes, most_bytes: int) -> bytes:
    """gzip or deflate, although nobody asked for it. Raises zlib.error for anything else."""
    machine = zlib.decompressobj(zlib.MAX_WBITS | 32)
    found = machine.decompress(body, most_bytes + 1)
    if len(found) > most_bytes or not machine.eof:
        raise NoAnswer(f"the unpacked answer is longer than {most_bytes} bytes, or cut off")
    return found
