"""The stand-in, one for all tests of a file, with empty books for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.payments.desk import Desk
from tests.standins import Standin, start


@pytest.fixture(scope="package")
def stripe_standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("stripe", tmp_path_factory.mktemp("stripe")) as standin:
        yield standin


@pytest.fixture
def desk(stripe_standin: Standin, transactional_db: None) -> Desk:
    stripe_standin.control("reset", "POST", settings=True)
    return Desk(stripe_standin)
