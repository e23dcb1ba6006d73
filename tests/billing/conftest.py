"""Every test of billing happens in October 2026 and looks at all customers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from simplane.core.tenancy import everywhere
from tests.billing.desk import set_day


@pytest.fixture(autouse=True)
def _october(settings: Any) -> Iterator[None]:
    set_day(settings, date(2026, 10, 10))
    with everywhere():
        yield
