"""The real browser of browser tests: Debian's Chromium, for one test module at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """A browser. Fails the test with what to do when none is installed.

    Playwright keeps an event loop running in this thread, in which asyncio and Django refuse to work; so the browser
    must end with its module. Rows are still written from here, between its steps.
    """
    found = os.environ.get("SIMPLANE_CHROMIUM") or shutil.which("chromium")
    if found is None:
        pytest.fail(
            "no Chromium: install it (apt-get install chromium), name one in SIMPLANE_CHROMIUM, or leave these tests"
            " out with -m 'not browser'",
            pytrace=False,
        )
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as environment:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()
