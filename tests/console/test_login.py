"""Signing in: password, then a second factor that the first login leads to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail as django_mail
from django.test import Client
from pytest_django import Settings

from simplane.organizations.models import User
from tests import factories, signin


@pytest.fixture
def person(db: None) -> User:
    return factories.staff(email="sam@simplane.example", password=factories.PASSWORD)


@pytest.fixture
def console_of_admin(db: None) -> Client:
    user = factories.staff(is_superuser=True)
    return signin.client_of(user, second_factor=signin.add_authenticator_app(user))


def _sign_in(client: Client, password: str = factories.PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": "sam@simplane.example", "password": password})


@pytest.mark.django_db(transaction=True)
def test_the_first_login_leads_to_setting_up_a_second_factor(client: Client, person: User) -> None:
    assert _sign_in(client).headers["Location"] == "/console/"
    assert client.get("/console/").headers["Location"] == "/accounts/2fa/"
    assert "Set up a second factor" in client.get("/accounts/2fa/").content.decode()
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    found = re.search(r'value="([A-Z2-7]{32})"', page)
    assert found is not None

    client.post("/accounts/2fa/totp/activate/", {"code": signin.code_now(found[1])})

    assert client.get("/console/").status_code == 200
    assert set(Authenticator.objects.values_list("type", flat=True)) == {"totp", "recovery_codes"}


def test_changing_second_factors_later_asks_for_the_password_again(client: Client, person: User) -> None:
    _sign_in(client)
    session = client.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [record | {"at": record["at"] - 600} for record in records]
    session.save()

    assert client.get("/accounts/2fa/totp/activate/").headers["Location"].startswith("/accounts/reauthenticate/")


def test_later_logins_ask_for_the_code(client: Client, person: User) -> None:
    signin.add_authenticator_app(person)

    assert _sign_in(client).headers["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/console/").headers["Location"].startswith("/accounts/login/")
    client.post("/accounts/2fa/authenticate/", {"code": signin.code_now()})
    assert client.get("/console/").status_code == 200


def test_a_wrong_code_does_not_open_the_door(client: Client, person: User) -> None:
    signin.add_authenticator_app(person)
    _sign_in(client)

    answer = client.post("/accounts/2fa/authenticate/", {"code": "000000"})

    assert "Incorrect code." in answer.content.decode()
    assert client.get("/console/").status_code == 302


def test_a_session_from_before_the_second_factor_has_to_sign_in_again(client: Client, person: User) -> None:
    _sign_in(client)
    signin.add_authenticator_app(person)

    assert client.get("/console/").headers["Location"] == "/accounts/login/?next=/console/"
    assert "_auth_user_id" not in client.session


def test_secrets_of_second_factors_stand_encrypted(person: User) -> None:
    made = signin.add_authenticator_app(person)

    assert signin.SECRET not in str(Authenticator.objects.values_list("data", flat=True).get(pk=made.pk))
    assert made.wrap().validate_code(signin.code_now())


def test_a_wrong_password_does_not_say_whether_the_person_exists(client: Client, person: User) -> None:
    wrong = _sign_in(client, "wrong wrong wrong").content.decode()
    unknown = client.post("/accounts/login/", {"login": "no@example.com", "password": "wrong wrong wrong"})

    sentence = "The email address and/or password you specified are not correct."
    assert sentence in wrong
    assert sentence in unknown.content.decode()


def test_guessing_is_stopped_after_a_few_tries(client: Client, person: User) -> None:
    texts = [_sign_in(client, f"wrong wrong {n}").content.decode() for n in range(6)]

    assert "Too many failed login attempts" in texts[-1]
    assert "Too many failed login attempts. Wait 5 minutes, then try again." in _sign_in(client).content.decode()


def test_one_who_guesses_an_account_does_not_lock_its_owner_out(
    client: Client, person: User, settings: Settings
) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"trusted_proxies": ["127.0.0.1"]})
    for n in range(6):
        guess = {"login": "sam@simplane.example", "password": f"wrong wrong {n}"}
        client.post("/accounts/login/", guess, headers={"X-Forwarded-For": "203.0.113.9"})

    good = {"login": "sam@simplane.example", "password": factories.PASSWORD}
    answer = client.post("/accounts/login/", good, headers={"X-Forwarded-For": "198.51.100.7"})

    assert answer.headers["Location"] == "/console/"


def test_one_who_guesses_behind_our_proxy_locks_nobody_else_out(
    client: Client, person: User, settings: Settings
) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"trusted_proxies": ["127.0.0.1"]})
    for n in range(11):
        guess = {"login": f"nobody{n}@example.com", "password": "wrong wrong wrong"}
        answer = client.post("/accounts/login/", guess, headers={"X-Forwarded-For": "203.0.113.9"})
    assert "Too many failed login attempts" in answer.content.decode()

    good = {"login": "sam@simplane.example", "password": factories.PASSWORD}
    answer = client.post("/accounts/login/", good, headers={"X-Forwarded-For": "198.51.100.7"})

    assert answer.headers["Location"] == "/console/"


def test_a_code_opens_the_door_once(client: Client, person: User) -> None:
    signin.add_authenticator_app(person)
    code = signin.code_now()
    _sign_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert client.get("/console/").status_code == 200

    second = Client()
    _sign_in(second)
    second.post("/accounts/2fa/authenticate/", {"code": code})

    assert second.get("/console/").status_code == 302


def test_nobody_signs_up_alone(client: Client, db: None) -> None:
    client.post("/accounts/signup/", {"email": "new@example.com", "password1": factories.PASSWORD})

    assert not User.objects.exists()


def test_an_invited_person_chooses_a_password_by_mail(console_of_admin: Client, client: Client) -> None:
    form = {"email": "eva@simplane.example", "name": "Eva", "is_active": "on", "is_staff": "on"}
    console_of_admin.post("/admin/organizations/user/add/", form)
    client.post("/accounts/password/reset/", {"email": "eva@simplane.example"})
    (mail,) = django_mail.outbox
    found = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", str(mail.body))
    assert found is not None

    page = client.get(found[1], follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": factories.PASSWORD, "password2": factories.PASSWORD})
    client.post("/accounts/login/", {"login": "eva@simplane.example", "password": factories.PASSWORD})

    assert client.get("/console/").headers["Location"] == "/accounts/2fa/"


def test_pages_for_staff_are_in_english_whatever_the_browser_prefers(client: Client, db: None) -> None:
    answer = client.get("/accounts/login/", headers={"Accept-Language": "de"})

    assert "Password" in answer.content.decode()
    assert answer.headers["Content-Language"] == "en"


def test_the_login_page_offers_a_passkey(client: Client, db: None) -> None:
    text = client.get("/accounts/login/").content.decode()

    assert "Sign in with a passkey" in text
    assert "style=" not in text
