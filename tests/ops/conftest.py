"""Stand-ins of a supplier and a shop, shared by the tests of commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simplane.channels import shops
from tests.standins import Standin, start


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """eSIM Go."""
    with start("esimgo", tmp_path_factory.mktemp("esimgo")) as standin:
        yield standin


@pytest.fixture(scope="session")
def _shopify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("shopify", tmp_path_factory.mktemp("shopify")) as standin:
        yield standin


@pytest.fixture
def shopify(_shopify: Standin) -> Standin:
    """The demo shop; what this process remembers of shops belongs to other tests' rows."""
    shops._by_key.clear()
    shops._keys.clear()
    return _shopify
