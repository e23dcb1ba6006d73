"""The IT manager's way in a real browser: a provider connected, tested, enforced; HR's token made; a joiner signs in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from simplane.organizations import hosts
from simplane.organizations.models import CompanyRole, Organization, User
from tests import signin
from tests.browser.conftest import NewPage
from tests.companies import company
from tests.company.members import member
from tests.sso.world import mock_provider, owns_mail

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse battery"
OWNER = "olga@acme.example"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with mock_provider() as found:
        yield found


def test_an_it_manager_connects_single_sign_on_and_hr_and_a_joiner_sees_their_own_lines(
    visitor: NewPage, site: str, settings: Settings, issuer: str, serious: Callable[[Page], list[str]]
) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"base_url": site, "allow_loopback_targets": True})
    begun()
    base = hosts.address_of("acme")
    known_there(issuer, "olga", email=OWNER, name="Olga Owner")
    page, wrong = visitor(width=1280), list[str]()

    def looked_at(page: Page = page) -> None:
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong.append(f"{page.url} is wider than {width}")
        page.set_viewport_size({"width": 1280, "height": 900})
        wrong.extend(f"{page.url}: {one}" for one in serious(page))

    page.goto(f"{base}/settings/sign-in/")
    page.get_by_label("Email").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code").fill(signin.code_now())
    page.get_by_role("button", name="Sign In").click()

    page.get_by_label("Name", exact=True).fill("Acme ID")
    page.get_by_role("button", name="Begin a connection").click()
    expect(page.locator("#address-1-1")).to_contain_text(f"{base}/sign-in/sso_")
    page.get_by_label("Issuer").fill(issuer)
    page.get_by_label("Client ID").fill("simplane")
    page.get_by_label("Client secret").fill("secret")
    page.get_by_role("button", name="Check and save").click()
    expect(page.get_by_text("Saved. Now test it.")).to_be_visible()
    page.get_by_label("Who signs in and is no member yet becomes one").check()
    page.get_by_label("Everybody else").select_option("employee")
    page.get_by_role("button", name="Save", exact=True).click()
    looked_at()
    page.get_by_role("link", name="Test", exact=True).click()
    authorize(page, "olga")
    expect(page.get_by_text("It works: it would let you in as owner")).to_be_visible()
    looked_at()
    page.get_by_role("link", name="Back to Acme ID").click()
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("link", name="Sign-in", exact=True).first.click()
    page.get_by_role("button", name=f"Name {OWNER}").click()
    looked_at()
    page.get_by_role("link", name="Acme ID").click()
    page.get_by_role("link", name="Make it the only way in").click()
    expect(page.get_by_text("bo@partner.example")).to_be_visible()
    looked_at()
    page.get_by_role("button", name="Only Acme ID from now on").click()

    expect(page.get_by_text("Acme ID is the only way in now.")).to_be_visible()

    page.goto(f"{base}/settings/hr/")
    page.get_by_label("Name", exact=True).fill("Entra ID")
    page.get_by_role("button", name="Make a token").click()
    provision(page.locator("#secret").inner_text(), base)

    known_there(issuer, "mia", email="mia@acme.example", name="Mia Berg")
    phone = visitor(width=390)
    phone.goto(base)
    looked_at(phone)
    phone.get_by_role("link", name="Continue with Acme ID").click()
    authorize(phone, "mia")
    expect(phone.get_by_role("heading", name="My lines")).to_be_visible()
    expect(phone.get_by_text("You have no line yet")).to_be_visible()
    assert User.objects.get(email="mia@acme.example").name == "Mia Berg"
    assert wrong == []


def begun() -> Organization:
    """A company with a proved domain, an owner with password and second factor, and somebody from elsewhere."""
    hosts.forget()
    acme = company("acme")
    owns_mail(acme, "acme.example")
    owner = member(acme, email=OWNER)
    owner.set_password(PASSWORD)
    owner.save()
    signin.add_authenticator_app(owner)
    member(acme, CompanyRole.FINANCE, email="bo@partner.example")
    return acme


def known_there(issuer: str, subject: str, **claims: Any) -> None:
    """The provider knows this person."""
    assert httpx2.put(f"{issuer}/users/{subject}", json=claims, trust_env=False).status_code == 204


def authorize(page: Page, subject: str) -> None:
    """Sign in at the provider."""
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize").click()


def provision(token: str, base: str) -> None:
    """HR writes a joiner."""
    there = urlsplit(base)
    written = httpx2.post(
        f"http://127.0.0.1:{there.port}/scim/v2/Users",
        headers={"Host": there.netloc, "Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"},
        json={
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "mia@acme.example",
            "name": {"givenName": "Mia", "familyName": "Berg"},
            "emails": [{"value": "mia@acme.example", "primary": True}],
        },
        trust_env=False,
        timeout=60,
    )
    assert written.status_code == 201, written.text
