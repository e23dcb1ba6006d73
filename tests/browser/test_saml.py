"""SAML in a real browser: the provider's page posts across sites, where no cookie of ours goes along."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect
from pytest_django import Settings

from simplane.organizations import hosts
from simplane.organizations.models import User
from tests.browser.conftest import NewPage
from tests.companies import company
from tests.sso.idp import Asked, Idp
from tests.sso.test_saml import EMAIL, connected
from tests.sso.world import owns_mail

pytestmark = pytest.mark.browser
FORM = """<!doctype html><title>Acme ID</title><form method="post" action="{acs}"><input type="hidden"
name="SAMLResponse" value="{answer}"><button>Sign in as Ana</button></form>"""


def test_a_person_comes_from_the_login_page_through_their_provider_to_their_own_page(
    visitor: NewPage, site: str, settings: Settings
) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"base_url": site})
    hosts.forget()
    acme = company("acme")
    owns_mail(acme, "acme.example")
    idp = Idp(sign_in_url="http://idp.example/sign-in")
    connected(acme, idp.metadata())
    page = visitor(width=390)

    def answer(route: Route) -> None:
        asked = Asked.at(route.request.url)
        route.fulfill(content_type="text/html", body=FORM.format(acs=asked.acs, answer=idp.answer(asked)))

    page.route("http://idp.example/**", answer)
    page.goto(f"{hosts.address_of('acme')}/mine/")
    page.get_by_role("link", name="Continue with Acme ID").click()
    page.get_by_role("button", name="Sign in as Ana").click()
    expect(page).to_have_url(f"{hosts.address_of('acme')}/mine/")
    assert User.objects.get(email=EMAIL).last_login is not None
