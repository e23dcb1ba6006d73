"""API keys in the hub: shown once, replaced with an overlap, revoked; live ones only for approved accounts."""

from __future__ import annotations

import re

import pytest

from simplane.organizations.keys import AboveRole, create_key, hash_of
from simplane.organizations.models import ApiKey, Organization, Role
from simplane.organizations.portal import portal_key_hash
from simplane.organizations.roles import PERMISSIONS, SCOPES, scopes_of
from tests.hub.people import browser_of, member, reseller

pytestmark = pytest.mark.django_db
WISH = {"name": "the shop", "scopes": ["orders:read", "orders:write"], "networks": "203.0.113.7/32", "rate": "60"}


def test_a_key_is_shown_once_and_may_what_was_asked() -> None:
    home = reseller()
    client = browser_of(member(home, Role.DEVELOPER))

    made = client.post("/hub/keys/new/", WISH).content.decode()

    (secret,) = set(re.findall(r"sk_live_\w{32}", made))
    key = ApiKey.objects.get()
    assert (key.organization, bytes(key.hash), key.rate_per_minute) == (home, hash_of(secret), 60)
    assert (key.scopes, key.allowed_networks) == (["orders:read", "orders:write"], ["203.0.113.7/32"])
    listed = client.get("/hub/keys/").content.decode()
    assert (secret in listed, key.prefix in listed) == (False, True)


@pytest.mark.parametrize("wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["all"]}, {"networks": "x"}, {"rate": "0"}])
def test_a_bad_wish_makes_no_key(wrong: dict[str, object]) -> None:
    client = browser_of(member(reseller()))

    assert client.post("/hub/keys/new/", WISH | wrong).status_code == 422
    assert not ApiKey.objects.exists()


def test_an_applicant_makes_test_keys_only() -> None:
    home = reseller(state=Organization.State.APPLIED)
    client = browser_of(member(home))

    assert "sk_test_" in client.post("/hub/keys/new/", WISH).content.decode()
    client.post("/hub/mode/", {"test": ""})
    assert client.post("/hub/keys/new/", WISH).status_code == 403
    assert [key.organization.is_test for key in ApiKey.objects.select_related("organization")] == [True]


def test_a_replaced_key_works_as_long_as_was_said_and_a_revoked_one_no_more() -> None:
    home = reseller()
    client = browser_of(member(home))
    old = create_key(home, "shop").key

    shown = client.post(f"/hub/keys/{old.public_id}/rotate/", {"overlap": "0"}).content.decode()

    assert "The old secret stops at once" in shown
    new = ApiKey.objects.exclude(pk=old.pk).get()
    client.post(f"/hub/keys/{new.public_id}/revoke/")
    new.refresh_from_db()
    assert new.revoked_at is not None
    page = client.get("/hub/keys/").content.decode()
    assert ("No live key yet" in page, page.count("expired"), page.count(">revoked ")) == (True, 1, 1)


def test_the_keys_of_the_portal_are_nobodys_to_see_or_replace() -> None:
    home = reseller()
    user = member(home)
    portal_key_hash(home, user)
    client = browser_of(user)

    assert "No live key yet" in client.get("/hub/keys/").content.decode()
    key = ApiKey.objects.get()
    assert client.post(f"/hub/keys/{key.public_id}/rotate/").status_code == 404
    assert client.post(f"/hub/keys/{key.public_id}/revoke/").status_code == 404
    assert ApiKey.objects.filter(revoked_at__isnull=True).count() == 1


def test_nobody_makes_or_replaces_a_key_that_may_more_than_their_role() -> None:
    home = reseller()
    client = browser_of(member(home, Role.DEVELOPER))
    whole = create_key(home, "everything").key

    listed = client.get("/hub/keys/").content.decode()
    assert 'value="wallet:write"' not in listed
    assert "Replace everything" not in listed
    assert "Revoke everything" in listed
    assert "Replace everything" in browser_of(member(home, Role.OWNER)).get("/hub/keys/").content.decode()
    assert client.post("/hub/keys/new/", WISH | {"scopes": ["orders:read", "wallet:write"]}).status_code == 422
    page = client.post(f"/hub/keys/{whole.public_id}/rotate/", follow=True).content.decode()
    assert "your role does not hold wallet:read, wallet:write" in page
    whole.refresh_from_db()
    assert (ApiKey.objects.count(), whole.expires_at) == (1, None)
    with pytest.raises(AboveRole, match="wallet:read"):
        create_key(home, "money", scopes=["wallet:read"], by=Role.DEVELOPER)


def test_every_scope_needs_a_permission_that_there_is() -> None:
    assert set(SCOPES.values()) <= set(PERMISSIONS)
    assert [len(scopes_of(role)) for role in Role] == [7, 4, 5, 5, 3]
