"""Bytes to and from one outside party by asyncio's own streams, for the HTTP library's connections.

The library's default goes through a layer that serves several event loops; with a hundred calls under way at once that
layer costs more than speaking HTTP does.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from httpcore2 import (
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    WriteError,
    WriteTimeout,
)


class Wire(AsyncNetworkStream):
    """One open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._poll = select.poll()
        self._poll.register(writer.get_extra_info("socket").fileno(), select.POLLIN)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _told_as(ReadTimeout, ReadError):
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _told_as(WriteTimeout, WriteError):
            self._writer.write(buffer)
            async with asyncio.timeout(timeout):
                await self._writer.drain()

    async def aclose(self) -> None:
        self._writer.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        try:
            with _told_as(ConnectTimeout, ConnectError):
                async with asyncio.timeout(timeout):
                    await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except BaseException:
            self._writer.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """What the library asks: whether an idle connection has something to read, which means that it is over."""
        if info == "is_readable":
            return self._over()
        if info == "ssl_object":
            return self._writer.get_extra_info("ssl_object")
        return None

    def _over(self) -> bool:
        """The event loop may have read the end already, or not have come to it yet."""
        return self._reader.at_eof() or self._writer.is_closing() or bool(self._poll.poll(0))


class Wires(AsyncNetworkBackend):
    """Opens connections."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        with _told_as(ConnectTimeout, ConnectError):
            async with asyncio.timeout(timeout):
                given = (local_address, 0) if local_address else None
                reader, writer = await asyncio.open_connection(host, port, local_addr=given)
        held: socket.socket = writer.get_extra_info("socket")
        for option in socket_options or ():
            held.setsockopt(*option)
        return Wire(reader, writer)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@contextmanager
def _told_as(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Errors of the connection as the HTTP library tells them."""
    try:
        yield
    except TimeoutError as problem:
        raise late(str(problem)) from problem
    except OSError as problem:
        raise broken(str(problem)) from problem
