"""Whom a provider lets in, and whose accounts it never reaches; what enforcing one closes, and who may break the glass."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django import db
from django.core import mail
from django.db.transaction import atomic
from django.test import Client

from simplane.core import tenancy
from simplane.core.models import AuditEntry
from simplane.organizations.models import CompanyRole, Membership, Organization, User
from simplane.policies.alert_models import Alert
from simplane.sso import break_glass, connections
from simplane.sso.admission import admit
from simplane.sso.errors import NotLetIn, NotReady
from simplane.sso.models import Connection
from simplane.sso.values import Told
from simplane.workforce import groups
from simplane.workforce.actions import leave, remove
from simplane.workforce.models import Employee
from tests import signin
from tests.companies import company, employee
from tests.company.members import browser_of, member
from tests.sso.world import browser, connected, everything, owns_mail, role_of, signs_in, who

PASSWORD = "correct horse battery"
PROVED: dict[str, Any] = {"email_verified": True}


def refused(acme: Organization, connection: Connection, subject: str, words: str, **claims: Any) -> None:
    """Nobody comes in, for this reason, and nothing is changed."""
    before, client = everything(), browser(acme)
    answer = signs_in(client, connection, subject, **claims)
    page = answer.content.decode().lower()
    assert (answer.status_code, words.lower() in page, "what to do" in page) == (403, True, True), page
    assert (everything(), who(client)) == (before, "")


def test_a_provider_reaches_nobody_but_the_companys_own_people(acme: Organization, issuer: str) -> None:
    connection = connected(acme, issuer, default_role="viewer")
    beta = company("beta")
    guest = member(beta, email="guest@beta.example")
    staff = User.objects.create_user("us@simplane.example", is_staff=True)
    alone = User.objects.create_user("alone@acme.example")
    both = member(acme, CompanyRole.FINANCE, email="both@acme.example")
    Membership.objects.create(organization=beta, user=both, role="viewer", created_at=both.date_joined)
    with tenancy.scope(acme.pk):
        gone = leave(employee(acme, "Leo Left").public_id)

    outside = "does not come in here through this provider"
    refused(acme, connection, "1", "nobody proved that", email="new@acme.example")
    refused(acme, connection, "2", "no e-mail address", name="Nobody", **PROVED)
    for email in ("new@acme.example", "nobody@beta.example", guest.email, staff.email, alone.email, both.email):
        refused(acme, connection, "3", f"{email} {outside}", email=email, **PROVED)
    refused(acme, connection, "4", "nobody proved that", email=guest.email)
    owns_mail(beta, "beta.example")
    refused(acme, connection, "3", outside, email="nobody@beta.example", **PROVED)
    owns_mail(acme, "acme.example")
    refused(acme, connection, "3", outside, email=both.email)
    refused(acme, connection, "7", "do not work here any more", email=gone.email)
    assert signs_in(browser(acme), connection, "5", email=alone.email).status_code == 302
    assert signs_in(browser(beta), connected(beta, issuer), "cfo", email="nobody@beta.example").status_code == 302
    known = member(acme, CompanyRole.VIEWER, email="bo@partner.example")
    assert signs_in(browser(acme), connection, "6", email=known.email, **PROVED).status_code == 302

    unlisted = connected(company("gamma"), issuer, just_in_time=False)
    gamma = Organization.objects.get(pk=unlisted.organization_id)
    owns_mail(gamma, "gamma.example")
    refused(gamma, unlisted, "9", "no member here", email="new@gamma.example")
    owner = member(gamma, email="boss@gamma.example")
    came = browser(gamma)
    assert signs_in(came, unlisted, "boss", email="Boss@Gamma.example").status_code == 302
    assert (who(came), role_of(gamma, owner.email)) == (owner.email, "owner")


def test_roles_follow_groups_and_the_last_owner_stays_one(acme: Organization, issuer: str) -> None:
    connection = connected(acme, issuer, default_role="", group_roles={"Fin": "finance"})
    owns_mail(acme, "acme.example")
    owner = member(acme, email="olga@acme.example")
    refused(acme, connection, "n", "none of your groups", email="n@acme.example", groups=["Other"], **PROVED)
    signs_in(browser(acme), connection, "olga", email=owner.email, groups=["Fin"], **PROVED)
    assert role_of(acme, owner.email) == "owner"
    with tenancy.scope(acme.pk):
        alert = Alert.objects.get(kind="sign_in")
    assert "last owner" in alert.title
    mia = employee(acme, "Mia Berg")
    with tenancy.scope(acme.pk):
        made = groups.add_group("Leads", members={mia.public_id: "Mia"})
        groups.map_group(made.public_id, role="manager")
    signs_in(browser(acme), connection, "mia", email=mia.email, groups=["Fin"], **PROVED)
    assert role_of(acme, mia.email) == "manager", "HR knows better than claims"
    login = User.objects.get(email=mia.email)
    with tenancy.scope(acme.pk):
        assert Employee.objects.get(pk=mia.pk).user_id == login.pk


def test_an_enforced_provider_is_the_only_way_in_but_for_a_broken_glass(acme: Organization, issuer: str) -> None:
    connection = connected(acme, issuer)
    owns_mail(acme, "acme.example")
    owner, viewer = member(acme, email="olga@acme.example"), member(acme, CompanyRole.VIEWER, email="vic@acme.example")
    for one in (owner, viewer):
        one.set_password(PASSWORD)
        one.save()
    before = browser_of(viewer, acme)
    came = browser(acme)
    signs_in(came, connection, "vic", email=viewer.email)
    assert (before.get("/people/").status_code, came.get("/people/").status_code) == (200, 200)
    assert enforced(acme, connection, owner) == "name an owner for that day first"
    factor = signin.add_authenticator_app(owner)
    assert enforced(acme, connection, owner) == ""

    row = Membership.objects.get(user=owner)
    member(acme)
    mine = browser_of(owner, acme)
    mine.post(f"/members/{row.pk}/role/", {"role": "viewer"})
    mine.post(f"/members/{row.pk}/remove/")
    mine.post("/settings/sign-in/glass/", {"user": owner.pk, "unname": ""})
    assert "Acme ID, " in mine.get("/members/").content.decode()
    deleting = mine.post("/accounts/2fa/totp/deactivate/")
    assert (deleting.status_code, "nobody else could come in" in deleting.content.decode()) == (403, True)
    assert break_glass.may(acme.pk, owner), "the last who may come in stays"

    ended = before.get("/people/")
    assert (ended.status_code, ended["Location"]) == (302, "/accounts/login/?next=/people/")
    assert who(before) == ""
    assert came.get("/people/").status_code == 200
    page = browser(acme).get("/accounts/login/").content.decode()
    assert ("Continue with Acme ID" in page, 'name="password"' in page) == (True, False)
    for password in (PASSWORD, "a wrong one"):
        tried = browser(acme)
        answer = log_in(tried, viewer.email, password)
        assert ("Sign in with Acme ID" in answer.content.decode(), who(tried)) == (True, "")
    browser(acme).post("/accounts/password/reset/", {"email": viewer.email})
    assert mail.outbox == []
    glass = browser(acme)
    log_in(glass, owner.email, PASSWORD)
    assert who(glass) == "", "a second factor is asked for"
    glass.post("/accounts/2fa/authenticate/", {"code": signin.code_now()})
    assert (who(glass), glass.get("/people/").status_code) == (owner.email, 200)
    with tenancy.scope(acme.pk):
        assert Alert.objects.get(kind="sign_in").title == "olga@acme.example signed in without the identity provider"
    assert AuditEntry.objects.filter(organization_id=acme.pk, action="sign_in.break_glass").count() == 1
    assert Authenticator.objects.get(pk=factor.pk).last_used_at is not None

    with tenancy.scope(acme.pk):
        connections.relax(connection.public_id)
    assert before.login(username=viewer.email, password=PASSWORD)
    with tenancy.scope(acme.pk):
        connections.switch_off(connection.public_id)
    assert came.get("/people/").status_code == 302, "what came through it ends with it"
    assert browser(acme).get(f"/sign-in/{connection.public_id}/").status_code == 404


def test_who_left_by_hr_opens_nothing_here_any_more(acme: Organization, issuer: str) -> None:
    connection = connected(acme, issuer)
    leo, ana = member(acme, email="leo@acme.example"), member(acme, email="ana@acme.example")
    leo.set_password(PASSWORD)
    leo.save()
    linked = employee(acme, "Leo Left", user=leo)
    by_address = employee(acme, "Ana Left", email="Ana@acme.example", user_name="ana")
    came, typed, anas = browser(acme), browser_of(leo, acme), browser_of(ana, acme)
    signs_in(came, connection, "leo", email=leo.email, **PROVED)
    assert {one.get("/people/").status_code for one in (came, typed, anas)} == {200}
    with tenancy.scope(acme.pk):
        leave(linked.public_id)
        remove(by_address.public_id)
    for one in (came, typed, anas):
        for page in ("/people/", "/settings/keys/"):
            answer = one.get(page)
            assert (answer.status_code, "do not work here any more" in answer.content.decode()) == (403, True)
    again = browser(acme)
    log_in(again, leo.email, PASSWORD)
    assert who(again) == ""
    assert "You do not work here any more" in again.get("/accounts/login/").content.decode()
    again.post("/accounts/password/reset/", {"email": leo.email})
    assert mail.outbox == []

    employee(acme, "Ana Again", email="ana@acme.example")
    signin.add_authenticator_app(leo)
    break_glass.name(acme.pk, leo.pk)
    assert {one.get("/people/").status_code for one in (came, typed, anas)} == {200}, "back; and named for bad days"


def test_who_came_through_a_provider_sets_up_nothing_that_opens_the_account_elsewhere(
    acme: Organization, issuer: str
) -> None:
    connection = connected(acme, issuer)
    owns_mail(acme, "acme.example")
    came = browser(acme)
    signs_in(came, connection, "mallory", email="victim@acme.example", **PROVED)
    assert who(came) == "victim@acme.example"
    for page in (
        "password/set/",
        "password/change/",
        "2fa/",
        "2fa/webauthn/add/",
        "2fa/totp/activate/",
        "reauthenticate/",
    ):
        assert came.get(f"/accounts/{page}").status_code == 403, page
        assert came.post(f"/accounts/{page}", {"password1": PASSWORD, "password2": PASSWORD}).status_code == 403
    ours = Client(HTTP_HOST="localhost")
    ours.cookies = came.cookies
    assert ours.get("/accounts/2fa/").status_code == 302, "at our own address the session is nobody's"
    victim = User.objects.get(email="victim@acme.example")
    assert (victim.has_usable_password(), Authenticator.objects.filter(user=victim).exists()) == (False, False)


def test_what_happens_meanwhile_is_judged_too(acme: Organization, issuer: str) -> None:
    connection, beta = connected(acme, issuer), company("beta")
    owns_mail(acme, "acme.example")
    told = Told(subject="n", email="new@acme.example", email_verified=False, name="", groups=())
    with ThreadPoolExecutor(1) as other:
        with atomic():
            member(beta, email=told.email)
            letting_in = other.submit(alone, lambda: admit(connection, told))
            until_waiting()
        with pytest.raises(NotLetIn, match="does not come in here"):
            letting_in.result()

        owner = member(acme)
        factor = signin.add_authenticator_app(owner)
        break_glass.name(acme.pk, owner.pk)
        with atomic():
            factor.delete()
            enforcing = other.submit(alone, lambda: connections.enforce(acme.pk, connection.public_id))
            until_waiting()
        with pytest.raises(NotReady, match="nobody could come in"):
            enforcing.result()
    with tenancy.everywhere():
        assert not Connection.objects.get(pk=connection.pk).enforced


def alone(work: Callable[[], Any]) -> Any:
    """In a thread, with a connection to the database that ends with it."""
    try:
        return work()
    finally:
        db.connection.close()


def until_waiting() -> None:
    """Somebody waits for what this transaction holds."""
    pause, waits, until = threading.Event(), 0, time.monotonic() + 10
    while not waits:
        assert time.monotonic() < until, "nobody waits"
        pause.wait(0.01)
        with db.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            [waits] = cursor.fetchone()


def enforced(acme: Organization, connection: Connection, owner: User) -> str:
    """Name the owner, then enforce; what to do where that is refused."""
    with suppress(NotReady):
        break_glass.name(acme.pk, owner.pk)
    try:
        connections.enforce(acme.pk, connection.public_id)
    except NotReady as refusal:
        return refusal.fix
    return ""


def log_in(client: Client, email: str, password: str) -> Any:
    """Type it at the company's address."""
    return client.post("/accounts/login/?down", {"login": email, "password": password})
