"""gunicorn's threaded worker, with an end to its patience: a client that does not finish its request is left.

Without it a few dozen connections that send half a request hold every thread for as long as they like. It is no
replacement for a buffering proxy (README), behind which no thread ever waits for a client.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

from gunicorn.util import close_graceful
from gunicorn.workers.gthread import ThreadWorker

HEAD_SECONDS = 5.0
BODY_SECONDS = 15.0
ANSWER_SECONDS = 30.0
"""For one piece of an answer to be taken."""


class TooSlow(ConnectionResetError):
    """The client's time is up. To gunicorn it is as if the client had left, which is no news for the log."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the client did not finish its request in time")


class HurriedSocket:
    """A connection whose client has until `allow` says to send; all else is the socket's own."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self._until = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def allow(self, seconds: float) -> None:
        """The client has this long from now on, however it spreads its bytes."""
        self._until = time.monotonic() + seconds

    def setblocking(self, flag: bool) -> None:
        """Blocking means: for a while, so that an answer nobody takes holds no thread either."""
        if self._real.fileno() >= 0:
            self._real.settimeout(ANSWER_SECONDS if flag else 0)

    def recv(self, size: int) -> bytes:
        """What has come. Raises TooSlow once the client's time is up."""
        wanted = self._real.gettimeout()
        left = self._until - time.monotonic()
        if left <= 0:
            raise TooSlow
        self._real.settimeout(left if wanted is None else min(left, wanted))
        try:
            return self._real.recv(size)
        except TimeoutError:
            if wanted is not None and wanted < left:
                raise
            self._until = 0.0
            raise TooSlow from None
        finally:
            self._real.settimeout(wanted)


class HurriedWorker(ThreadWorker):  # type: ignore[misc]
    """Times requests, and says goodbye in the request's own thread instead of the one that accepts connections."""

    def handle(self, conn: Any) -> Any:
        if not isinstance(conn.sock, HurriedSocket):
            conn.sock = HurriedSocket(conn.sock)
        conn.sock.allow(HEAD_SECONDS)
        again = super().handle(conn)
        if again is False:
            close_graceful(conn.sock)
        return again

    def handle_request(self, req: Any, conn: Any) -> Any:
        conn.sock.allow(BODY_SECONDS)
        return super().handle_request(req, conn)
