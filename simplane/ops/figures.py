"""Figures of several processes: shared by files between all processes of a machine, or shown by the worker at a port of its own.

`share` must run before anything imports prometheus_client, which decides at import where its values live; therefore
nothing here imports it at the top.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from simplane.core.processes import lives

REFRESH_SECONDS = 2.0


def share(state_dir: Path) -> Path:
    """Let this process, and what it starts, count in the shared folder, and return it.

    PROMETHEUS_MULTIPROC_DIR names it; else it lies in the state folder.
    """
    folder = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(state_dir / "figures")))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep_to_itself() -> None:
    """Let this process count in its own memory; for a worker that is asked directly."""
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)


def clear(folder: Path) -> None:
    """Drop what processes that are gone have counted; done when the web starts, else the folder would grow for ever."""
    for path in folder.glob("*_*.db"):
        if not lives(int(path.stem.rpartition("_")[2])):
            path.unlink(missing_ok=True)


def watch_breakers(stopping: threading.Event) -> None:
    """Copy the states of this process' circuit breakers into its figures, in a thread of its own until `stopping` is set."""

    def run() -> None:
        while not stopping.wait(REFRESH_SECONDS):
            show_breakers()

    threading.Thread(target=run, name="figures", daemon=True).start()


def show_breakers() -> None:
    """The states as they are now."""
    from simplane.core.metrics import BREAKERS
    from simplane.suppliers.breakers import breaker_states

    figures = {"closed": 0, "half_open": 1, "open": 2}
    try:
        states = breaker_states()
    except RuntimeError:
        return  # one was added meanwhile; the next look is in two seconds
    for (account, operation), state in states.items():
        BREAKERS.labels(account, operation).set(figures[state])


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """A probe every few seconds is no news."""


def serve_worker(port: int, *, open_to_all: bool) -> Callable[[], None]:
    """Show /metrics and /healthz of this process. Returns what stops it. Raises OSError when the port is taken.

    Without a token nobody but this machine may read figures, so then it listens on loopback only.
    """
    server = make_server("0.0.0.0" if open_to_all else "127.0.0.1", port, _worker_page, _Server, _Quiet)  # noqa: S104
    threading.Thread(target=server.serve_forever, args=(0.2,), name="worker-figures", daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop


def _worker_page(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

    from simplane.api.metrics import may_read

    path = environ.get("PATH_INFO", "")
    status, kind, body = "404 Not Found", "text/plain; charset=utf-8", b"there is no such page\n"
    if path == "/healthz":
        status, kind, body = "200 OK", "application/json", json.dumps({"alive": True}).encode()
    elif path == "/metrics" and may_read(
        environ.get("REMOTE_ADDR", ""),
        forwarded="HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ,
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
    ):
        status, kind, body = "200 OK", CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
