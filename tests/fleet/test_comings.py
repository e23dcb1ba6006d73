"""Who joins gets what the rule says, once; the lines of who leaves end by the rule, unless they come back before."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from simplane.core import clock, tenancy
from simplane.core.errors import BadInput
from simplane.core.models import AuditEntry
from simplane.core.worker import run_worker
from simplane.fleet import comings, joining, people_rules, reactions
from simplane.fleet.actions import reactivate
from simplane.fleet.errors import NoSuchPlan
from simplane.fleet.models import FleetLine, Operation
from simplane.organizations.models import Organization
from simplane.policies import budget_acts, rule_acts
from simplane.policies.alert_models import Alert
from simplane.workforce import actions as workforce
from simplane.workforce.models import Employee
from tests.api.scim.calls import caller
from tests.api.v1.company import line, plan
from tests.companies import company, employee, team

pytestmark = pytest.mark.django_db(transaction=True)


def asked(of: Organization) -> list[tuple[str, str, str]]:
    """Kind, who asked and state of all operations, the oldest first."""
    with tenancy.scope(of.pk):
        return list(Operation.objects.order_by("pk").values_list("kind", "asked_by", "state"))


def test_who_joins_by_the_hr_system_gets_the_plan_of_their_team_once_and_rules_may_forbid_it() -> None:
    acme = company()
    sales, europe, world = team(acme), plan(acme), plan(acme, "World 5 GB", minor=25_00)
    with tenancy.scope(acme.pk):
        with pytest.raises(NoSuchPlan):
            people_rules.set_joiner_plan("", "plan_none")
        people_rules.set_joiner_plan("", europe.public_id)
        people_rules.set_joiner_plan(sales.public_id, world.public_id)
        people_rules.set_joiner_plan(sales.public_id, world.public_id)
        assert people_rules.joiner_plan(None) == people_rules.joiner_plan(team(acme, "Legal").pk) == europe

    hr = caller(acme)
    hr.create("ana")
    hr.create("ben", {"department": "Sales"})
    asyncio.run(run_worker(once=True))

    with tenancy.scope(acme.pk):
        got = {one.employee.user_name: one.plan for one in FleetLine.objects.select_related("employee", "plan")}
        ana, ben = Employee.objects.order_by("pk")
        assert got == {ana.user_name: europe, ben.user_name: world}
        assert set(Operation.objects.values_list("kind", "asked_by")) == {("provision", "rule:joiner")}
        FleetLine.objects.update(state="ordering")
    comings.joined(acme.pk, ana.pk)
    comings.moved(acme.pk, ben.pk)
    assert len(asked(acme)) == 2

    with tenancy.scope(acme.pk):
        budget_acts.make(acme.pk, "Lines", budget_acts.Amounts(limit_minor=1_00, hard=True), currency="EUR")
        workforce.add_employee(email="cid@acme.example")
        cid = Employee.objects.latest("pk").pk
    comings.joined(acme.pk, cid)
    comings.joined(acme.pk, cid)
    with tenancy.scope(acme.pk):
        alert = Alert.objects.get(dedupe=f"joiner:{cid}")
        assert (alert.title, alert.count, len(asked_in_scope())) == ("Somebody joined and got no line", 2, 2)


def test_a_person_gets_one_line_by_the_rule_whatever_the_hr_system_does_and_a_crowd_gets_no_more() -> None:
    acme = company()
    europe = plan(acme)
    with tenancy.scope(acme.pk):
        people_rules.set_joiner_plan("", europe.public_id)
        people_rules.change_leaver_days(0)
        rule_acts.make(acme.pk, "approval_above", {"amount_minor": 5_00, "currency": "EUR"})
    hr = caller(acme)
    renamed: list[dict[str, Any]] = [{}, {"userName": "lima@acme.example"}, {"externalId": "4711"}]
    for other in renamed:
        made = hr.create("ana", **other)["id"]
        asyncio.run(run_worker(once=True))
        hr.send("DELETE", f"/Users/{made}", status=204)
        asyncio.run(run_worker(once=True))
    back = hr.create("ana")["id"]
    for working in (False, True):
        hr.patch(f"/Users/{back}", {"op": "Replace", "path": "active", "value": working})
        asyncio.run(run_worker(once=True))

    assert asked(acme) == [("provision", "rule:joiner", "refused")]
    with tenancy.scope(acme.pk):
        [told] = Alert.objects.filter(kind="line")
        assert (told.count, "joined before" in told.text, told.dedupe) == (3, True, f"joiner:{first_of(acme)}")
        [before] = Operation.objects.all()
        copies = [Operation(**{**like(before), "public_id": f"op_{n}"}) for n in range(joining.MOST - 1)]
        Operation.objects.bulk_create(copies)
    hr.create("ben")
    asyncio.run(run_worker(once=True))
    with tenancy.scope(acme.pk):
        crowd = Alert.objects.get(dedupe="joiners")
        assert (crowd.severity, Operation.objects.count()) == ("critical", joining.MOST)
        Operation.objects.update(asked_at=clock.now() - timedelta(days=1))
    with tenancy.scope(acme.pk):
        ben = Employee.objects.get(user_name="ben@acme.example").pk
    comings.joined(acme.pk, ben)
    assert asked(acme)[-1] == ("provision", "rule:joiner", "awaiting_approval")


def first_of(of: Organization) -> int:
    """The first person that the company ever had."""
    return int(Employee.objects.filter(organization=of).order_by("pk")[0].pk)


def like(wish: Operation) -> dict[str, Any]:
    """The fields of an operation, without its key."""
    fields = {field.attname: getattr(wish, field.attname) for field in Operation._meta.concrete_fields}
    return {**fields, "id": None, "idempotency_key": ""}


def asked_in_scope() -> list[int]:
    return list(Operation.objects.values_list("pk", flat=True))


def test_a_leavers_line_is_paused_ends_on_its_day_and_goes_on_when_they_are_back() -> None:
    acme = company()
    ana, europe = employee(acme), plan(acme)
    theirs = line(acme, europe, ana)
    ends = clock.now().date() + timedelta(days=30)
    with tenancy.scope(acme.pk):
        back = reactivate(theirs.public_id, asked_by="user:1 mia", reason="project", on=ends - timedelta(days=9))
        workforce.leave(ana.public_id)
    comings.left(acme.pk, ana.pk)
    with tenancy.scope(acme.pk):
        back.refresh_from_db()
        assert (back.state, back.problem) == ("cancelled", "who it was for has left")
        pause, end = Operation.objects.exclude(pk=back.pk).order_by("pk")
        assert [(one.kind, one.state, one.effective_on) for one in (pause, end)] == [
            ("suspend", "requested", None),
            ("terminate", "scheduled", ends),
        ]
        settled(pause, theirs)
    comings.left(acme.pk, ana.pk)
    assert len(asked(acme)) == 3

    with tenancy.scope(acme.pk):
        workforce.rejoin(ana.public_id)
    comings.joined(acme.pk, ana.pk)
    assert asked(acme)[2:] == [("terminate", "rule:leaver", "cancelled"), ("reactivate", "rule:leaver", "requested")]
    with tenancy.scope(acme.pk):
        told = AuditEntry.objects.filter(action="line.terminate_cancelled", entity_id=theirs.public_id)
        assert [one.reason for one in told] == ["they are back"]


def settled(wish: Operation, theirs: FleetLine) -> None:
    """As the supplier's yes leaves them."""
    Operation.objects.filter(pk=wish.pk).update(state="done", due_at=None)
    FleetLine.objects.filter(pk=theirs.pk).update(service="suspended", state="suspended")


def test_a_company_may_end_leavers_lines_at_once_or_when_it_likes_and_what_runs_on_is_told() -> None:
    acme = company()
    ana, ben = employee(acme), employee(acme, "Ben Ito")
    fixed = plan(acme, "Fixed", can_suspend=False, can_terminate=False)
    first, second = line(acme, plan(acme), ana), line(acme, fixed, ben, iccid="8944500000000000002")
    with tenancy.scope(acme.pk):
        for wrong in (-1, 366):
            with pytest.raises(BadInput):
                people_rules.change_leaver_days(wrong)
        people_rules.change_leaver_days(0)
        for one in (ana, ben):
            workforce.leave(one.public_id)
    for one in (ana, ben):
        comings.left(acme.pk, one.pk)

    assert asked(acme) == [("terminate", "rule:leaver", "requested")]
    with tenancy.scope(acme.pk):
        assert FleetLine.objects.get(pk=first.pk).wanted == "terminated"
        [alert] = Alert.objects.all()
        assert (alert.subject_id, alert.kind, "neither end nor pause" in alert.text) == (second.pk, "line", True)


def test_a_rule_ends_a_line_once_and_nothing_that_is_over() -> None:
    acme = company()
    used = line(acme, plan(acme), employee(acme))
    for _ in range(2):
        reactions.end(acme.pk, used.pk, "unused", "not used for 90 days")
    assert asked(acme) == [("terminate", "rule:unused", "requested")]
