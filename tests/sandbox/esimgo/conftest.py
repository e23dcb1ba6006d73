"""The eSIM Go stand-in, a client with its key, a receiver of its callbacks."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.sandbox.esimgo.calls import DECIMALS, KEY
from tests.specs import Contract, load_spec
from tests.standins import Receiver, Standin, receiving, start


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("esimgo", tmp_path_factory.mktemp("go")) as standin:
        yield standin


@pytest.fixture
def go(running: Standin) -> Standin:
    running.control("reset", settings=True)
    running.settings(rate_limit_per_second=0)
    return running


@pytest.fixture
def client(go: Standin) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=go.url, headers={"X-API-Key": KEY}, timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
def receiver(go: Standin) -> Iterator[Receiver]:
    with receiving() as receiver:
        go.settings(callback_url=f"{receiver.url}/hooks/go")
        yield receiver


@pytest.fixture(scope="session")
def contract() -> Contract:
    document = load_spec("suppliers", "esimgo", "openapi-2.5.merged.json")
    return Contract(document, decimals=DECIMALS, arrays=frozenset({"ESIMHistory"}))
