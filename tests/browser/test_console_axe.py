"""Every page of the console: nothing serious for axe, in light on a desk and in dark on a phone, nothing too wide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NewPage
from tests.showcase import PAGES, one_of_everything

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1280, "light"), (390, "dark"))
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_no_page_has_a_serious_problem(signed_in: NewPage, serious: Callable[[Page], list[str]]) -> None:
    addresses = [*PAGES, *one_of_everything()]
    page = signed_in()
    found: dict[str, list[str]] = {}
    for address in addresses:
        page.goto(address)
        for width, look in LOOKS:
            page.emulate_media(color_scheme=look, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            problems = serious(page)
            if page.evaluate(WIDER) > 0:
                problems.append("wider than the window")
            if problems:
                found[f"{address} at {width} in {look}"] = problems

    assert found == {}


def test_the_dark_look_is_dark(signed_in: NewPage) -> None:
    page = signed_in(dark=True, scripts=False)
    page.goto("/console/")

    background = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")

    lightness = float(background.removeprefix("oklch(").split()[0])
    assert lightness < 0.3


def test_signing_in_has_no_serious_problem(visitor: NewPage, serious: Callable[[Page], list[str]]) -> None:
    for dark in (False, True):
        page = visitor(width=390, dark=dark)
        page.goto("/accounts/login/")
        assert serious(page) == []
