"""The world of webhook tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.standins import Receiver, receiving
from tests.webhooks.desk import Desk


@pytest.fixture
def desk(transactional_db: None, settings: Settings) -> Desk:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"allow_loopback_targets": True})
    return Desk(settings)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made
