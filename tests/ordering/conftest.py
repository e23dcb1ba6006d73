"""The world of fulfilment tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
