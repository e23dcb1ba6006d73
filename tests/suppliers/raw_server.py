"""A server that answers exactly the bytes it is told, or misbehaves on the wire as told."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DROP = b"<close without an answer>"
RESET = b"<reset the connection>"
HANG = b"<never answer>"


def http(body: bytes | str = b"{}", status: int = 200, *, length: int | None = None, **headers: str) -> bytes:
    """A whole answer; `length` lies about the body's."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(content) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def as_json(content: Any, status: int = 200, **headers: str) -> bytes:
    """A whole JSON answer."""
    return http(json.dumps(content), status, length=None, **headers)


class RawServer:
    """Answers requests in the order of `script`, the last entry again and again."""

    def __init__(self, *script: bytes) -> None:
        self._script = list(script) or [http()]
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.connections = 0
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(0.05)
            while (request := self._read(connection)) is not None:
                with self._lock:
                    self.requests.append(request)
                    action = self._script.pop(0) if len(self._script) > 1 else self._script[0]
                if action == HANG:
                    self._closing.wait(20)
                if action in (HANG, DROP):
                    return
                if action == RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                connection.sendall(action)
                if b"content-length" not in action or not _complete(action):
                    return

    def _read(self, connection: socket.socket) -> bytes | None:
        found = b""
        while not self._closing.is_set():
            if b"\r\n\r\n" in found and _complete(found):
                return found
            try:
                part = connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return None
            if not part:
                return None
            found += part
        return None

    def close(self) -> None:
        """Stop listening and end every connection."""
        self._closing.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(timeout=5)


def _complete(message: bytes) -> bool:
    head, _, body = message.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    return len(body) >= (lengths[0] if lengths else 0)


@contextmanager
def serving(*script: bytes) -> Iterator[RawServer]:
    """A `RawServer`."""
    server = RawServer(*script)
    try:
        yield server
    finally:
        server.close()
