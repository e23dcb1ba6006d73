"""Starts stand-ins as separate processes for tests, and receives what they send."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parents[1]
READY_SECONDS = 30


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Standin:
    """A running stand-in: `url`, its control routes, and the ways to end it."""

    def __init__(
        self, name: str, books: Path, arguments: tuple[str, ...] = (), start_settings: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self.books_file = books
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments = arguments
        self._client = httpx2.Client(base_url=self.url, timeout=30, trust_env=False)
        self._process = self._launch(start_settings)

    def _launch(self, start_settings: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", f"sandbox.{self.name}", "--port", str(self.port)]
        process = subprocess.Popen(
            [*command, "--books", str(self.books_file), *self._arguments, *start_settings],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        _await_ready(process)
        return process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def control(self, path: str, method: str | None = None, **body: Any) -> Any:
        """Call `/_control/<path>`: POST with the given fields, GET when there are none. Fails the test on an error."""
        verb = method or ("POST" if body else "GET")
        answer = self._client.request(verb, f"/_control/{path}", json=body if verb == "POST" else None)
        assert answer.status_code == 200, f"{verb} /_control/{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def settings(self, **changes: Any) -> Any:
        """Change settings."""
        return self.control("settings", **changes)

    def fault(self, operation: str, kind: str, **fields: Any) -> Any:
        """Put a fault rule in force."""
        return self.control("faults", operation=operation, kind=kind, **fields)

    def books(self, *, summary: bool = False) -> Any:
        """What was bought and charged."""
        return self.control("books?summary=1" if summary else "books")

    def journal(self, limit: int = 100) -> list[dict[str, Any]]:
        """The last calls it received, newest first."""
        calls: list[dict[str, Any]] = self.control(f"journal?limit={limit}")["calls"]
        return calls

    def reset(self) -> None:
        """Empty the books and load the default catalogue; settings stay."""
        self.control("reset", "POST")

    def stop(self) -> None:
        """End it cleanly (SIGTERM)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Start again on the same port with the same books (settings are in them); ends it first when it still runs."""
        self.stop()
        self._process = self._launch()

    def close(self) -> None:
        """Stop it and let go of everything."""
        self.stop()
        self._client.close()

    def _end(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)
        self._process.wait(timeout=15)
        if self._process.stdout:
            self._process.stdout.close()


def _await_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    stream = process.stdout
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    try:
        line = lines.get(timeout=READY_SECONDS)
    except queue.Empty:
        line = ""
    if not line.startswith("ready "):
        process.kill()
        process.wait()
        raise AssertionError(f"the stand-in did not become ready; it said {line!r} and ended with {process.returncode}")


@contextmanager
def start(name: str, tmp_path: Path, *arguments: str, **settings: Any) -> Iterator[Standin]:
    """A stand-in on a free port with its books in `tmp_path`; `settings` are its start settings."""
    flags = [flag for key, value in settings.items() for flag in ("--set", f"{key}={json.dumps(value)}")]
    standin = Standin(name, tmp_path / f"{name}.sqlite3", arguments, tuple(flags))
    try:
        yield standin
    finally:
        standin.close()


@dataclass(frozen=True)
class Received:
    """One webhook as it came in. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body parsed."""
        return json.loads(self.body)


class _Listener(ThreadingHTTPServer):
    request_queue_size = 64
    """The library's 5 lose a connection of ten that come at once, for a second."""


class Receiver:
    """A small HTTP server that keeps what is posted to it and answers with the statuses queued in `answers`."""

    def __init__(self) -> None:
        self.answers: queue.Queue[int] = queue.Queue()
        self._came: queue.Queue[Received] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver._came.put(Received(self.path, headers, body))
                self.send_response(200 if receiver.answers.empty() else receiver.answers.get())
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Keep test output quiet."""

        self._server = _Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def next(self, timeout: float = 10) -> Received:
        """Wait for the next webhook; fails the test when none comes in time."""
        try:
            return self._came.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no webhook came within {timeout} s") from None

    def take(self, count: int) -> list[Received]:
        """The next `count` webhooks in the order they came."""
        return [self.next() for _ in range(count)]

    @property
    def empty(self) -> bool:
        """Has nothing come that was not taken?"""
        return self._came.empty()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A `Receiver` for webhooks."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()
