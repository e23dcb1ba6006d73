"""Signing in as people do: password and code, the first time with setting it up, or with a passkey."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from simplane.organizations.models import User
from tests import factories, signin
from tests.browser.conftest import NewPage

pytestmark = pytest.mark.browser


def _password(page: Page) -> None:
    page.goto("/console/")
    page.get_by_label("Email").fill("sam@simplane.example")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_password_and_code_lead_to_today(visitor: NewPage, person: User) -> None:
    page = visitor()

    _password(page)
    page.get_by_label("Code").fill(signin.code_now())
    page.get_by_role("button", name="Sign In").click()

    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def test_the_first_login_sets_up_the_second_factor(visitor: NewPage) -> None:
    factories.staff(email="sam@simplane.example", password=factories.PASSWORD)
    page = visitor(width=390)

    _password(page)
    expect(page.get_by_text("Set up a second factor to use the console")).to_be_visible()
    page.get_by_role("link", name="Activate").click()
    secret = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Authenticator code").fill(signin.code_now(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_label("Unused codes")).to_be_visible()
    page.get_by_role("link", name="Console").click()

    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def test_a_passkey_alone_is_enough(signed_in: NewPage, person: User) -> None:
    page = signed_in()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Security key added.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    page.goto("/console/")
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("heading", name="Today")).to_be_visible()
