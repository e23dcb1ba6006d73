"""The API's reference as axe sees it, in light on a desk and in dark on a phone, without a script of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NewPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_the_reference_has_no_serious_problem(
    visitor: NewPage, serious: Callable[[Page], list[str]], width: int, dark: bool
) -> None:
    page = visitor(width=width, dark=dark)
    page.goto("/api/docs#place_order")
    assert page.locator("#place_order h3").is_visible()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
