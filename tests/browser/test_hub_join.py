"""A stranger becomes a reseller: test key, first order, mail, password, hub. And how the hub's own pages look to axe."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from simplane.api import place_order
from simplane.hub import mails
from simplane.ordering.models import Order
from simplane.organizations.lifecycle import approve
from simplane.organizations.models import Invitation, Organization, Role
from simplane.organizations.profile import save_look
from tests import factories, signin
from tests.browser.conftest import NewPage
from tests.delivery.conftest import PostOffice, _catcher, _database_is_left, post_office  # noqa: F401
from tests.hub.people import member, reseller
from tests.hub.somebody import everything_of
from tests.ordering.wholesale import sold

pytestmark = pytest.mark.browser
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def office(request: pytest.FixtureRequest) -> PostOffice:
    found: PostOffice = request.getfixturevalue("post_office")
    return found


def _do_as_told(shown: str) -> tuple[str, dict[str, object]]:
    """Make the call that a page shows for curl."""
    headers = dict(re.findall(r'-H "([\w-]+): ([^"]+)"', shown))
    body = re.search(r"-d '(.+)'", shown)
    assert body is not None
    raw = body[1].encode()
    status, _, body_sent = place_order.serve(
        {
            "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(raw)), "wsgi.input": io.BytesIO(raw),
            "HTTP_AUTHORIZATION": headers["Authorization"], "HTTP_IDEMPOTENCY_KEY": headers["Idempotency-Key"],
            "REMOTE_ADDR": "127.0.0.1",
        }
    )  # fmt: skip
    answer: dict[str, object] = json.loads(body_sent)
    return status, answer


def test_from_the_sign_in_page_to_the_first_test_order_and_into_the_hub(visitor: NewPage, office: PostOffice) -> None:
    sold("EU-5", 4_50)
    page = visitor(width=390)
    page.goto("/hub/")
    page.get_by_role("link", name="Become a reseller").click()
    page.get_by_label("Company").fill("Acme Travel")
    page.get_by_label("Country").select_option("PT")
    page.get_by_label("Your e-mail").fill("ana@acme.example")
    page.get_by_label("eSIMs you expect to sell a month").fill("300")
    page.get_by_role("button", name="Get a test key").click()
    expect(page.get_by_role("heading", name="Acme Travel: your test key")).to_be_visible()

    status, answer = _do_as_told(page.locator("#order").inner_text())
    assert (status, answer["test"]) == ("201 Created", True)
    key = {"Authorization": f"Bearer {page.locator('#secret').inner_text()}"}
    shelf = Client().get("/api/v1/products", headers=key).json()
    assert [one["sku"] for one in shelf["data"]] == ["EU-5"]
    assert Client().get(f"/api/v1/orders/{answer['id']}", headers=key).json()["id"] == answer["id"]

    mails.send_invitation(Invitation.objects.get().pk)
    link = re.search(r"/hub/invited/\S+", office.mails()[-1].get_content())
    assert link is not None
    page.goto(link[0])
    page.get_by_label("Your name").fill("Ana Acme")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Your account waits for our approval")).to_be_visible()
    expect(page.get_by_role("row", name="done Place a test order")).to_be_visible()
    page.get_by_role("link", name="Menu", exact=True).click()
    page.get_by_role("link", name="Orders", exact=True).click()
    expect(page.get_by_role("link", name=Order.objects.get().name)).to_be_visible()

    approve(Organization.objects.get(slug="acme-travel").pk)
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Hub").click()
    expect(page.get_by_text("Your account waits for our approval")).to_have_count(0)


def test_the_hubs_own_pages_have_no_serious_problem(visitor: NewPage, serious: Callable[[Page], list[str]]) -> None:
    home = reseller()
    save_look(home.pk, name="Acme", color="#aa3300")
    named = everything_of(home).addresses()
    session = signin.session_of(member(home, Role.OWNER), second_factor=None)
    dense = ["/hub/", "/hub/keys/", named["webhook"], named["delivery"]]
    rest = [f"/hub/{page}/" for page in ("team", "webhooks", "branding", "settings", "join")] + ["/accounts/2fa/"]
    found: dict[str, list[str]] = {}
    for addresses, wishes in ((dense, {"width": 1280}), (dense + rest, {"width": 390, "dark": True})):
        page = visitor(session=session, **wishes)
        for address in addresses:
            page.goto(address)
            problems = serious(page) + (["wider than the window"] if page.evaluate(WIDER) > 0 else [])
            found |= {address: problems} if problems else {}

    assert found == {}


def test_a_key_is_made_and_copied_with_scripts(visitor: NewPage) -> None:
    home = reseller()
    page = visitor(session=signin.session_of(member(home, Role.DEVELOPER), second_factor=None))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/hub/keys/")
    page.get_by_label("Name").fill("the shop")
    page.get_by_label("webhooks:write").uncheck()
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#secret").inner_text()
    assert Client().get("/api/v1/orders", headers={"Authorization": f"Bearer {copied}"}).status_code == 200
