"""A stage of its own for one command: own folder, own durable database, everything stopped at the end, Ctrl-C included."""

from __future__ import annotations

import fcntl
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simplane.ops import postgres, ready_made
from simplane.ops.database import state_dir
from simplane.ops.processes import NotStarted
from simplane.ops.stage import CommandFailed, Ports, Stage

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_wal_size": "4GB"}
"""As a careful production server: what is measured and killed here must survive a power cut."""
_started = time.monotonic()


class Failed(RuntimeError):
    """The command can not go on; the text says why, for a person."""


def say(text: str) -> None:
    """A progress line, on standard error: standard output belongs to the result."""
    print(f"{time.monotonic() - _started:6.1f} s  {text}", file=sys.stderr, flush=True)


@contextmanager
def scratch_stage(name: str, settings: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """An environment in `<state>/<name>` with its database server and empty tables; nothing of it runs afterwards.

    The folder stays until the next run, for its logs and books. Raises Failed when another run uses it.
    """
    folder = state_dir() / name
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        _empty(folder)
        ready_made.copy_to(folder / "postgres")
        cluster = postgres.start(folder / "postgres", settings=DURABLE)
        stage = Stage(folder, cluster.url, Ports.free(), dict(settings or {}))
        try:
            yield stage
        finally:
            with uninterrupted():
                stage.close()
                postgres.stop(cluster)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failed(f"another run works in {folder.name}: wait for it, or set SIMPLANE_STATE_DIR") from None
        yield


def _empty(folder: Path) -> None:
    data = folder / "postgres"
    if postgres.is_running(data):
        postgres.stop(postgres.start(data))
    for old in folder.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        elif old.name != "lock":
            old.unlink()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A second Ctrl-C must not stop the stopping."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def report(
    name: str,
    work: Callable[[], dict[str, Any]],
    *,
    as_json: bool,
    told: Callable[[dict[str, Any]], str],
) -> int:
    """Do `work`, print its result as one JSON object or in words, and return the exit code: 0 when `ok` in it is true."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        result = work()
    except KeyboardInterrupt:
        print(f"{name}: interrupted, everything is stopped", file=sys.stderr)
        return 130
    except (Failed, NotStarted, CommandFailed, postgres.EmbeddedPostgresError) as problem:
        result = {"ok": False, "problem": str(problem)}
        print(json.dumps(result) if as_json else f"{name}: {problem}")
        return 1
    print(json.dumps(result) if as_json else told(result), flush=True)
    return 0 if result["ok"] else 1
