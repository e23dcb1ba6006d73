"""A host decides the company; a session of one company is nothing at another's address."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from simplane.company.urls import pages
from simplane.core import clock, tenancy
from simplane.organizations import hosts
from simplane.organizations.adapter import SESSION_TENANT
from simplane.organizations.company_roles import PERMISSIONS, allows
from simplane.organizations.models import CompanyRole, Domain, Membership, Organization
from tests import signin
from tests.companies import company, employee, team
from tests.company.members import browser_of, member
from tests.hub import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    hosts.forget()


@pytest.mark.parametrize(
    "host", ["nobody.localhost", "evil.example", "acme.localhost.evil.example", "a.acme.localhost"]
)
def test_an_unknown_host_is_refused(host: str) -> None:
    company("acme")

    answer = Client().get("/", headers={"host": host})

    assert (answer.status_code, "nothing at this address" in answer.content.decode()) == (421, True)


def test_a_companys_host_shows_its_pages_and_none_of_ours() -> None:
    acme = company("acme")
    browser = browser_of(member(acme), acme)

    assert "Acme" in browser.get("/").content.decode()
    for path in ("/console/", "/hub/", "/api/v1/orders", "/admin/"):
        assert browser.get(path).status_code in (403, 404)


def test_a_domain_of_its_own_leads_to_the_company_once_it_is_proved() -> None:
    acme = company("acme")
    with tenancy.scope(acme.pk):
        domain = Domain.objects.create(host="esim.acme.example", for_pages=True, token="x", created_at=clock.now())
    host = {"host": "esim.acme.example"}

    assert Client().get("/accounts/login/", headers=host).status_code == 421
    with tenancy.scope(acme.pk):
        domain.verified_at = clock.now()
        domain.save()
    hosts.forget()
    assert "Sign in to Acme" in Client().get("/accounts/login/", headers=host).content.decode()


def test_the_session_of_one_company_opens_nothing_at_another() -> None:
    acme, beta = company("acme"), company("beta")
    mia = member(acme)
    browser = browser_of(mia, acme)
    member(beta, email="x@beta.example")

    assert browser.get("/").status_code == 200
    assert browser.get("/", headers={"host": "beta.localhost"}).status_code == 302


def test_a_stranger_with_the_right_password_is_not_let_in() -> None:
    acme, beta = company("acme"), company("beta")
    member(acme)
    ben = member(beta, email="ben@beta.example")
    ben.set_password("correct horse battery")
    ben.save()
    client, form = Client(), {"login": ben.email, "password": "correct horse battery"}

    answer = client.post("/accounts/login/", form, headers={"host": "acme.localhost"}, follow=True)
    assert "has no access to Acme" in answer.content.decode()
    assert client.get("/", headers={"host": "acme.localhost"}).status_code == 302

    there = Client()
    there.post("/accounts/login/", form, headers={"host": "beta.localhost"})
    assert there.get("/", headers={"host": "beta.localhost"}).status_code == 200


def test_a_session_is_a_companys_only_when_the_last_factor_was_shown() -> None:
    acme = company("acme")
    mia = member(acme, CompanyRole.VIEWER)
    mia.set_password("correct horse battery")
    mia.save()
    signin.add_authenticator_app(mia)
    browser = Client(headers={"host": "acme.localhost"})

    browser.post("/accounts/login/", {"login": mia.email, "password": "correct horse battery"})
    assert SESSION_TENANT not in browser.session
    browser.post("/accounts/2fa/authenticate/", {"code": signin.code_now()})

    assert browser.session[SESSION_TENANT] == acme.pk
    assert browser.get("/lines/").status_code == 200


def test_a_manager_sees_only_the_teams_they_lead() -> None:
    acme = company("acme")
    boss = member(acme, CompanyRole.MANAGER)
    lead = employee(acme, "Lea Lead", user=boss)
    mine, other = team(acme, "Sales", lead=lead), team(acme, "Ops")
    employee(acme, "Ana Lima", team=mine)
    employee(acme, "Ben Ott", team=other)

    page = browser_of(boss, acme).get("/people/").content.decode()

    assert ("Ana Lima" in page, "Ben Ott" in page) == (True, False)


def test_every_page_opens_for_the_roles_of_the_table_and_for_nobody_else() -> None:
    acme = company("acme")
    for role in CompanyRole:
        browser = browser_of(member(acme, role), acme)
        for route, permission in guarded_pages():
            answer = browser.get(f"/{route}")
            status = browser.post(f"/{route}").status_code if answer.status_code == 405 else answer.status_code
            assert status in ({200, 302, 404, 422} if allows(role, permission) else {403}), (role, route)


def test_every_page_asks_a_stranger_to_sign_in() -> None:
    company("acme")
    for route, _ in guarded_pages():
        assert Client().get(f"/{route}", headers={"host": "acme.localhost"}).status_code in (302, 405)


def guarded_pages() -> list[tuple[str, str]]:
    """Every address of the company's pages, ids made up, with what it asks for; one without a guard fails here."""
    found = []
    for pattern in pages:
        rule = getattr(pattern.callback, "rule", None)
        assert rule is not None, f"{pattern.name} has no guard"
        assert rule.permission in PERMISSIONS
        found.append(
            (str(pattern.pattern).replace("<str:public_id>", "x").replace("<str:name>", "suspend"), rule.permission)
        )
    return found


def test_a_suspended_or_missing_company_is_found_out_within_the_time_it_is_remembered() -> None:
    acme = company("acme")
    assert hosts.tenant_of("acme.localhost") is not None
    Organization.objects.filter(pk=acme.pk).update(state="suspended")
    assert hosts.tenant_of("acme.localhost").suspended is False  # type: ignore[union-attr]
    hosts.forget()
    assert hosts.tenant_of("acme.localhost").suspended is True  # type: ignore[union-attr]


def test_a_link_to_a_new_password_leads_to_an_address_we_know_and_only_members_get_one() -> None:
    acme = company("acme")
    mia = member(acme, email="mia@acme.example")
    ben = member(company("beta"), email="ben@beta.example")
    for one in (mia, ben):
        one.set_password("correct horse battery")
        one.save()
    with tenancy.scope(acme.pk):
        now = clock.now()
        Domain.objects.create(host="sim.evil.example", for_pages=True, token="x", created_at=now, verified_at=now)

    for one in (mia, ben):
        Client().post("/accounts/password/reset/", {"email": one.email}, headers={"host": "sim.evil.example"})

    [sent] = mail.outbox
    assert sent.to == [mia.email]
    assert "http://acme.localhost:8000/accounts/password/reset/key/" in sent.body
    assert "evil" not in sent.body


def test_a_companys_session_opens_nothing_of_ours() -> None:
    acme, reseller = company("acme"), people.reseller()
    mia = member(acme)
    Membership.objects.create(organization=reseller, user=mia, role="owner", created_at=clock.now())
    browser = browser_of(mia, acme)

    assert browser.get("/").status_code == 200
    assert browser.get("/hub/", headers={"host": "testserver"}).status_code == 302
    assert browser.get("/").status_code == 302


def test_a_suspended_company_looks_and_changes_nothing() -> None:
    acme = company("acme", state="suspended")
    browser = browser_of(member(acme), acme)

    assert browser.get("/people/").status_code == 200
    assert browser.post("/lines/many/").status_code == 403


def test_who_is_no_member_any_more_is_told_so() -> None:
    acme = company("acme")
    mia = member(acme)
    browser = browser_of(mia, acme)
    Membership.objects.filter(user=mia).delete()

    answer = browser.get("/")
    assert (answer.status_code, "no member here any more" in answer.content.decode()) == (403, True)
