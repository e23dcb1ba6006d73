"""A Shopify shop that answers for real (the stand-in, its own process), and our shop that calls it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simplane.catalog.models import Product
from simplane.channels import intake, shops, skus
from simplane.channels.models import Shop
from simplane.channels.shops import ShopRef
from tests import factories
from tests.channels.helpers import DOMAIN, SKU, Merchant
from tests.standins import Standin, start


@pytest.fixture(autouse=True)
def _forgets() -> None:
    """What this process remembers of shops belongs to one test's rows."""
    for remembered in (shops._by_key, shops._keys, skus._cache, intake._known, intake._missed):
        remembered.clear()


@pytest.fixture(scope="session")
def _shopify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("shopify", tmp_path_factory.mktemp("shopify")) as standin:
        yield standin


@pytest.fixture
def merchant(_shopify: Standin) -> Merchant:
    """The demo shop, empty, without faults."""
    _shopify.control("faults", "DELETE")
    _shopify.control("reset", "POST", settings=True)
    return Merchant(_shopify)


@pytest.fixture
def shop(transactional_db: None, merchant: Merchant) -> Shop:
    """Our row of the demo shop."""
    return factories.shop(
        key="demo",
        domain=DOMAIN,
        api_url=f"{merchant.standin.url}/shops/{DOMAIN}",
        credentials={"client_id": "demo-client-id", "client_secret": "demo-shopify-secret-not-real"},
    )


@pytest.fixture
def esim(shop: Shop) -> Product:
    """What the demo SKU means."""
    product = factories.product(sku=SKU)
    factories.channel_sku(shop=shop, sku=SKU, product=product)
    return product


@pytest.fixture
def ref(shop: Shop) -> ShopRef:
    """The shop as our code uses it."""
    return shops.by_key(shop.key)
