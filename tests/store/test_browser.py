"""The pages in a real browser: with and without JavaScript, on a phone, and under axe."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from simplane.core import clock
from simplane.ordering.models import Unit
from tests import factories
from tests.store.conftest import IPHONE, bought, link_of, promised

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def complaints(page: Page) -> list[str]:
    """Everything the browser's console says from now on: refused styles, failed loads, errors."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        said.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def axe(page: Page) -> list[str]:
    """Serious and critical findings of axe-core. It is put in by the browser, not by the page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    return [
        f"{one['id']}: {json.dumps(one['nodes'][0]['html'])}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def all_pages() -> dict[str, str]:
    """An address of every kind of page."""
    now = clock.now()
    used = {"data_used": 4_500_000_000, "usage_at": now - timedelta(hours=2), "expires_at": now + timedelta(days=1)}
    line = factories.order_line(product=promised(), quantity=2)
    link_of(factories.delivered_unit(order_line=line, index=0))
    factories.unit(order_line=line, index=1)
    order = factories.install_link(order_id=line.order_id)
    return {
        "ready": link_of(bought(confirmation_code_required=True, apn="plus")),
        "active": link_of(bought(installed_at=now, plan_state="active", **used)),
        "expired": link_of(bought(plan_state="expired")),
        "preparing": link_of(factories.unit(product=promised())),
        "order": f"/o/{order.token}",
        "gone": "/e/" + "0" * 26,
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_nothing_overflows(
    chromium: Browser, live_server: LiveServer, scheme: Any
) -> None:
    found = {}
    for name, address in all_pages().items():
        context = chromium.new_context(viewport={"width": 320, "height": 700}, color_scheme=scheme, user_agent=IPHONE)
        page = context.new_page()
        page.goto(live_server.url + address)
        page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true })")
        found[name] = axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        context.close()
    assert found == {name: [] for name in found}


def test_the_browser_refuses_nothing_and_asks_nobody_else(page: Page, live_server: LiveServer) -> None:
    said, asked = complaints(page), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(live_server.url + link_of(bought()))
    page.wait_for_load_state("networkidle")
    assert said == []
    assert [url for url in asked if not url.startswith(live_server.url)] == []
    assert page.locator(".qr img").evaluate("image => image.complete && image.naturalWidth > 0") is True


def test_a_code_is_copied_with_one_press(page: Page, live_server: LiveServer) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    page.goto(live_server.url + link_of(bought()))
    page.get_by_role("button", name="Copy").nth(1).click()
    page.get_by_role("status").get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "K2-1A2B"


def test_without_javascript_everything_is_there_but_the_copy_buttons(
    chromium: Browser, live_server: LiveServer
) -> None:
    context = chromium.new_context(java_script_enabled=False, user_agent=IPHONE)
    page = context.new_page()
    page.goto(live_server.url + link_of(bought()))
    assert page.get_by_role("link", name="Install on this iPhone").is_visible()
    assert page.get_by_role("img", name="QR code that installs this eSIM").is_visible()
    assert page.get_by_text("LPA:1$rsp-eu.simlessly.com$K2-1A2B").is_visible()
    assert page.get_by_role("button").count() == 0
    context.close()


def test_a_page_that_waits_turns_into_the_install_page_by_itself(page: Page, live_server: LiveServer) -> None:
    unit = factories.unit(product=promised())
    page.goto(live_server.url + link_of(unit))
    assert page.get_by_role("heading", level=1).inner_text() == "Your eSIM is being prepared"
    line = factories.line(unit_id=unit.pk)
    Unit.objects.filter(pk=unit.pk).update(state="delivered", line=line)
    page.get_by_role("heading", level=1, name="Your eSIM is ready").wait_for()


def test_the_keyboard_reaches_the_content_first(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url + link_of(bought()))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
