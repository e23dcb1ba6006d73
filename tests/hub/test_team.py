"""The people of an account: who is let in, who changes, and that an owner always stays."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from simplane.core import clock
from simplane.core.models import AuditEntry
from simplane.organizations.invitations import fresh_secret
from simplane.organizations.keys import create_key
from simplane.organizations.models import ApiKey, Invitation, Membership, Organization, Role, User
from simplane.organizations.portal import portal_key_hash
from simplane.webhooks.actions import create_endpoint
from tests import factories
from tests.hub.people import browser_of, member, reseller
from tests.hub.somebody import everything_of

pytestmark = pytest.mark.django_db


def test_an_invited_person_joins_with_the_role_and_nothing_more() -> None:
    home = reseller()
    owner = member(home)
    client = browser_of(owner)

    client.post("/hub/team/invite/", {"email": "Dev@Reseller.example", "role": "developer"})
    row = Invitation.objects.get()
    link = fresh_secret(row.pk)
    assert link is not None
    assert (row.email, row.invited_by, row.role) == ("dev@reseller.example", owner, "developer")
    page = client.get(f"/hub/invited/{link[1]}/").content.decode()
    assert "Rita Reseller invites dev@reseller.example as developer" in page
    other = browser_of(owner)
    other.logout()
    other.post(f"/hub/invited/{link[1]}/", {"name": "Dev", "password": factories.PASSWORD})

    assert [other.get(f"/hub/{page}/").status_code for page in ("keys", "team")] == [200, 403]
    assert AuditEntry.objects.get(action="member.joined").actor == "invited dev@reseller.example"


def test_inviting_again_replaces_the_link_and_members_are_not_invited() -> None:
    home = reseller()
    owner = member(home)
    client = browser_of(owner)
    wish = {"email": "dev@reseller.example", "role": "viewer"}

    for _ in range(2):
        client.post("/hub/team/invite/", wish)
    assert Invitation.objects.filter(withdrawn_at__isnull=True).count() == 1
    refused = client.post("/hub/team/invite/", wish | {"email": owner.email}, follow=True).content.decode()
    assert "is a member already" in refused
    assert client.post("/hub/team/invite/", wish | {"email": "nobody"}).status_code == 422
    assert client.post("/hub/team/invite/", wish | {"role": "king"}).status_code == 422
    assert Invitation.objects.count() == 2

    open_one = Invitation.objects.get(withdrawn_at__isnull=True)
    before = open_one.hash
    client.post(f"/hub/invitations/{open_one.pk}/again/")
    client.post(f"/hub/invitations/{open_one.pk}/withdraw/")
    assert client.post(f"/hub/invitations/{open_one.pk}/again/").status_code == 404
    open_one.refresh_from_db()
    assert (open_one.hash, open_one.withdrawn_at is None) == (before, False)


def test_the_last_owner_stays_an_owner() -> None:
    home = reseller()
    owner = member(home)
    own = Membership.objects.get()
    client = browser_of(owner)

    for address in ("role", "remove"):
        page = client.post(f"/hub/team/{own.pk}/{address}/", {"role": "viewer"}, follow=True).content.decode()
        assert "this is the last owner" in page
    assert Membership.objects.get().role == Role.OWNER

    second = Membership.objects.get(user=member(home, Role.VIEWER))
    client.post(f"/hub/team/{second.pk}/role/", {"role": "owner"})
    client.post(f"/hub/team/{own.pk}/remove/")
    assert [(one.user_id, one.role) for one in Membership.objects.all()] == [(second.user_id, "owner")]
    assert client.get("/hub/").status_code == 403


def test_an_account_sends_a_limited_number_of_invitations() -> None:
    client = browser_of(member(reseller()))
    for number in range(32):
        client.post("/hub/team/invite/", {"email": f"x{number}@reseller.example", "role": "viewer"})

    assert Invitation.objects.count() == 30


def test_a_list_costs_the_same_however_long_it_is() -> None:
    home = reseller()
    client = browser_of(member(home))
    pages = ("", "team/", "keys/", "webhooks/", "branding/", "settings/")

    def queries() -> list[int]:
        counts = []
        for page in pages:
            with CaptureQueriesContext(connection) as seen:
                assert client.get(f"/hub/{page}").status_code == 200
            counts.append(len(seen))
        return counts

    queries()
    few = queries()
    for number in range(5):
        everything_of(reseller())
        member(home, Role.VIEWER)
        create_key(home, f"key {number}")
        create_endpoint(home, f"https://{number}.example/")
        client.post("/hub/team/invite/", {"email": f"x{number}@reseller.example", "role": "viewer"})
    client.get("/hub/team/")

    assert queries() == few
    assert max(few) <= 20


def _working(home: Organization) -> set[str]:
    rows = ApiKey.objects.filter(organization__in=(home, home.test_twin), revoked_at__isnull=True)
    return set(rows.values_list("name", flat=True))


def _makes(user: User, *names: str, test: str = "") -> None:
    client = browser_of(user)
    client.post("/hub/mode/", {"test": test})
    for name in names:
        client.post("/hub/keys/new/", {"name": name, "scopes": ["orders:read", "orders:write"], "rate": "60"})


def test_whoever_goes_takes_along_the_keys_that_the_owner_ticks_and_never_orders_again() -> None:
    home = reseller()
    developer = member(home, Role.DEVELOPER)
    owner = browser_of(member(home))
    create_key(home, "ours")
    _makes(developer, "shop", "kept")
    _makes(developer, "trial", test="1")
    portal_key_hash(home, developer)
    address = f"/hub/team/{developer.memberships.get().pk}/remove/"

    page = owner.post(address).content.decode()
    keys = dict(ApiKey.objects.filter(created_by__startswith=f"user:{developer.pk} ").values_list("name", "public_id"))
    listed = {"shop", "kept", "trial"}
    assert {name for name, key in keys.items() if f'name="revoke" value="{key}" checked' in page} == listed
    assert developer.memberships.exists()

    owner.post(address, {"seen": [keys[one] for one in listed], "revoke": [keys["shop"], keys["trial"]]})
    assert not developer.memberships.exists()
    assert _working(home) == {"ours", "kept"}

    Membership.objects.create(organization=home, user=developer, role=Role.VIEWER, created_at=clock.now())
    portal_key_hash(home, developer)
    assert _working(home) == {"ours", "kept"}
    Membership.objects.filter(user=developer).update(role=Role.BUYER)
    portal_key_hash(home, developer)
    assert developer.email in _working(home)


def test_a_lesser_role_asks_about_the_keys_that_are_above_it() -> None:
    home = reseller()
    developer = member(home, Role.DEVELOPER)
    owner = browser_of(member(home))
    _makes(developer, "shop")
    portal_key_hash(home, developer)
    key = ApiKey.objects.get(name="shop").public_id
    address = f"/hub/team/{developer.memberships.get().pk}/role/"

    assert "becomes viewer" in owner.post(address, {"role": "viewer"}).content.decode()
    assert developer.memberships.get().role == "developer"
    owner.post(address, {"role": "viewer", "seen": [key]})
    assert (developer.memberships.get().role, _working(home)) == ("viewer", {"shop"})
    owner.post(address, {"role": "owner"})
    assert developer.memberships.get().role == "owner"
