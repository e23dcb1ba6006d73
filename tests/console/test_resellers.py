"""A reseller at the console: taken on in eight fields, funded with four eyes, approved, suspended, seen as it sees itself."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client

from simplane.catalog.models import Terms, Tier
from simplane.core.models import AuditEntry
from simplane.delivery.limits import an_hour
from simplane.ledger.models import Adjustment, Transaction, Wallet
from simplane.organizations.models import Invitation, Membership, Organization
from simplane.payments.models import BankTopUp
from tests import factories

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Acme Travel",
    "owner_email": "ana@acme.example",
    "country": "de",
    "currency": "EUR",
    "credit": "500",
    "transfer": "1000,00",
    "reference": "RF18 5390",
}


def _said(client: Client, address: str, form: dict[str, str]) -> str:
    return " ".join(client.post(address, form, follow=True).content.decode().split())


def _acme(console: Client) -> Organization:
    console.post("/console/resellers/new/", FORM)
    return Organization.objects.get(slug="acme-travel")


def _balance(owner: Organization) -> int:
    return Wallet.objects.get(organization=owner).balance_minor


def test_eight_fields_take_a_reseller_on_and_a_colleague_lets_its_money_in(console: Client, colleague: Client) -> None:
    tier = Tier.objects.create(name="Gold", min_monthly_units=100)
    form = console.get("/console/resellers/new/").context["form"]
    assert len(form.fields) == 8

    page = console.post("/console/resellers/new/", FORM | {"tier": str(tier.pk)}).content.decode()

    assert len(re.findall(r"sk_(?:live|test)_\w{32}", page)) == 2
    acme = Organization.objects.get(slug="acme-travel")
    assert (acme.state, acme.country, acme.contact_email) == ("active", "DE", "ana@acme.example")
    assert (Terms.objects.get().tier, Terms.objects.get().tier_pinned) == (tier, True)
    assert Wallet.objects.get(organization=acme).credit_limit_minor == 500_00
    assert Invitation.objects.values_list("email", "role").get() == ("ana@acme.example", "owner")
    assert _balance(acme) == 0

    transfer = BankTopUp.objects.get()
    decide = f"/console/approvals/transfers/{transfer.top_up.public_id}/"
    assert "Refused" in _said(console, decide, {"verdict": "approve", "reason": "mine"})
    assert _balance(acme) == 0
    assert "in the wallet" in _said(colleague, decide, {"verdict": "approve", "reason": "on the statement"})
    assert _balance(acme) == 1000_00
    assert "sk_live_" in console.get("/console/resellers/acme-travel/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"country": "XX"}, {"currency": "XXZ"}, {"credit": "x"}, {"credit": "-5"}, {"transfer": "0"},
     {"reference": ""}, {"owner_email": "ana"}, {"tier": "77"}],
)  # fmt: skip
def test_what_can_not_be_takes_nobody_on(console: Client, wrong: dict[str, str]) -> None:
    answer = console.post("/console/resellers/new/", FORM | wrong)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Organization.objects.filter(kind="reseller").exists()


def test_a_name_that_is_taken_is_refused_on_the_form(console: Client) -> None:
    _acme(console)

    answer = console.post("/console/resellers/new/", FORM)

    assert (answer.status_code, "choose another name" in answer.content.decode()) == (422, True)


def test_an_applicant_is_approved_suspended_and_served_again(console: Client) -> None:
    owner = factories.organization(kind="reseller", slug="newcomer", name="New", state="applied")
    assert "confirmed" in _said(console, f"/console/resellers/{owner.slug}/approve/", {})
    Membership.objects.create(
        organization=owner, user=factories.staff(is_staff=False), role="owner", created_at=owner.created_at
    )
    states = []
    for verb, reason in (
        ("approve", ""),
        ("suspend", ""),
        ("suspend", "fraud"),
        ("approve", "x"),
        ("reactivate", "ok"),
    ):
        console.post(f"/console/resellers/{owner.slug}/{verb}/", {"reason": reason})
        owner.refresh_from_db()
        states.append(owner.state)

    assert states == ["active", "active", "suspended", "suspended", "active"]
    assert AuditEntry.objects.get(action="organization.suspended").reason == "fraud"


def test_credit_terms_and_people_are_changed_with_a_reason(console: Client) -> None:
    acme, gold = _acme(console), Tier.objects.create(name="Gold", min_monthly_units=9)
    page = "/console/resellers/acme-travel/"

    assert "a reason is missing" in _said(console, page + "credit/", {"currency": "EUR", "limit": "900", "reason": ""})
    assert "not negative" in _said(console, page + "credit/", {"currency": "EUR", "limit": "-1", "reason": "x"})
    assert "no wallet" in _said(console, page + "credit/", {"currency": "USD", "limit": "1", "reason": "x"})
    console.post(page + "credit/", {"currency": "EUR", "limit": "900", "reason": "pays on time"})
    console.post(page + "terms/", {"tier": str(gold.pk), "pinned": "on", "max_order": "250.00", "reason": "agreed"})
    assert "above zero" in _said(console, page + "terms/", {"max_order": "0"})
    assert "no e-mail address" in _said(console, page + "invite/", {"email": "bob", "role": "buyer"})
    assert "no role" in _said(console, page + "invite/", {"email": "bob@acme.example", "role": "king"})
    console.post(page + "invite/", {"email": "bob@acme.example", "role": "buyer"})

    assert Wallet.objects.get(organization=acme).credit_limit_minor == 900_00
    terms = Terms.objects.get(organization=acme)
    assert (terms.tier, terms.tier_pinned, terms.max_order_minor) == (gold, True, 250_00)
    assert set(Invitation.objects.values_list("email", "role")) == {
        ("ana@acme.example", "owner"),
        ("bob@acme.example", "buyer"),
    }
    note = AuditEntry.objects.filter(action="wallet.credit_limit").latest("pk")
    assert (note.before, note.reason) == ({"minor": 500_00, "currency": "EUR"}, "pays on time")


def test_a_wallet_is_corrected_by_two_people(console: Client, colleague: Client) -> None:
    acme = _acme(console)
    page = "/console/resellers/acme-travel/adjust/"
    form = {"currency": "EUR", "adjust-amount": "12,50", "adjust-cause": "goodwill", "adjust-reason": "eSIM lost"}
    assert "Refused" in _said(console, page, form | {"adjust-amount": "0"})
    console.post(page, form)
    row = Adjustment.objects.get()
    decide = f"/console/approvals/corrections/{row.pk}/"

    assert "ask a colleague" in _said(console, decide, {"verdict": "approve", "reason": "me"})
    assert (_balance(acme), "Wallet corrections" in colleague.get("/console/approvals/").content.decode()) == (0, True)
    colleague.post(decide, {"verdict": "approve", "reason": "seen"})

    assert _balance(acme) == 12_50
    assert Transaction.objects.get(adjustment=row).actor.endswith("cleo@simplane.example")


def test_seeing_the_hub_as_a_reseller_is_audited_and_visible(console: Client) -> None:
    _acme(console)
    page = "/console/resellers/acme-travel/see-as/"
    assert "a reason is missing" in _said(console, page, {"reason": ""})
    assert not AuditEntry.objects.filter(action="reseller.seen_as").exists()

    answer = console.post(page, {"reason": "ticket 7"})

    assert answer.headers["Location"] == "/hub/"
    note = AuditEntry.objects.get(action="reseller.seen_as")
    assert (note.entity_id, note.reason, note.actor.split(" ")[1]) == (
        "acme-travel",
        "ticket 7",
        "sam@simplane.example",
    )
    assert "as one of our resellers does" in console.get("/console/").content.decode()
    assert console.get("/hub/").status_code == 200
    console.post("/hub/stop-acting/")
    assert "as one of our resellers does" not in console.get("/console/").content.decode()


def test_a_test_twin_and_a_stranger_have_no_page(console: Client) -> None:
    _acme(console)

    for slug in ("acme-travel-test", "nobody", "operator"):
        assert console.get(f"/console/resellers/{slug}/").status_code == 404
        assert console.post(f"/console/resellers/{slug}/credit/", {"limit": "1"}).status_code == 404


def test_a_reseller_may_send_more_mails_an_hour_than_others_and_its_test_side_with_it(console: Client) -> None:
    acme = _acme(console)
    address = "/console/resellers/acme-travel/mails/"
    twin = Organization.objects.get(twin_of=acme)
    for wrong in ("0", "x", "-1", "99999999", "1.5"):
        assert "Refused" in _said(console, address, {"an_hour": wrong}), wrong
    assert an_hour(acme.pk) == settings.SIMPLANE.mails_an_hour

    assert "mails an hour leave from now on" in _said(console, address, {"an_hour": "5000", "reason": "a fair"})
    assert (an_hour(acme.pk), an_hour(twin.pk)) == (5000, 5000)
    entry = AuditEntry.objects.get(action="organization.mails")
    assert (entry.before, entry.after, entry.reason) == ({"mails_an_hour": 600}, {"mails_an_hour": 5000}, "a fair")
    _said(console, address, {"an_hour": ""})
    assert an_hour(twin.pk) == settings.SIMPLANE.mails_an_hour
