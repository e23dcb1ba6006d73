"""Who gets behind /hub/: one table of permissions, walked route by route and role by role."""

from __future__ import annotations

import pytest
from django.test import Client

from simplane.core import clock
from simplane.core.models import AuditEntry
from simplane.organizations.keys import create_key
from simplane.organizations.models import Organization, Role
from simplane.organizations.roles import PERMISSIONS, allows
from tests import factories, signin
from tests.hub.people import browser_of, member, reseller
from tests.hub.routes import ask, guarded_routes

pytestmark = pytest.mark.django_db
ROUTES = guarded_routes()


def _now() -> int:
    return int(clock.now().timestamp())


@pytest.mark.parametrize("role", Role)
def test_each_route_opens_for_the_roles_of_the_table_and_for_no_other(role: Role) -> None:
    client = browser_of(member(reseller(), role))

    refused = {route.name for route in ROUTES if ask(client, route.address).status_code == 403}

    assert refused == {route.name for route in ROUTES if not allows(role, route.rule.permission)}


def test_nobody_else_gets_in(client: Client) -> None:
    buyer = browser_of(factories.staff(is_staff=False))
    ours = signin.client_of(factories.staff(), second_factor=None)
    for route in ROUTES:
        assert ask(client, route.address).headers["Location"].startswith("/accounts/login/"), route
        assert ask(buyer, route.address).status_code == 403, route
        assert ask(ours, route.address).headers["Location"] == "/console/", route


def test_every_permission_has_a_role_and_the_owner_has_all() -> None:
    assert all(PERMISSIONS.values())
    assert all(allows(Role.OWNER, one) for one in PERMISSIONS)


def test_our_staff_sees_the_hub_as_a_reseller_does_only_in_the_session_that_began_it() -> None:
    home, other = reseller(), reseller()
    ours = factories.staff()
    app = signin.add_authenticator_app(ours)
    client = signin.client_of(ours, second_factor=app)
    session = client.session
    session["acting_for"] = {"organization": home.pk, "staff": ours.pk, "since": _now()}
    session.save()

    page = client.get("/hub/").content.decode()
    assert f"Sam Staff</b> of our staff sees the hub as {home.name} does" in page
    walked = [route for route in ROUTES if route.name != "stop_acting"]
    barred = {route.name for route in walked if ask(client, route.address).status_code == 403}
    assert barred == {route.name for route in walked if route.rule.members_only}
    assert barred >= {"checkout", "unit_send", "order_send", "webhook_change", "key_new", "top_up_pay"}

    client.post("/hub/settings/", {"country": "PT"})
    changed = AuditEntry.objects.get(action="organization.profile_changed")
    assert changed.actor == f"user:{ours.pk} {ours.email} for {home.slug}"
    key = create_key(home, "lost").key.public_id
    client.post(f"/hub/keys/{key}/revoke/")
    assert AuditEntry.objects.get(action="api_key.revoked").actor == changed.actor

    session["acting_for"] = {"organization": home.pk, "staff": ours.pk, "since": _now() - 3601}
    session.save()
    assert client.get("/hub/").headers["Location"] == "/console/"
    assert "acting_for" not in client.session

    session["acting_for"] = {"organization": home.pk, "staff": ours.pk + 1, "since": _now()}
    session.save()
    assert client.get("/hub/").headers["Location"] == "/console/"
    weaker = signin.client_of(ours, second_factor=None)
    session = weaker.session
    session["acting_for"] = {"organization": other.pk, "staff": ours.pk, "since": _now()}
    session.save()
    assert weaker.get("/hub/").headers["Location"] == "/console/"


def test_test_mode_shows_the_twin_and_an_applicant_begins_there() -> None:
    home = reseller(state=Organization.State.APPLIED)
    client = browser_of(member(home))
    assert "Test mode: stand-in suppliers" in client.get("/hub/").content.decode()

    client.post("/hub/mode/", {"test": ""})
    assert "Test mode: stand-in suppliers" not in client.get("/hub/").content.decode()


def test_a_person_switches_only_between_organizations_of_their_own() -> None:
    first, second, foreign = reseller(name="Alpha"), reseller(name="Beta"), reseller(name="Gamma")
    user = member(first)
    second.memberships.create(user=user, role=Role.VIEWER, created_at=second.created_at)
    client = browser_of(user)

    client.post("/hub/choose/", {"organization": second.slug})
    assert "<h1>Beta</h1>" in client.get("/hub/").content.decode()
    assert client.post("/hub/choose/", {"organization": foreign.slug}).status_code == 404
    assert "<h1>Beta</h1>" in client.get("/hub/").content.decode()


def test_a_suspended_account_looks_at_everything_and_changes_nothing_of_its_business() -> None:
    home = reseller()
    client = browser_of(member(home))
    Organization.objects.filter(pk=home.pk).update(state="suspended")
    serving = {"orders:write", "wallet:topup", "webhooks:manage", "branding:manage"}

    for route in ROUTES:
        assert client.get(route.address).status_code != 403, route
        answer = client.post(route.address)
        if answer.status_code != 405 and route.rule.permission in serving:
            assert (answer.status_code, b"suspended" in answer.content) == (403, True), route
