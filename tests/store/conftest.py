"""eSIMs behind links, as a traveller finds them; and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from simplane.catalog.models import Product
from simplane.ordering.models import Unit
from tests import factories
from tests.chromium import open_chromium

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
    " Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


def promised(**given: Any) -> Product:
    """5 GB in Spain for 30 days."""
    return factories.product(**{"name": "Spain 5 GB, 30 days", "data_bytes": 5_000_000_000, "days": 30} | given)


def link_of(unit: Unit, **given: Any) -> str:
    """The address of a unit's page on this host."""
    link = factories.install_link(order_id=unit.order_id, unit_id=unit.pk, line=unit.line, **given)
    return f"/e/{link.token}"


def bought(**line: Any) -> Unit:
    """A delivered unit whose line has these fields."""
    unit = factories.delivered_unit(product=promised())
    assert unit.line is not None
    facts = {"smdp": "rsp-eu.simlessly.com", "matching_id": "K2-1A2B", "data_total": 5_000_000_000}
    for name, value in (facts | line).items():
        setattr(unit.line, name, value)
    unit.line.save()
    return unit


@pytest.fixture(scope="module")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """A browser for one module."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty tab of a browser that remembers nothing."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()
