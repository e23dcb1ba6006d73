"""One suite for every adapter: each test runs once a vendor, against its stand-in in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from simplane.suppliers import breakers, transport
from tests.contracts.desk import Desk
from tests.contracts.vendors import VENDORS, Vendor
from tests.standins import Standin, start


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Standin]]:
    """Starts each stand-in once."""
    with ExitStack() as stack:
        running: dict[str, Standin] = {}

        def one(name: str) -> Standin:
            if name not in running:
                running[name] = stack.enter_context(start(name, tmp_path_factory.mktemp(name)))
            return running[name]

        yield one


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    found: Vendor = request.param
    return found


@pytest.fixture
def standin(vendor: Vendor, stand_ins: Callable[[str], Standin]) -> Standin:
    running = stand_ins(vendor.standin)
    running.control("reset", settings=True)
    running.settings(rate_limit_per_second=0, **vendor.settings)
    return running


@pytest.fixture
def desk(vendor: Vendor, standin: Standin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    breakers.forget()
    monkeypatch.setattr(transport, "FIRST_PAUSE_SECONDS", 0.02)
    made = Desk(vendor, standin)
    yield made
    made.close()
