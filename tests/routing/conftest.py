"""Decisions in tests read their statistics anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simplane.routing import stats
from simplane.suppliers import breakers


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    stats.forget()
    breakers.forget()
    yield
    stats.forget()
    breakers.forget()
