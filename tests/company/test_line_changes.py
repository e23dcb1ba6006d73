"""Changing a line's plan, planning its end, and what joiners and leavers get, on a company's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from simplane.core import clock, tenancy
from simplane.fleet import bulk, people_rules
from simplane.fleet.actions import terminate
from simplane.fleet.models import Bulk, Operation
from simplane.organizations.models import CompanyRole, Organization
from tests.companies import company, employee, team
from tests.company.members import browser_of, member
from tests.company.plans import line, plan

pytestmark = pytest.mark.django_db(transaction=True)


def asked(of: Organization) -> list[tuple[str, str, str]]:
    with tenancy.scope(of.pk):
        return list(Operation.objects.order_by("pk").values_list("kind", "state", "reason"))


def test_a_plan_is_changed_on_a_page_that_says_what_will_happen_and_what_is_planned_is_cancelled(
    acme: Organization,
) -> None:
    able: dict[str, Any] = {"change": "emulated", "suppliers": ["esimgo"]}
    small = plan(acme, **able)
    big = plan(acme, name="Europe 20 GB", price_minor=29_00, **able)
    elsewhere = plan(acme, name="Elsewhere", suppliers=["another"])
    ana = employee(acme)
    used = line(acme, ana, small, line_id=71, supplier="esimgo", change="emulated")
    fixed = line(acme, ana, small, line_id=72, supplier="esimaccess", change="no", iccid="8944500000000000002")
    browser = browser_of(member(acme), acme)

    page = browser.get(f"/lines/{used.public_id}/change_plan/").content.decode()
    assert ("the old plan was never" in page, big.name in page, elsewhere.name in page) == (True, True, False)
    assert "can not change its plan" in browser.get(f"/lines/{fixed.public_id}/change_plan/").content.decode()
    day = f"{clock.now() + timedelta(days=9):%Y-%m-%d}"
    typed = {"plan": big.public_id, "on": day, "reason": "travels", "key": "k"}
    for _ in range(2):
        shown = browser.post(f"/lines/{used.public_id}/change_plan/", typed, follow=True).content.decode()
    assert ("asked for: Europe 20 GB" in shown, asked(acme)) == (True, [("change_plan", "scheduled", "travels")])
    browser.post(f"/lines/{fixed.public_id}/terminate/", {"on": "someday", "key": "t"})
    assert len(asked(acme)) == 1

    with tenancy.scope(acme.pk):
        planned = Operation.objects.get().public_id
    other = company("globex")
    for whose, path in ((other, used), (acme, fixed)):
        stranger = browser_of(member(whose, email=f"x@{path.pk}.example"), whose)
        assert stranger.post(f"/lines/{path.public_id}/planned/{planned}/cancel/").status_code == 404
    viewer = browser_of(member(acme, CompanyRole.VIEWER, email="v@acme.example"), acme)
    assert viewer.post(f"/lines/{used.public_id}/planned/{planned}/cancel/").status_code == 403
    browser.post(f"/lines/{used.public_id}/planned/{planned}/cancel/")
    assert asked(acme) == [("change_plan", "cancelled", "travels")]

    many = {"deed": "change_plan", "line": [used.public_id, fixed.public_id], "key": "m"}
    preview = browser.post("/lines/many/", many).content.decode()
    assert ("not possible: its supplier can not" in preview, "Europe 20 GB, " in preview) == (True, True)
    for _ in range(2):
        browser.post("/lines/many/do/", {**many, "plan": big.public_id, "reason": "cheaper"})
    with tenancy.scope(acme.pk):
        made = Bulk.objects.get()
    bulk.run(acme.pk, made.pk)
    bulk.run(acme.pk, made.pk)
    assert asked(acme)[1:] == [("change_plan", "requested", "cheaper")]


def test_a_manager_may_cancel_what_people_planned_but_not_that_a_rule_ends_a_line(acme: Organization) -> None:
    boss = member(acme, CompanyRole.MANAGER, email="m@acme.example")
    sales = team(acme, lead=employee(acme, "Lea Lead", user=boss))
    used = line(acme, employee(acme, team=sales), plan(acme, can_terminate=True), team=sales, line_id=71)
    manager, owner = browser_of(boss, acme), browser_of(member(acme), acme)

    def cancelled(who: Client, asked_by: str) -> tuple[bool, int, int]:
        """Whether the button is there, the answer to pressing it, and how many are planned then."""
        with tenancy.scope(acme.pk):
            planned = Operation.objects.filter(state="scheduled").first()
            day = clock.now().date() + timedelta(days=9)
            planned = planned or terminate(used.public_id, asked_by=asked_by, reason="x", on=day)
        shown = "Cancel this" in who.get(f"/lines/{used.public_id}/").content.decode()
        answer = who.post(f"/lines/{used.public_id}/planned/{planned.public_id}/cancel/").status_code
        with tenancy.scope(acme.pk):
            return shown, answer, Operation.objects.filter(state="scheduled").count()

    assert cancelled(manager, "user:7 mia@acme.example") == (True, 302, 0)
    assert cancelled(manager, "rule:leaver") == (False, 403, 1)
    assert cancelled(owner, "rule:leaver") == (True, 302, 0)


def test_an_owner_says_what_joiners_get_and_when_leavers_lines_end(acme: Organization) -> None:
    europe, sales = plan(acme), team(acme)
    owner = browser_of(member(acme), acme)
    manager = browser_of(member(acme, CompanyRole.MANAGER, email="m@acme.example"), acme)
    assert manager.post("/rules/settings/leavers/", {"days": "1"}).status_code == 403
    for days in ("14", "x", "999"):
        owner.post("/rules/settings/leavers/", {"days": days})
    owner.post("/rules/settings/joiners/", {"team": sales.public_id, "plan": europe.public_id})
    page = owner.get("/rules/settings/").content.decode()
    assert ('value="14"' in page, f"Who joins {sales.name} gets" in page) == (True, True)
    owner.post("/rules/settings/joiners/", {"team": sales.public_id, "plan": ""})
    with tenancy.scope(acme.pk):
        assert (people_rules.leaver_days(), people_rules.joiner_plan(sales.pk)) == (14, None)
