"""Settings > Sign-in: what is typed is checked before it counts, secrets are never shown, and pages stay cheap."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from simplane.core import tenancy
from simplane.core.models import AuditEntry
from simplane.organizations.models import CompanyRole, Organization
from simplane.sso import break_glass, connections
from simplane.sso.errors import NotReady
from simplane.sso.models import Connection, Identity
from tests import signin
from tests.company.members import browser_of, member

SECRET = "hunter2-hunter2"
NAMED = {"name": "Okta", "client_id": "abc", "client_secret": SECRET}


@pytest.mark.django_db
def test_a_connection_is_used_only_when_it_was_checked_and_tested(acme: Organization) -> None:
    owner = browser_of(member(acme), acme)
    begun = owner.post("/settings/sign-in/", {"name": "Okta", "protocol": "oidc"})
    one = the_one(acme)
    page = begun["Location"]
    assert (page, one.state, one.public_id in text(owner.get(page))) == (
        f"/settings/sign-in/{one.public_id}/",
        "draft",
        True,
    )
    for given, words in (
        ({"issuer": "http://169.254.169.254/"}, "not a public address"),
        ({"issuer": "https://user:pw@idp.example"}, "holds a user name"),
        ({"issuer": "not a url"}, "this is no URL"),
        ({"issuer": ""}, "This field is required"),
    ):
        answer = owner.post(page, {**NAMED, **given})
        assert (answer.status_code, words in text(answer)) == (422, True), text(answer)
    for deed, words in (("activate", "was not tested"), ("enforce", "name an owner for that day first")):
        path = f"{page}do/{deed}/" if deed == "activate" else f"{page}enforce/"
        assert words in text(owner.post(path, follow=True))
    twice = owner.post(f"{page}roles/", {"group": ["IT", "IT"], "role": ["owner", "viewer"]}, follow=True)
    assert "a group stands there twice" in text(twice)
    unknown = owner.post(f"{page}roles/", {"group": ["IT"], "role": ["king"]}, follow=True)
    assert "this is no role" in text(unknown)
    assert (the_one(acme).issuer, the_one(acme).group_roles, the_one(acme).state) == ("", {}, "draft")

    with tenancy.scope(acme.pk):
        connections.change(one.public_id, issuer="https://idp.example", client_id="abc", client_secret=SECRET)
        connections.tested(one.public_id, by="a test")
        connections.activate(one.public_id)
        connections.change(one.public_id, name="Acme ID", client_secret="another-secret")
        assert Connection.objects.get().state == "active", "a new secret needs no test"
        connections.change(one.public_id, client_id="other")
        assert (Connection.objects.get().state, Connection.objects.get().tested_at) == ("draft", None)
    told = " ".join(str(row) for row in AuditEntry.objects.values_list("before", "after", "reason"))
    for secret in (SECRET, "another-secret"):
        assert secret not in told + text(owner.get(page))
    with tenancy.scope(acme.pk), pytest.raises(NotReady, match="stays with its provider"):
        connections.change(one.public_id, issuer="https://evil.example")
    owner.post(f"{page}do/remove/")
    with tenancy.scope(acme.pk):
        assert not Connection.objects.exists()
    viewer = browser_of(member(acme, CompanyRole.FINANCE), acme)
    assert viewer.get("/settings/sign-in/").status_code == 403


@pytest.mark.django_db
def test_an_owner_adds_a_second_factor_at_the_companys_address_and_may_be_named(acme: Organization) -> None:
    person = member(acme)
    owner = browser_of(person, acme)
    named = owner.post("/settings/sign-in/glass/", {"user": person.pk}, follow=True)
    assert "has no second factor" in text(named)
    for path in ("2fa/", "2fa/totp/activate/", "2fa/webauthn/add/", "2fa/webauthn/", "logout/"):
        page = owner.get(f"/accounts/{path}")
        assert (path, page.status_code, '<a href="/">Acme</a>' in text(page)) == (path, 200, True)
    signin.add_authenticator_app(person)
    owner.post("/settings/sign-in/glass/", {"user": person.pk})
    assert break_glass.may(acme.pk, person)


@pytest.mark.django_db
def test_more_connections_and_members_ask_no_more_questions(acme: Organization) -> None:
    owner = browser_of(member(acme), acme)

    def asked() -> list[int]:
        return [questions(owner, path) for path in ("/settings/sign-in/", "/members/", "/accounts/login/")]

    asked()
    furnish(acme, 1)
    few = asked()
    furnish(acme, 5)
    assert asked() == few


def furnish(acme: Organization, count: int) -> None:
    """So many more active connections, each with an owner who came through it."""
    for number in range(count):
        user = member(acme)
        with tenancy.scope(acme.pk):
            made = connections.add("oidc", name=f"ID {number}", issuer="https://idp.example", client_id="abc")
            connections.tested(made.public_id, by="a test")
            connections.activate(made.public_id)
            Identity.objects.create(
                connection=made,
                subject=str(number),
                user=user,
                created_at=made.created_at,
                signed_in_at=made.created_at,
            )


def questions(client: Client, path: str) -> int:
    """How many statements a page needs."""
    with CaptureQueriesContext(database) as found:
        client.get(path)
    return len(found)


def the_one(acme: Organization) -> Connection:
    """The company's connection."""
    with tenancy.scope(acme.pk):
        found: Connection = Connection.objects.get()
    return found


def text(answer: Any) -> str:
    """The page."""
    return str(answer.content.decode())
