"""Decisions in tests read their statistics anew; a product whose offers are paid in dollars."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simplane.catalog.actions import set_rate
from simplane.catalog.models import Product
from simplane.routing import stats
from simplane.suppliers import breakers
from tests import factories
from tests.routing.deciding import USD_EUR


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    stats.forget()
    breakers.forget()
    yield
    stats.forget()
    breakers.forget()


@pytest.fixture
def product() -> Product:
    set_rate("USD", "EUR", USD_EUR)
    return factories.product()
