"""Sign-in through OpenID Connect, against `oidc-provider-mock`: who comes in as what, and who does not."""

from __future__ import annotations

from typing import Any

from simplane.core import tenancy
from simplane.core.models import AuditEntry
from simplane.organizations.models import Organization, User
from simplane.sso.models import Identity
from simplane.workforce.models import Employee
from tests.companies import employee
from tests.company.members import member
from tests.sso.world import browser, connected, owns_mail, role_of, signs_in, who

PROVED: dict[str, Any] = {"email_verified": True}


def test_a_newcomer_becomes_a_member_with_the_role_of_their_groups_and_finds_their_own_lines(
    acme: Organization, issuer: str
) -> None:
    connection = connected(acme, issuer, default_role="employee", group_roles={"Finance": "finance", "IT": "owner"})
    owns_mail(acme, "acme.example")
    mia = employee(acme, "Mia Berg")
    client = browser(acme)
    came = signs_in(
        client, connection, "mia-1", email="Mia.Berg@acme.example", name="Mia Berg", groups=["Staff"], **PROVED
    )
    assert (came.status_code, came["Location"], who(client)) == (302, "/", "mia.berg@acme.example")
    assert client.get("/", follow=True).redirect_chain == [("/mine/", 302)]
    user = User.objects.get(email="mia.berg@acme.example")
    assert (role_of(acme, user.email), user.name, user.has_usable_password()) == ("employee", "Mia Berg", False)
    with tenancy.scope(acme.pk):
        assert Employee.objects.get(pk=mia.pk).user_id == user.pk
        assert Identity.objects.get().subject == "mia-1"
    there = {"email": "new.name@acme.example", "groups": ["Finance", "IT"]}
    promoted = signs_in(browser(acme), connection, "mia-1", query="?next=/people/?q=a", **there)
    assert (promoted.status_code, promoted["Location"]) == (302, "/people/?q=a")
    lured = signs_in(browser(acme), connection, "mia-1", query="?next=//evil.example/", **there)
    assert lured["Location"] == "/"
    assert role_of(acme, user.email) == "owner"
    assert User.objects.count() == 1, "an address that changed at the provider moves nobody"
    member(acme)
    signs_in(browser(acme), connection, "mia-1", email=user.email, groups=["Finance"])
    assert role_of(acme, user.email) == "finance"
    told = AuditEntry.objects.filter(organization_id=acme.pk).order_by("pk").values_list("action", flat=True)
    assert [one for one in told if one.startswith(("sign_in", "member", "identity", "employee"))] == [
        "member.joined",
        "identity.linked",
        "employee.linked",
        "sign_in.done",
        "member.role_changed",
        "sign_in.done",
        "sign_in.done",
        "member.role_changed",
        "sign_in.done",
    ]
