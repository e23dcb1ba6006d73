"""Fixtures for all tests. Factories live in tests/factories.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from hypothesis import settings

from simplane.ledger import accounts
from simplane.routing import stats

# The suite says the same every time; HYPOTHESIS_PROFILE=explore looks for what nobody has thought of yet.
settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture(autouse=True)
def _nothing_remembered(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a process remembers belongs to one test's rows; the queue's tables are not Django's, so nobody empties them."""
    _forget()
    yield
    _forget()
    if _commits(request):
        blocker = request.getfixturevalue("django_db_blocker")
        with blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
            cursor.execute("DELETE FROM procrastinate_workers")


def _forget() -> None:
    stats.forget()
    accounts.forget()


def _commits(request: pytest.FixtureRequest) -> bool:
    """Whether this test really commits, by fixture or by mark."""
    marker = request.node.get_closest_marker("django_db")
    by_mark = marker is not None and (marker.kwargs.get("transaction") or True in marker.args)
    return bool(by_mark) or not {"transactional_db", "live_server"}.isdisjoint(request.fixturenames)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database lets its ledger be emptied, which no other does; it can only be dropped without connections."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in ("account", "transaction", "entry", "seal"):
            cursor.execute(f"ALTER TABLE ledger_{table} DISABLE TRIGGER never_truncated")
            cursor.execute(f"GRANT TRUNCATE ON ledger_{table} TO CURRENT_USER")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
