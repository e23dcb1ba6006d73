"""One's own lines, and who may sign in at a company."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from simplane.company import mails
from simplane.core import clock, tenancy
from simplane.core.models import AuditEntry
from simplane.fleet.models import FleetLine, Operation
from simplane.organizations.models import CompanyRole, Invitation, Membership, Organization, User
from simplane.policies.models import Approval
from simplane.sso import connections
from simplane.sso.models import Identity
from tests.companies import company, employee
from tests.company.members import browser_of, member
from tests.company.plans import line, plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the mails that would go out."""
    texts: list[str] = []
    monkeypatch.setattr("simplane.delivery.plain.post", lambda _to, *, text, **_: texts.append(text))
    return texts


def test_an_employee_sees_their_own_lines_and_asks_for_more_which_waits_for_somebody_else(acme: Organization) -> None:
    europe = plan(acme)
    ana, ben = employee(acme, "Ana Lima"), employee(acme, "Ben Ott")
    mine, other = line(acme, ana, europe, line_id=71, wanted="active"), line(acme, ben, europe, line_id=72)
    browser = browser_of(member(acme, CompanyRole.EMPLOYEE, email=ana.email), acme)

    page = browser.get("/", follow=True).content.decode()
    assert ("<b>3 GB</b> of 5 GB" in page, mine.public_id in page, other.public_id in page) == (True, True, False)
    for deed in ("link", "new-phone"):
        assert browser.post(f"/mine/{other.public_id}/{deed}/").status_code == 404
    assert "on its way" in browser.post(f"/mine/{mine.public_id}/link/", follow=True).content.decode()
    assert "ends when the new one is ready" in browser.get(f"/mine/{mine.public_id}/new-phone/").content.decode()
    for _ in range(2):
        browser.post(f"/mine/{mine.public_id}/new-phone/", {"key": "k1"})

    asked = {"plan": europe.public_id, "reason": "fair in Lyon", "key": "k2"}
    assert "a reason is missing" in browser.post("/mine/ask/", {**asked, "reason": ""}, follow=True).content.decode()
    browser.post("/mine/ask/", asked)
    assert "asked for a line already" in browser.post("/mine/ask/", asked, follow=True).content.decode()
    with tenancy.scope(acme.pk):
        assert list(Operation.objects.order_by("pk").values_list("kind", "state", "line__employee__email")) == [
            ("replace", "requested", ana.email),
            ("provision", "awaiting_approval", ana.email),
        ]
        approval = Approval.objects.get()
        assert "fair in Lyon" in approval.reasons[0]["words"]
        assert FleetLine.objects.filter(employee=ben).count() == 1


def test_somebody_who_is_no_employee_is_told_so(acme: Organization) -> None:
    browser = browser_of(member(acme, CompanyRole.VIEWER), acme)

    assert "is not in the list of employees" in browser.get("/mine/").content.decode()
    assert browser.get("/mine/ask/").headers["Location"] == "/mine/"


def test_a_colleague_is_invited_by_mail_chooses_a_password_and_is_in(acme: Organization, posted: list[str]) -> None:
    owner = browser_of(member(acme), acme)
    beta = company("beta")

    owner.post("/members/invite/", {"email": "fin@acme.example", "role": "finance"})
    row = Invitation.objects.get()
    assert "fin@acme.example" in owner.get("/members/").content.decode()
    mails.send_invitation(row.pk)
    [text] = posted
    path = text.partition("/invited/")[2].split()[0]
    there, elsewhere = Client(headers={"host": "acme.localhost"}), Client(headers={"host": f"{beta.slug}.localhost"})

    assert elsewhere.get(f"/invited/{path}").status_code == 404
    assert Client().get(f"/hub/invited/{path}").status_code == 404
    assert "as finance: spend, budgets" in there.get(f"/invited/{path}").content.decode()
    weak = there.post(f"/invited/{path}", {"name": "Fin", "password": "short"}).content.decode()
    assert "too short" in weak
    inside = there.post(f"/invited/{path}", {"name": "Fin Ance", "password": "correct horse battery"}, follow=True)
    assert "Acme" in inside.content.decode()
    assert there.get("/members/").status_code == 403
    assert there.get(f"/invited/{path}").status_code == 404
    made = Membership.objects.get(user__email="fin@acme.example")
    assert (made.role, made.organization_id) == ("finance", acme.pk)


def test_owners_change_roles_and_remove_members_but_never_the_last_owner(acme: Organization) -> None:
    boss = member(acme)
    owner, mate = browser_of(boss, acme), member(acme, CompanyRole.VIEWER)
    his = browser_of(mate, acme)
    rows = {one.user_id: one.pk for one in Membership.objects.filter(organization=acme)}
    theirs = Membership.objects.get(user=member(company("beta")))

    owner.post(f"/members/{rows[mate.pk]}/role/", {"role": "manager"})
    assert Membership.objects.get(pk=rows[mate.pk]).role == "manager"
    refused = owner.post(f"/members/{rows[boss.pk]}/role/", {"role": "viewer"}, follow=True).content.decode()
    assert "this is the last owner" in refused
    for path in (f"/members/{theirs.pk}/remove/", f"/members/{theirs.pk}/role/", "/members/x/remove/"):
        assert owner.post(path, {"role": "viewer"}).status_code == 404
    owner.post(f"/members/{rows[mate.pk]}/remove/")
    assert his.get("/people/").status_code == 403

    owner.post("/members/invite/", {"email": "new@acme.example", "role": "viewer"})
    row = Invitation.objects.get()
    for verb in ("again", "withdraw"):
        owner.post(f"/members/invitations/{row.pk}/{verb}/")
    assert owner.post(f"/members/invitations/{row.pk}/again/").status_code == 404
    with tenancy.scope(acme.pk):
        told = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"member.role_changed", "member.removed", "member.invited", "invitation.withdrawn"} <= told
    assert User.objects.filter(pk=mate.pk).exists()


def test_members_come_in_pages_and_ways_in_are_read_of_those_who_are_shown(
    acme: Organization, django_assert_max_num_queries: Any
) -> None:
    owner = browser_of(member(acme), acme)
    people = User.objects.bulk_create([User(email=f"m{n:02}@acme.example", name=f"M {n}") for n in range(60)])
    Membership.objects.bulk_create(
        [Membership(organization=acme, user=one, role="viewer", created_at=clock.now()) for one in people]
    )
    with tenancy.scope(acme.pk):
        provider = connections.add("oidc", name="Acme ID")
        for place in (0, 59):
            Identity.objects.create(
                organization=acme,
                connection=provider,
                user=people[place],
                subject=f"s{place}",
                created_at=clock.now(),
                signed_in_at=clock.now(),
            )

    with django_assert_max_num_queries(20):
        first = owner.get("/members/").context
    second = owner.get(f"/members/?{first['page'].older}").context
    assert (len(first["members"]), len(second["members"]), second["page"].older) == (50, 11, "")
    came = [[one.user.email for one in found["members"] if one.came] for found in (first, second)]
    assert came == [["m00@acme.example"], ["m59@acme.example"]]
    out = f"/settings/sign-in/{provider.public_id}/enforce/"
    page = owner.get(out).context["page"]
    rest = owner.get(f"{out}?{page.older}").context["page"]
    assert (len(page.rows), len(rest.rows), rest.rows[0].email) == (50, 9, "m51@acme.example")
