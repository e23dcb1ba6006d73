"""gunicorn's threaded worker, with an end to its patience: a client that does not finish its request is left.

Without it a few dozen connections that send half a request hold every thread for as long as they like. It is no
replacement for a buffering proxy (README), behind which no thread ever waits for a client.

Requests of the application's express lane are read and answered where the connections are watched, without a thread of their
own; whoever commits for many of them says so once (docs/adr/0003).
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.util import close_graceful
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from simplane.core.log import logger
from simplane.ops import express

log = logger(__name__)
HEAD_SECONDS = 5.0
BODY_SECONDS = 15.0
ANSWER_SECONDS = 30.0
"""For one piece of an answer to be taken."""
ALIVE_EVERY_SECONDS = 1.0
FAILED: express.Answer = "500 Internal Server Error", [("Content-Length", "0")], b""


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

    @property
    def real(self) -> socket.socket:
        """The socket itself, for what waits for nobody."""
        return self._real

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turns: dict[float, deque[tuple[float, Turn, Any]]] = {}
        self._answers: deque[tuple[Turn, Callable[[], express.Answer]]] = deque()
        self._called = False
        self._alive_until = 0.0

    def notify(self) -> None:
        """Tell the master that we live, which is a write to a file: not at every event."""
        now = time.monotonic()
        if now >= self._alive_until:
            self._alive_until = now + ALIVE_EVERY_SECONDS
            super().notify()

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

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """A kept connection has something to say: an express request is begun here, everything else gets its thread."""
        turn: Turn | None = getattr(conn, "turn", None)
        if turn is not None and turn.pause():
            self.poller.unregister(client)  # it is heard when its answer has gone out
            return
        start = getattr(self.wsgi, "start", None)
        if start is None or not self.alive:
            super().on_client_socket_readable(conn, client)
            return
        raw = _received(conn)
        request = express.read(raw, conn.client) if raw else None
        if request is None or not self._begin(conn, start, request):
            conn.parser.unreader.unread(raw)
            super().on_client_socket_readable(conn, client)

    def _begin(self, conn: Any, start: Any, request: express.Environ) -> bool:
        turn = conn.turn = Turn(self, conn)
        self.keepalived_conns.remove(conn)
        begun = start(request, turn.reply)
        if begun is None:
            conn.turn = None
            self.keepalived_conns.append(conn)
            return False
        if begun.ticket is not None:
            waiting = self._turns.setdefault(begun.seconds, deque())
            waiting.append((time.monotonic() + begun.seconds, turn, begun.ticket))
        return True

    def murder_pending(self) -> None:
        """As gunicorn's, and those whose answer does not come are told so."""
        super().murder_pending()
        now = time.monotonic()
        for waiting in self._turns.values():
            while waiting and (waiting[0][1].over or waiting[0][0] < now):
                waiting.popleft()[2].give_up()

    def answer(self, turn: Turn, make: Callable[[], express.Answer]) -> None:
        """Have a turn's answer made and sent here. Called in any thread; the first of many wakes us for all of them."""
        self._answers.append((turn, make))
        if not self._called:
            self._called = True
            self.method_queue.defer(self._answer_all)

    def _answer_all(self) -> None:
        self._called = False  # first: whoever comes later calls again
        while self._answers:
            turn, make = self._answers.popleft()
            try:
                made = make()
            except Exception:
                log.exception("web.not_answered")
                made = FAILED
            turn.end(express.render(*made))

    def rest(self, conn: Any) -> None:
        """Keep a connection for its next request."""
        conn.turn = None
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)

    def listen(self, conn: Any) -> None:
        """Watch a connection again."""
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def finish_slowly(self, conn: Any, left: bytes) -> None:
        """A client that does not take its answer at once gets a thread for what is left of it."""
        if not conn.turn.paused:
            self.poller.unregister(conn.sock)
        conn.turn = None
        done = self.tpool.submit(_sent, conn, left)
        done.add_done_callback(lambda future: self.method_queue.defer(self.finish_request, conn, future))


class Turn:
    """One express request of a connection, until its answer has gone out. All but `reply` happens in the server's thread."""

    def __init__(self, worker: HurriedWorker, conn: Any) -> None:
        self._worker = worker
        self._conn = conn
        self.paused = False
        self.over = False

    def pause(self) -> bool:
        """Whether the answer is still to come; then the connection is watched again after it."""
        self.paused = not self.over
        return self.paused

    def reply(self, make: Callable[[], express.Answer]) -> None:
        """Answer with what `make` says. Called once, in any thread."""
        self._worker.answer(self, make)

    def end(self, raw: bytes) -> None:
        """Send the answer; waits for nobody."""
        left = raw[_taken(self._conn.sock.real, raw) :]
        if left:
            self._worker.finish_slowly(self._conn, left)
            return
        self.over = True
        self._worker.rest(self._conn)
        if self.paused:
            self._worker.listen(self._conn)


def _received(conn: Any) -> bytes:
    """What has come; nothing when the connection is broken, which gunicorn's own way then finds out."""
    try:
        return bytes(conn.sock.real.recv(express.LARGEST))
    except OSError:
        return b""


def _taken(client: socket.socket, raw: bytes) -> int:
    try:
        return client.send(raw)
    except OSError:
        return 0


def _sent(conn: Any, left: bytes) -> bool:
    """Whether the connection goes on."""
    conn.sock.setblocking(True)
    try:
        conn.sock.real.sendall(left)
    except OSError:
        return False
    return True
