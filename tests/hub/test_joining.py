"""From an application to the first owner, by mail; and how little an outsider learns on the way."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client

from simplane.core import clock
from simplane.core.errors import IllegalMove
from simplane.hub import mails
from simplane.ledger import queries
from simplane.organizations.invitations import fresh_secret
from simplane.organizations.keys import find_key, hash_of, keys_made_by
from simplane.organizations.lifecycle import NobodyConfirmed, approve, reactivate, suspend
from simplane.organizations.models import ApiKey, Invitation, Membership, Organization, User
from simplane.webhooks.actions import create_endpoint
from tests import factories
from tests.delivery.conftest import PostOffice
from tests.hub.people import browser_of, member, reseller

pytestmark = pytest.mark.django_db
WISH = {
    "company": "Acme Travel",
    "country": "DE",
    "website": "acme.example",
    "email": "Ana@Acme.example",
    "currency": "EUR",
    "expected_monthly": "300",
}
PERSON = {"name": "Ana Acme", "password": factories.PASSWORD}


def _jobs() -> list[tuple[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args FROM procrastinate_jobs WHERE task_name LIKE 'hub.%' ORDER BY id")
        return list(cursor.fetchall())


def _link_in(office: PostOffice) -> str:
    found = re.search(r"http://\S+(/hub/invited/\S+)", office.mails()[-1].get_content())
    assert found is not None
    return found[1]


def test_an_application_gives_a_test_key_and_an_account_that_waits(client: Client) -> None:
    page = client.post("/hub/join/", WISH)

    home, twin = Organization.objects.filter(kind="reseller").order_by("pk")
    (secret,) = set(re.findall(r"sk_test_\w{32}", page.content.decode()))
    assert page.headers["Cache-Control"] == "private, no-store"
    assert (home.state, home.slug, home.country, home.website) == (
        "applied",
        "acme-travel",
        "DE",
        "https://acme.example",
    )
    assert (home.contact_email, home.expected_monthly, home.terms.currency) == ("ana@acme.example", 300, "EUR")
    assert (twin.state, twin.twin_of) == ("active", home)
    assert [bytes(key.hash) for key in ApiKey.objects.filter(organization=twin)] == [hash_of(secret)]
    assert not ApiKey.objects.filter(organization=home).exists()
    assert [one.balance_minor for one in queries.wallets(twin.pk)] == [10_000_00]
    assert not User.objects.exists()
    assert [name for name, _ in _jobs()] == ["hub.send_invitation"]


def test_the_answer_does_not_tell_whether_a_person_or_a_company_is_known(client: Client) -> None:
    def seen() -> str:
        page = client.post("/hub/join/", WISH).content.decode()
        return re.sub(r"sk_test_\w{32}", "KEY", page)

    fresh = seen()
    User.objects.create_user("ana@acme.example", factories.PASSWORD)

    assert seen() == fresh
    assert Organization.objects.filter(name="Acme Travel").count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"company": "!!!"},
        {"company": "Win at https://eve.example"},
        {"company": "Visit eve.example/win"},
        {"company": "Ask eve@eve.example"},
        {"company": "WWW.eve.example"},
        {"company": "Acme\u202elevarT"},
        {"company": "Acme \u2066Travel"},
        {"company": "Acme\x85Travel"},
        {"email": "ana"},
        {"country": "XX"},
        {"currency": "XXQ"},
        {"expected_monthly": "-1"},
    ],
)
def test_a_bad_application_changes_nothing(client: Client, wrong: dict[str, str]) -> None:
    answer = client.post("/hub/join/", WISH | wrong)

    assert 'role="alert"' in answer.content.decode()
    assert not Organization.objects.filter(kind="reseller").exists()


def test_applications_from_one_place_are_limited(client: Client) -> None:
    statuses = [client.post("/hub/join/", WISH).status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert Organization.objects.filter(name="Acme Travel").count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_link_makes_the_applicant_the_owner_and_then_we_may_approve(
    client: Client, post_office: PostOffice
) -> None:
    client.post("/hub/join/", WISH)
    home = Organization.objects.get(slug="acme-travel")
    with pytest.raises(NobodyConfirmed):
        approve(home.pk)
    mails.send_invitation(Invitation.objects.get().pk)
    assert post_office.mails()[-1]["To"] == "ana@acme.example"
    link = _link_in(post_office)

    weak = client.post(link, PERSON | {"password": "password1234"})
    assert "too common" in weak.content.decode()
    for name in ("www.eve.example", "Ana\u202eemcA", "eve.example/win", "Ana\x85Acme"):
        assert "without an address" in client.post(link, PERSON | {"name": name}).content.decode()
    assert client.get(link).status_code == 200
    assert not Membership.objects.exists()
    answer = client.post(link, PERSON)

    assert answer.headers["Location"] == "/hub/"
    assert "Your account waits for our approval" in client.get("/hub/").content.decode()
    person = User.objects.get()
    assert (person.email, person.name, person.is_staff) == ("ana@acme.example", "Ana Acme", False)
    assert [(one.role, one.organization) for one in person.memberships.all()] == [("owner", home)]
    assert Client().post(link, PERSON).status_code == 404

    approve(home.pk)
    assert [name for name, _ in _jobs()] == ["hub.send_invitation", "hub.tell_approved"]
    mails.tell_approved(home.pk)
    assert post_office.mails()[-1]["Subject"] == "Your account is approved"
    assert "waits for our approval" not in client.get("/hub/").content.decode()
    signed_in = Client().post("/accounts/login/", {"login": "ana@acme.example", "password": factories.PASSWORD})
    assert signed_in.headers["Location"] == "/hub/"


def _applied_for(client: Client) -> tuple[str, Organization, str]:
    """An application; the key it showed, its twin, and the link of the mail."""
    (secret,) = set(re.findall(r"sk_test_\w{32}", client.post("/hub/join/", WISH).content.decode()))
    link = fresh_secret(Invitation.objects.latest("pk").pk)
    assert link is not None
    return secret, Organization.objects.filter(is_test=True).latest("pk"), f"/hub/invited/{link[1]}/"


def test_an_applicant_with_the_address_of_somebody_else_loses_the_key_when_that_one_confirms(client: Client) -> None:
    strangers, twin, link = _applied_for(client)
    endpoint = create_endpoint(twin, "https://stranger.example/hook").endpoint
    owner = Client()

    page = owner.post(link, PERSON).content.decode()

    (fresh,) = set(re.findall(r"sk_test_\w{32}", page))
    assert "has ended" in page
    assert find_key(strangers, at=clock.now()) is None
    endpoint.refresh_from_db()
    assert endpoint.state == "disabled"
    found = find_key(fresh, at=clock.now())
    assert (found and found.organization) == twin
    assert keys_made_by(Organization.objects.get(test_twin=twin).pk, User.objects.get()).get() == found
    assert owner.get("/hub/").status_code == 200

    known, twin, link = _applied_for(client)
    page = Client().post(link, follow=True).content.decode()
    assert ("The test key of whoever applied has ended" in page, "sk_test_" in page) == (True, False)
    assert not ApiKey.objects.filter(organization=twin, revoked_at__isnull=True).exists()
    assert find_key(known, at=clock.now()) is None


def test_an_applicant_who_confirms_in_the_same_browser_keeps_the_key(client: Client) -> None:
    secret, twin, link = _applied_for(client)

    assert client.post(link, PERSON).headers["Location"] == "/hub/"
    assert find_key(secret, at=clock.now()) == ApiKey.objects.get(organization=twin)


def test_somebody_with_an_account_only_confirms_and_signs_in_as_always(client: Client) -> None:
    known = User.objects.create_user("ana@acme.example", factories.PASSWORD)
    client.post("/hub/join/", WISH)
    made = fresh_secret(Invitation.objects.get().pk)
    assert made is not None

    answer = client.post(f"/hub/invited/{made[1]}/", PERSON | {"password": "another password 123"})

    assert answer.headers["Location"] == "/accounts/login/?next=/hub/"
    known.refresh_from_db()
    assert known.check_password(factories.PASSWORD)
    assert Membership.objects.get().user == known


def test_only_the_newest_link_works_and_not_for_ever(client: Client) -> None:
    client.post("/hub/join/", WISH)
    row = Invitation.objects.get()
    first, second = fresh_secret(row.pk), fresh_secret(row.pk)
    assert first is not None
    assert second is not None

    assert client.get(f"/hub/invited/{first[1]}/").status_code == 404
    assert client.get(f"/hub/invited/{second[1]}/").status_code == 200
    Invitation.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert client.get(f"/hub/invited/{second[1]}/").status_code == 404
    assert fresh_secret(row.pk) is None


def test_a_suspended_account_is_told_and_served_again(client: Client) -> None:
    home = factories.organization(kind="reseller", state="active")

    suspend(home.pk, reason="unpaid")
    with pytest.raises(IllegalMove, match="suspended"):
        suspend(home.pk, reason="unpaid")
    assert reactivate(home.pk, reason="paid").state == "active"


def test_nobody_takes_the_address_of_somebody_who_may_be_invited() -> None:
    user = member(reseller())
    client = browser_of(user)

    for sent in (
        {"action_add": "", "email": "victim@example.com"},
        {"action_primary": "", "email": "victim@example.com"},
    ):
        assert client.post("/accounts/email/", sent).headers["Location"] == "/accounts/2fa/"

    user.refresh_from_db()
    assert user.email != "victim@example.com"
    assert not EmailAddress.objects.filter(email="victim@example.com").exists()
