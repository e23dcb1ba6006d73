"""Runs our own commands as real processes against the test database, as an operator would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from simplane.ops.processes import Group, Process, wait_for
from tests.standins import free_port

ROOT = Path(__file__).resolve().parents[1]


def database_url() -> str:
    """The address of the test's own database."""
    found = connection.settings_dict
    password = f":{found['PASSWORD']}" if found["PASSWORD"] else ""
    return f"postgresql://{found['USER']}{password}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The variables of a process: this test's database and a state folder of its own. `settings` by variable name."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIMPLANE_")}
    return {
        **kept,
        "DATABASE_URL": database_url(),
        "SIMPLANE_ENVIRONMENT": "test",
        "SIMPLANE_STATE_DIR": str(folder),
        "SIMPLANE_LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
        **settings,
    }


def run(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`simplane words...` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "simplane.cli", *words],
        cwd=ROOT,
        env=environment(folder, **settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def running(folder: Path, name: str, *words: str, **settings: str) -> Iterator[Process]:
    """`simplane words...` in the background; stopped at the end."""
    group = Group(folder, environment(folder, **settings))
    try:
        yield group.python(name, "-m", "simplane.cli", *words)
    finally:
        group.stop()


@contextmanager
def web(folder: Path, **settings: str) -> Iterator[tuple[str, Process]]:
    """The web process, ready to answer: its address and itself."""
    port = free_port()
    few = {"SIMPLANE_WEB_WORKERS": "1", **settings}
    with running(folder, "web", "web", "--bind", f"127.0.0.1:{port}", **few) as process:
        wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield f"http://127.0.0.1:{port}", process


def soon(what: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something that another process does."""
    until = time.monotonic() + seconds
    pause = threading.Event()
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        pause.wait(0.05)


def lines(log: Path) -> list[dict[str, Any]]:
    """The lines of a log file, each of which must be JSON."""
    return [json.loads(line) for line in log.read_text().splitlines()]
