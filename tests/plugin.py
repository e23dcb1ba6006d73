"""Loaded before Django's settings: a PostgreSQL for the tests, shared by all test processes of this checkout."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest

from simplane.ops import postgres, ready_made

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".simplane" / "test-postgres"
# A container may forbid Python to keep byte code; then each of the hundreds of processes of a run would compile us anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
gc.disable()  # nothing of what is imported and collected becomes garbage
os.environ.setdefault("SIMPLANE_ENVIRONMENT", "test")
os.environ.setdefault("SIMPLANE_STATE_DIR", str(ROOT / ".simplane" / "test-state"))
os.environ.setdefault("SIMPLANE_LOG_LEVEL", "ERROR")


class _SharedServer:
    """Whoever comes first starts the server, whoever leaves last stops it; a shared file lock says who is there."""

    def __init__(self) -> None:
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FOLDER.with_suffix(".users").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        with postgres.locked(FOLDER.with_suffix(".making")):
            if not postgres.is_running(FOLDER):
                shutil.rmtree(FOLDER, ignore_errors=True)
                ready_made.copy_to(FOLDER)
            # Durability costs time and a test database owes nobody any.
            self.cluster = postgres.start(FOLDER, settings=ready_made.FAST)

    def leave(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        postgres.stop(self.cluster)


_server: _SharedServer | None = None
if not os.environ.get("DATABASE_URL"):
    _server = _SharedServer()
    os.environ["DATABASE_URL"] = _server.cluster.url
    os.environ["SIMPLANE_TEST_TEMPLATE"] = "simplane"

LONGEST = Path(__file__).parent / "ops"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Workers of a parallel run only borrow the server of the process that started them."""
    if _server is not None and not hasattr(config, "workerinput"):
        _server.leave()


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half of a worker's time is waiting for the processes that it started: three workers for two cores."""
    return max(2, (os.cpu_count() or 2) * 3 // 2)


def pytest_collection(session: pytest.Session) -> None:
    """Each worker of a parallel run first compiles a share of the test files of its own; the others find it done."""
    told = getattr(session.config, "workerinput", None)
    if told is None:
        return
    given = [ROOT / word.split("::")[0] for word in session.config.args]
    files = sorted({file for path in given for file in ([path] if path.is_file() else path.rglob("test_*.py"))})
    for file in files[int(told["workerid"].removeprefix("gw")) :: told["workercount"]]:
        with contextlib.suppress(Exception, pytest.skip.Exception):  # the collection itself says what is wrong
            import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """What is loaded now stays: no look for garbage goes through it again."""
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no worker begins one when the others are done."""
    items.sort(key=lambda item: not item.path.is_relative_to(LONGEST))
