"""A person at the hosted page of the Stripe stand-in, in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.chromium import open_chromium
from tests.sandbox.stripe_desk import Caller, calling

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with calling(tmp_path_factory.mktemp("stripe")) as caller:
        yield caller


@pytest.mark.parametrize("width", [1280, 390])
def test_a_buyer_is_declined_then_authenticates_and_lands_at_the_shop(
    desk: Caller, browser: Browser, width: int
) -> None:
    # Another origin than the page's own: a browser holds redirects of a form against the page's policy too.
    shop = desk.standin.url.replace("127.0.0.1", "localhost")
    price = {"currency": "jpy", "unit_amount": 500, "product_data": {"name": "Wallet <b>top-up</b>"}}
    params: Any = {
        "mode": "payment",
        "success_url": f"{shop}/?paid={{CHECKOUT_SESSION_ID}}",
        "line_items": [{"price_data": price, "quantity": 1}],
    }
    session = desk.api.v1.checkout.sessions.create(params)
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(session.url or "")
    assert page.get_by_role("cell", name="Wallet <b>top-up</b>").is_visible()
    assert page.get_by_label("Bank account 3201: pays later").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page.get_by_label("Card 0002: declined").check()
    page.get_by_role("button", name="Pay 500 JPY").click()
    assert page.get_by_role("alert").inner_text() == "Your card was declined."
    page.get_by_label("Card 3184: asks to authenticate").check()
    page.get_by_role("button", name="Pay 500 JPY").click()
    page.get_by_role("button", name="Complete").click()

    assert page.url == f"{shop}/?paid={session.id}"
    assert desk.api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    page.close()
