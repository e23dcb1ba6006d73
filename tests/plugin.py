"""Loaded before Django's settings: a PostgreSQL for the tests, started once and shared by all test processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simplane.ops import postgres

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("SIMPLANE_ENVIRONMENT", "test")
os.environ.setdefault("SIMPLANE_STATE_DIR", str(ROOT / ".simplane" / "test-state"))
os.environ.setdefault("SIMPLANE_LOG_LEVEL", "ERROR")

if not os.environ.get("DATABASE_URL"):
    # Durability costs time and a test database owes nobody any.
    fast = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    _cluster = postgres.start(ROOT / ".simplane" / "test-postgres", settings=fast)
    os.environ["DATABASE_URL"] = _cluster.url
    os.environ["SIMPLANE_TEST_OWNS_POSTGRES"] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that started the server stops it; workers of a parallel run only borrow it."""
    if os.environ.get("SIMPLANE_TEST_OWNS_POSTGRES") == str(os.getpid()) and not hasattr(config, "workerinput"):
        postgres.stop(_cluster)
