"""Settings of a company: what connects its HR system, what groups mean, keys for its programs, its look and its data."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from simplane.billing.models import BillingProfile
from simplane.core import clock, tenancy
from simplane.core.models import AuditEntry
from simplane.organizations.keys import create_key, hash_of
from simplane.organizations.models import ApiKey, CompanyRole, Domain, Organization
from simplane.workforce.models import Employee, Group, ScimToken
from tests import factories
from tests.api.scim.calls import Caller
from tests.billing import desk
from tests.companies import company, team
from tests.company.members import browser_of, member
from tests.hub.test_branding import png
from tests.store.conftest import link_of, promised

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(acme: Organization) -> Client:
    return browser_of(member(acme), acme)


def test_the_token_of_a_hr_system_is_shown_once_with_its_address_works_and_ends(
    acme: Organization, owner: Client
) -> None:
    with tenancy.scope(acme.pk):
        now = clock.now()
        Domain.objects.create(host="esim.acme.example", for_pages=True, token="x", created_at=now, verified_at=now)
    first = owner.get("/settings/hr/").content.decode()
    for address in ("http://acme.localhost:8000/scim/v2", "http://esim.acme.example/scim/v2", "aadOptscim062020"):
        assert address in first

    shown = owner.post("/settings/hr/token/", {"name": "Entra ID"}).content.decode()
    (secret,) = set(re.findall(r"scim_\w{32}", shown))
    hr_system(secret).create("ben")
    page = owner.get("/settings/hr/").content.decode()
    assert (secret in page, "1 person and 0 groups came this way" in page, "used" in page) == (False, True, True)

    with tenancy.scope(acme.pk):
        token = ScimToken.objects.get()
    assert owner.post(f"/settings/hr/{token.public_id}/revoke/").status_code == 302
    hr_system(secret).send("GET", "/Users", status=401)
    assert owner.post(f"/settings/hr/{token.public_id}/revoke/").status_code == 404
    assert owner.post("/settings/hr/token/", {"name": ""}).status_code == 422


def test_a_group_gets_a_team_and_a_role_and_its_members_move(acme: Organization, owner: Client) -> None:
    sales = team(acme)
    theirs = company("beta")
    with tenancy.scope(theirs.pk):
        other = Group.objects.create(
            public_id="grp_o", display_name="O", created_at=clock.now(), updated_at=clock.now()
        )
    owner.post("/settings/hr/token/", {"name": "Okta"})
    secret = re.findall(r"scim_\w{32}", owner.post("/settings/hr/token/", {"name": "Okta 2"}).content.decode())[0]
    hr = hr_system(secret)
    ben = hr.create("ben")
    made = hr.send("POST", "/Groups", {"displayName": "Field", "members": [{"value": ben["id"]}]}, status=201)

    assert "Field" in owner.get("/settings/groups/?q=fie").content.decode()
    assert "No group begins with" in owner.get("/settings/groups/?q=x").content.decode()
    owner.post(f"/settings/groups/{made['id']}/", {"team": sales.public_id, "role": "manager"})
    with tenancy.scope(acme.pk):
        assert Employee.objects.get(public_id=ben["id"]).team == sales
        assert Group.objects.get(public_id=made["id"]).role == "manager"
    wrong = owner.post(f"/settings/groups/{made['id']}/", {"team": "nobody", "role": ""}, follow=True)
    assert "Refused: there is no such team" in wrong.content.decode()
    assert owner.post(f"/settings/groups/{other.public_id}/", {"team": "", "role": ""}).status_code == 404


def test_a_key_is_shown_once_stands_in_the_history_and_only_its_company_changes_it(
    acme: Organization, owner: Client
) -> None:
    theirs = create_key(company("beta"), "theirs").key
    wish = {"name": "payroll", "scopes": ["people:read", "spend:read"], "networks": "203.0.113.7/32", "rate": "60"}
    shown = owner.post("/settings/keys/new/", wish).content.decode()
    (secret,) = set(re.findall(r"sk_live_\w{32}", shown))
    key = ApiKey.objects.get(organization=acme)
    assert (bytes(key.hash), key.scopes) == (hash_of(secret), ["people:read", "spend:read"])
    page = owner.get("/settings/keys/").content.decode()
    assert (secret in page, "see people, teams and cost centres, see spend" in page) == (False, True)

    again = owner.post(f"/settings/keys/{key.public_id}/rotate/", {"overlap": "0"}).content.decode()
    assert (secret in again, "The old secret stops at once" in again) == (False, True)
    new = ApiKey.objects.exclude(pk=key.pk).get(organization=acme)
    owner.post(f"/settings/keys/{new.public_id}/revoke/")
    assert "No key yet" in owner.get("/settings/keys/").content.decode()
    history = owner.get("/audit/?action=api_key").context["page"].rows
    assert [one.action for one in history] == ["api_key.revoked", "api_key.rotated", "api_key.created"]
    assert AuditEntry.objects.filter(organization_id=acme.pk, entity="api_key").count() == 3

    for deed in ("rotate", "revoke"):
        assert owner.post(f"/settings/keys/{theirs.public_id}/{deed}/").status_code == 404
    theirs.refresh_from_db()
    assert (theirs.revoked_at, theirs.expires_at) == (None, None)
    assert owner.post("/settings/keys/new/", {**wish, "scopes": ["orders:write"]}).status_code == 422


def test_the_look_that_was_chosen_is_on_the_pages_behind_links(acme: Organization, owner: Client) -> None:
    stranger = Client(headers={"host": "acme.localhost"})
    assert (stranger.get("/look/style.css").content, stranger.get("/look/logo.png").status_code) == (b"", 404)
    logo = SimpleUploadedFile("logo.png", png(), "image/png")
    look = {"name": "Acme eSIM", "color": "#FFCC00", "support_email": "help@acme.example", "logo": logo}
    assert owner.post("/settings/branding/", look).status_code == 302
    assert owner.post("/settings/branding/", {"color": "red"}).status_code == 422

    for path in ("/install/x/", "/invited/x/", "/approvals/x/"):
        page = stranger.get(path).content.decode()
        for part in ('alt="Acme eSIM"', "/look/style.css", "help@acme.example"):
            assert part in page, (path, part)
        assert "Simplane</span>" not in page
    assert b"--tblr-btn-color: #000" in stranger.get("/look/style.css").content
    assert stranger.get("/look/logo.png").content[:4] == b"\x89PNG"
    unit = factories.delivered_unit(order=factories.order(book="wholesale", organization=acme), product=promised())
    assert "Acme eSIM" in stranger.get(link_of(unit)).content.decode()


def test_finance_says_to_whom_invoices_go_and_what_can_not_stand_on_one_changes_nothing(settings: Any) -> None:
    with tenancy.everywhere():
        of = desk.company(vat_id="DE136695976")
    finance, mia = (browser_of(member(of, role), of) for role in (CompanyRole.FINANCE, CompanyRole.OWNER))
    given = {
        "legal_name": "Acme AG", "street": "Ring 1", "postcode": "8001", "city": "Zürich", "country": "CH", "vat_id": "",
        "invoice_email": "ap@acme.example", "reference": "PO-9", "language": "de",
    }  # fmt: skip
    page = finance.get("/settings/company/").content.decode()
    assert ("Müller" in page, 'name="contact_email"' in page, 'name="reference"' in page) == (True, False, True)

    assert finance.post("/settings/company/", given | {"country": "DE", "vat_id": "DE1"}).status_code == 422
    assert known(of) == ("Müller & Söhne", "DE", "DE136695976", "finance@company.example")
    assert finance.post("/settings/company/", given).status_code == 302
    assert known(of) == ("Acme AG", "CH", "", "ap@acme.example")
    assert "is not confirmed by Simplane GmbH yet" in finance.get("/settings/company/").content.decode()
    mine = {"name": "Acme Swiss", "contact_email": "it@acme.example", "website": ""}
    assert mia.post("/settings/company/", given | mine).status_code == 302
    of.refresh_from_db()
    assert (of.name, of.country, of.contact_email) == ("Acme Swiss", "CH", "it@acme.example")


def hr_system(secret: str) -> Caller:
    return Caller(Client(headers={"Authorization": f"Bearer {secret}"}))


def known(of: Organization) -> tuple[str, str, str, str]:
    with tenancy.everywhere():
        row = BillingProfile.objects.get(organization=of)
    return row.name, row.country, row.vat_id, row.email
