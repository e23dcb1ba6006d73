"""The world of fulfilment tests, and a moment and a connection for those of wholesale orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from simplane.core import clock, jobs
from tests.ordering.wholesale import NOW
from tests.world import Outside, World, open_outside, open_world


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """The stand-ins, started once for all tests of a module."""
    with open_outside(tmp_path_factory.mktemp("outside")) as made:
        yield made


@pytest.fixture
def world(transactional_db: None, outside: Outside) -> Iterator[World]:
    """Empty books and an empty database."""
    with open_world(outside) as made:
        yield made


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def database(transactional_db: None) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection as the order lane has one."""
    with psycopg.connect(**jobs.connection_parameters(), autocommit=True, prepare_threshold=1) as made:
        yield made
