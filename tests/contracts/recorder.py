"""A proxy between an adapter and its stand-in: keeps every exchange whole, and can lose an answer on the way back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

PASSED_ON = (
    "x-api-key",
    "authorization",
    "api-version",
    "correlation-id",
    "idempotency-key",
    "accept",
    "content-type",
    "rt-accesscode",
    "rt-timestamp",
    "rt-requestid",
    "rt-signature",
)


@dataclass(frozen=True)
class Exchange:
    """One call and its answer."""

    method: str
    target: str
    headers: dict[str, str]
    sent: bytes
    status: int
    content_type: str
    got: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        """Names and values of the query."""
        return parse_qsl(urlsplit(self.target).query)

    def request(self) -> Any:
        """The body sent, parsed; None without one."""
        return json.loads(self.sent) if self.sent else None

    def answer(self) -> Any:
        """The body that came back, parsed."""
        return json.loads(self.got)


class Recorder:
    """Listens on `url` and passes everything on."""

    def __init__(self, target: str) -> None:
        self.exchanges: list[Exchange] = []
        self._lost: list[str] = []
        self._client = httpx2.Client(base_url=target, timeout=30, trust_env=False)
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                recorder._pass_on(self)

            do_POST = do_DELETE = do_PUT = do_GET  # noqa: N815  names the base class asks for

            def log_message(self, format: str, *args: Any) -> None:
                """Keep test output quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def lose(self, part: str) -> None:
        """Of the next call whose target holds `part`, do not bring the answer back."""
        self._lost.append(part)

    def _pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        sent = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        answer = self._client.request(
            handler.command, handler.path, content=sent, headers={n: v for n, v in headers.items() if n in PASSED_ON}
        )
        kind = answer.headers.get("content-type", "")
        self.exchanges.append(
            Exchange(handler.command, handler.path, headers, sent, answer.status_code, kind, answer.content)
        )
        lost = next((part for part in self._lost if part in handler.path), None)
        if lost is not None:
            self._lost.remove(lost)
            handler.close_connection = True
            return
        handler.send_response(answer.status_code)
        for name in ("content-type", "retry-after"):
            if name in answer.headers:
                handler.send_header(name, answer.headers[name])
        handler.send_header("content-length", str(len(answer.content)))
        handler.end_headers()
        handler.wfile.write(answer.content)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._client.close()


@contextmanager
def recording(target: str) -> Iterator[Recorder]:
    """A `Recorder` before a stand-in."""
    recorder = Recorder(target)
    try:
        yield recorder
    finally:
        recorder.close()
