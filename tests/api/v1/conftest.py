"""The suppliers' stand-ins, started once for the tests of the API that need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.world import Outside, World, open_outside, open_world


@pytest.fixture(scope="package")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with open_outside(tmp_path_factory.mktemp("outside")) as made:
        yield made


@pytest.fixture
def world(transactional_db: None, outside: Outside) -> Iterator[World]:
    with open_world(outside) as made:
        yield made
