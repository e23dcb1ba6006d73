"""A company at the console: taken on in nine fields, seen whole, given credit and plans, suspended and served again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from simplane.core import clock, tenancy
from simplane.core.ids import new_id
from simplane.core.models import AuditEntry, DeadLetter
from simplane.fleet.models import FleetLine, Operation, Plan
from simplane.ledger.models import Wallet
from simplane.organizations import hosts
from simplane.organizations.keys import create_key
from simplane.organizations.models import CompanyRole, Invitation, Organization
from simplane.sso.models import Connection
from simplane.suppliers.models import Supplier
from tests import factories
from tests.company.members import browser_of, member
from tests.usage.world import metered

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Globex",
    "slug": "globex",
    "owner_email": "Ana@globex.example",
    "country": "de",
    "vat_id": "DE136695976",
    "currency": "EUR",
    "credit": "5000",
    "tier": "",
    "plans": "",
}
PAGE = "/console/companies/globex/"


@pytest.fixture(autouse=True)
def _hosts_asked_anew() -> None:
    hosts.forget()


def _said(client: Client, address: str, form: dict[str, str]) -> str:
    return " ".join(client.post(address, form, follow=True).content.decode().split())


def _product() -> Any:
    product = factories.product()
    factories.price(product=product)
    factories.match(product=product, offer=factories.offer(cost_minor=1_00, currency="EUR"))
    return product


def _globex(console: Client, **given: str) -> Organization:
    console.post("/console/companies/new/", FORM | given)
    return Organization.objects.get(slug="globex")


def test_nine_fields_take_a_company_on_with_account_plans_and_a_link_for_its_owner(console: Client) -> None:
    product, unserved = _product(), factories.product()

    said = _said(console, "/console/companies/new/", FORM | {"plans": f"{product.sku}, {unserved.sku}"})

    of = Organization.objects.get(slug="globex")
    assert (of.kind, of.country, of.vat_id, of.contact_email) == ("company", "DE", "DE136695976", "ana@globex.example")
    assert Wallet.objects.get(organization=of).credit_limit_minor == 5000_00
    assert Invitation.objects.values_list("email", "role").get() == ("ana@globex.example", "owner")
    assert (f"Not offered: {unserved.sku}" in said, "globex.localhost" in said) == (True, True)
    with tenancy.everywhere():
        assert Plan.objects.get(organization=of).product == product
    told = list(AuditEntry.objects.filter(organization_id=of.pk).order_by("pk").values_list("action", flat=True))
    assert told == ["wallet.credit_limit", "company.onboarded", "member.invited", "plan.offered"]
    listed = console.get("/console/audit/?organization=globex").context["page"].rows
    assert {one.actor.split()[-1] for one in listed} == {"sam@simplane.example"}


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"slug": "Glo bex"}, {"slug": "www"}, {"country": "XX"}, {"vat_id": "DE1"}, {"vat_id": "ATU1"},
     {"currency": "XXZ"}, {"credit": "x"}, {"credit": "-5"}, {"owner_email": "ana"}, {"plans": "NOBODY-KNOWS"}],
)  # fmt: skip
def test_what_can_not_be_takes_nobody_on(console: Client, wrong: dict[str, str]) -> None:
    answer = console.post("/console/companies/new/", FORM | wrong)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Organization.objects.filter(kind="company").exists()


def test_a_company_is_seen_whole_and_found_in_the_list(console: Client, django_assert_max_num_queries: Any) -> None:
    product = _product()
    of = _globex(console, plans=product.sku)
    assert "choose another address" in _said(console, "/console/companies/new/", FORM)
    with tenancy.everywhere():
        plan, now = Plan.objects.get(), clock.now()
        for state in ("active", "active", "ended"):
            line = FleetLine.objects.create(
                organization=of, public_id=new_id("fl"), plan=plan, state=state, state_at=now, wanted_at=now, created_at=now
            )  # fmt: skip
        Operation.objects.create(
            organization=of, public_id=new_id("op"), line=line, kind="suspend", state="unknown", state_at=now,
            asked_by="x", asked_at=now, problem="the supplier did not answer",
        )  # fmt: skip
        metered(of, Supplier.objects.get(), "L1")
    order = factories.order(organization=of, book="company")
    factories.letter(order_id=order.pk, summary="No supplier has it")
    factories.letter(order_id=factories.order().pk, summary="Somebody else's")
    member(of, CompanyRole.FINANCE, email="fin@globex.example")

    with django_assert_max_num_queries(45):
        seen = " ".join(console.get(PAGE).content.decode().split())
    for words in ("€5,000.00", "1 operation, 1 dead letter", "the supplier did not answer", "No supplier has it",
                  "fin@globex.example", product.sku, "use of 1 line measured"):  # fmt: skip
        assert words in seen, words
    assert "Somebody else" not in seen
    (row,) = console.get("/console/companies/?q=glob&state=active").context["rows"]
    assert (row[0].pk, row[1]) == (of.pk, 2)
    assert console.get("/console/companies/?state=suspended").context["rows"] == []
    assert DeadLetter.objects.count() == 2


def test_credit_plans_and_people_are_changed_and_every_deed_stands_in_its_history(console: Client) -> None:
    of, product = _globex(console), _product()

    assert "a reason is missing" in _said(console, PAGE + "credit/", {"currency": "EUR", "limit": "9", "reason": ""})
    assert "not negative" in _said(console, PAGE + "credit/", {"currency": "EUR", "limit": "-1", "reason": "x"})
    assert "no wallet" in _said(console, PAGE + "credit/", {"currency": "USD", "limit": "1", "reason": "x"})
    console.post(PAGE + "credit/", {"currency": "EUR", "limit": "900", "reason": "pays on time"})
    assert Wallet.objects.get(organization=of).credit_limit_minor == 900_00
    assert "unknown SKU" in _said(console, PAGE + "plans/", {"skus": "NONE"})
    assert "no SKU" in _said(console, PAGE + "plans/", {"skus": " "})
    assert "from now on" in _said(console, PAGE + "plans/", {"skus": product.sku})
    assert "no role" in _said(console, PAGE + "invite/", {"email": "bob@globex.example", "role": "buyer"})
    assert "no e-mail" in _said(console, PAGE + "invite/", {"email": "bob", "role": "finance"})
    assert "A link goes" in _said(console, PAGE + "invite/", {"email": "bob@globex.example", "role": "finance"})

    with tenancy.scope(of.pk):
        actions = list(AuditEntry.objects.order_by("-pk").values_list("action", "reason")[:3])
    assert actions == [("member.invited", ""), ("plan.offered", ""), ("wallet.credit_limit", "pays on time")]
    for slug in ("nobody", "operator"):
        assert console.get(f"/console/companies/{slug}/").status_code == 404
        assert console.post(f"/console/companies/{slug}/credit/", {"limit": "1"}).status_code == 404


def test_a_suspended_company_looks_and_changes_nothing_until_it_is_served_again(console: Client) -> None:
    of = _globex(console)
    owner = browser_of(member(of), of)
    secret = create_key(of, "test", scopes=["people:read", "people:write"]).secret
    api, address = Client(headers={"Authorization": f"Bearer {secret}"}), "/api/v1/tenants/globex/employees"
    assert "a reason is missing" in _said(console, PAGE + "suspend/", {})
    assert owner.post("/settings/domains/", {}).status_code != 403

    assert "lines keep running" in _said(console, PAGE + "suspend/", {"reason": "unpaid"})

    of.refresh_from_db()
    assert of.state == "suspended"
    assert (owner.get("/lines/").status_code, owner.post("/settings/domains/", {}).status_code) == (200, 403)
    assert api.get(address).status_code == 200
    refused = api.post(address, {"name": "Ben"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "account_suspended")
    assert "Globex is suspended, not active" in _said(console, PAGE + "suspend/", {"reason": "x"})
    assert console.post("/console/resellers/globex/reactivate/", {"reason": "x"}).status_code == 404

    assert "may work again" in _said(console, PAGE + "reactivate/", {"reason": "paid"})
    assert owner.post("/settings/domains/", {}).status_code != 403
    with tenancy.scope(of.pk):
        told = AuditEntry.objects.filter(action__in=["organization.suspended", "organization.reactivated"]).order_by(
            "pk"
        )
        assert [one.reason for one in told] == ["unpaid", "paid"]


def test_passwords_are_let_in_again_for_a_company_whose_provider_is_down(console: Client) -> None:
    of = _globex(console)
    assert "it enforces no provider" in _said(console, PAGE + "passwords/", {"reason": "x"})
    now = clock.now()
    with tenancy.scope(of.pk):
        held = Connection.objects.create(
            public_id=new_id("sso"), protocol="oidc", name="Globex ID", state="active", enforced=True,
            tested_at=now, created_at=now, updated_at=now,
        )  # fmt: skip
    assert "They sign in only with Globex ID" in console.get(PAGE).content.decode()
    assert "a reason is missing" in _said(console, PAGE + "passwords/", {})

    said = _said(console, PAGE + "passwords/", {"reason": "their provider is down, Ana called back"})

    assert ("by password again" in said, "They sign in only" in said) == (True, False)
    with tenancy.scope(of.pk):
        assert not Connection.objects.get(pk=held.pk).enforced
        assert AuditEntry.objects.get(action="connection.relaxed").reason.startswith("their provider is down")
