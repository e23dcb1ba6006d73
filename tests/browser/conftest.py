"""A real Chromium against the live server. Other packages' browser tests use `site`, `visitor` and `signed_in` too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Page, expect

from simplane.organizations.models import User
from tests import factories, signin
from tests.chromium import open_chromium

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
NewPage = Callable[..., Page]
LOOK = """() => {
    const lesser = axe._audit.rules.filter(rule => ['minor', 'moderate'].includes(rule.impact));
    const rules = Object.fromEntries(lesser.map(rule => [rule.id, {enabled: false}]));
    return axe.run({resultTypes: ['violations'], rules: rules, preload: false}).then(result => result.violations
        .filter(one => ['serious', 'critical'].includes(one.impact))
        .map(one => `${one.id}: ${one.nodes.map(node => node.html).slice(0, 3).join(' ')}`));
}"""
"""Asks axe for all that is serious or worse; a rule's impact is its own, so the lesser rules need not run."""


@pytest.fixture(scope="module")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """A browser for one module."""
    with open_chromium() as made:
        yield made


@pytest.fixture(autouse=True)
def _no_limits_left_over(transactional_db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def site(live_server: Any) -> str:
    """The address of the running site, without a slash at its end."""
    return str(live_server.url)


@pytest.fixture
def person(transactional_db: None) -> User:
    """A superuser with a password and an authenticator app."""
    user = factories.staff(email="sam@simplane.example", password=factories.PASSWORD, is_superuser=True)
    signin.add_authenticator_app(user)
    return user


@pytest.fixture
def visitor(browser: Browser, site: str) -> Iterator[NewPage]:
    """Opens pages of their own: `visitor(width=390, dark=True, scripts=False)`. A blocked script or style fails the test."""
    contexts: list[BrowserContext] = []
    blocked: list[str] = []

    def open_page(*, width: int = 1280, dark: bool = False, scripts: bool = True, session: str = "") -> Page:
        context = browser.new_context(
            base_url=site,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if session:
            context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
        page = context.new_page()
        page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("pageerror", lambda error: blocked.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert blocked == []


@pytest.fixture
def signed_in(visitor: NewPage, person: User) -> NewPage:
    """As `visitor`, signed in with both factors."""

    def open_page(**wishes: Any) -> Page:
        factor = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP)
        return visitor(session=signin.session_of(person, second_factor=factor), **wishes)

    return open_page


@pytest.fixture(scope="session")
def serious() -> Callable[[Page], list[str]]:
    """Asks axe for serious and critical problems of the page as it is shown."""
    if not AXE.is_file():
        pytest.fail("axe-core is missing: run npm ci --ignore-scripts", pytrace=False)
    source = AXE.read_text()

    def look(page: Page) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(source)
        found: list[str] = page.evaluate(LOOK)
        return found

    return look
