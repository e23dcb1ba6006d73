"""The addresses of a company: people, lines, many lines at once, usage and spend, asked for by a program with its key."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.core.models import AuditEntry
from simplane.fleet import bulk
from simplane.fleet.models import Bulk, FleetLine, Operation
from simplane.organizations.keys import AboveRole, create_key
from simplane.organizations.models import CompanyRole
from simplane.policies import budget_acts
from simplane.usage.load import load
from simplane.usage.spend import record_purchase
from simplane.usage.values import Holder, Purchase
from simplane.workforce.models import Employee
from tests import factories
from tests.api.v1.calls import Program, firm
from tests.api.v1.company import line, person, plan
from tests.usage.world import metered, record

pytestmark = pytest.mark.django_db(transaction=True)
AREA = "/tenants/acme"


@pytest.fixture
def acme() -> Program:
    return firm()


def test_keys_of_a_company_have_its_own_scopes_and_no_more_than_who_makes_them(acme: Program) -> None:
    owner = acme.organization
    with pytest.raises(BadInput, match="orders:write"):
        create_key(owner, "shop", scopes=["orders:write"])
    made = create_key(owner, "viewer's", scopes=["lines:read"], by=CompanyRole.VIEWER)
    assert made.key.scopes == ["lines:read"]
    for role in (CompanyRole.VIEWER, CompanyRole.MANAGER):
        with pytest.raises(AboveRole):
            create_key(owner, "more", scopes=["lines:write"], by=role)


def test_people_are_added_once_changed_found_and_leave(acme: Program) -> None:
    said = {"email": "ana.lima@acme.example", "given_name": "Ana", "family_name": "Lima", "team": "Sales"}
    made, again = acme.post(f"{AREA}/employees", said, key="a"), acme.post(f"{AREA}/employees", said, key="a")
    assert (made.status, again.told, again.headers["Idempotent-Replayed"]) == (201, made.told, "true")
    assert (made.told["team"]["name"], made.told["user_name"]) == ("Sales", "ana.lima@acme.example")
    assert acme.post(f"{AREA}/employees", said).code == "taken"
    assert acme.post(f"{AREA}/employees", {"email": "no address"}).code == "bad_person"
    address = f"{AREA}/employees/{made.told['id']}"

    moved = acme.call("PATCH", address, body={"cost_centre": "CC-7", "team": "", "starts_on": "2026-01-31"})
    assert (moved.told["cost_centre"]["name"], moved.told["team"]) == ("CC-7", None)
    assert (moved.told["starts_on"], moved.told["given_name"]) == ("2026-01-31", "Ana")
    assert acme.call("PATCH", address, body={"title": "CFO", "version": 1}).code == "changed_meanwhile"
    assert acme.call("PATCH", address, body={"manager": made.told["id"]}).code == "manager_cycle"
    boss = acme.post(f"{AREA}/employees", {"email": "mia@acme.example"}).told
    assert acme.call("PATCH", address, body={"manager": "mia@acme.example"}).told["manager"]["id"] == boss["id"]

    first = acme.get(f"{AREA}/employees", limit=1).told
    assert (first["data"][0]["id"], first["has_more"]) == (boss["id"], True)
    second = acme.get(f"{AREA}/employees", limit=1, cursor=first["next_cursor"]).told
    assert [one["id"] for one in second["data"]] == [made.told["id"]]
    found = acme.get(f"{AREA}/employees", q="lim", cost_centre=moved.told["cost_centre"]["id"])
    assert [one["given_name"] for one in found.told["data"]] == ["Ana"]

    assert acme.post(f"{address}/leave", {"on": "2100-12-31"}).told["state"] == "active"
    left = acme.post(f"{address}/leave", {})
    assert (left.status, left.told["state"]) == (200, "left")
    with tenancy.scope(acme.organization.pk):
        assert Employee.objects.count() == 2
        actors = set(AuditEntry.objects.filter(entity="employee").values_list("actor", flat=True))
    assert {actor.partition("_")[0] for actor in actors} == {"api"}


def test_teams_and_cost_centres_are_added_changed_and_removed_when_nobody_is_there(acme: Program) -> None:
    ana = person(acme.organization)
    made = acme.post(f"{AREA}/teams", {"name": "Legal", "lead": ana.public_id}, key="t")
    assert (made.status, made.told["lead"]["name"]) == (201, "Ana Lima")
    assert acme.post(f"{AREA}/teams", {"name": "Legal", "lead": ana.public_id}, key="t").told == made.told
    assert acme.post(f"{AREA}/teams", {"name": "LEGAL"}).code == "taken"
    address = f"{AREA}/teams/{made.told['id']}"
    assert acme.call("PATCH", address, body={"name": "Law"}).told["lead"]["id"] == ana.public_id
    assert acme.call("PATCH", address, body={"lead": None}).told["lead"] is None
    assert [one["name"] for one in acme.get(f"{AREA}/teams").told["data"]] == ["Law", "Sales"]
    assert acme.call("DELETE", address).told == {"id": made.told["id"], "removed": True}
    assert acme.get(address).code == "not_found"
    assert ana.team is not None
    assert acme.call("DELETE", f"{AREA}/teams/{ana.team.public_id}").code == "bad_input"

    centre = acme.post(f"{AREA}/cost-centres", {"code": "CC-7"})
    address = f"{AREA}/cost-centres/{centre.told['id']}"
    assert acme.call("PATCH", address, body={"name": "Law"}).told | {"created_at": 0} == {
        "id": centre.told["id"], "object": "cost_centre", "code": "CC-7", "name": "Law", "created_at": 0,
    }  # fmt: skip
    assert acme.post(f"{AREA}/cost-centres", {"code": "cc-100"}).code == "taken"
    assert acme.call("DELETE", address).told["removed"] is True
    assert [one["code"] for one in acme.get(f"{AREA}/cost-centres").told["data"]] == ["CC-100"]


def test_a_line_is_asked_for_once_and_rules_say_why_not(acme: Program) -> None:
    ana, europe = person(acme.organization), plan(acme.organization)
    wish = {"plan": europe.public_id, "employee": ana.public_id}
    assert acme.post(f"{AREA}/lines/provision", wish).code == "idempotency_key_missing"
    made, again = (
        acme.post(f"{AREA}/lines/provision", wish, key="p"),
        acme.post(f"{AREA}/lines/provision", wish, key="p"),
    )
    assert (made.status, made.told["state"], again.told) == (202, "requested", made.told)
    assert acme.get(f"{AREA}/operations/{made.told['id']}").told == made.told
    seen = acme.get(f"{AREA}/lines/{made.told['line']}").told
    assert (seen["state"], seen["service"], seen["open_operation"]) == ("ordering", None, made.told["id"])
    assert (seen["employee"]["name"], seen["can"]["suspend"]) == ("Ana Lima", False)
    assert acme.post(f"{AREA}/lines/{made.told['line']}/suspend", {"reason": "lost"}).code == "not_possible"
    assert acme.post(f"{AREA}/lines/{made.told['line']}/install-link").code == "not_possible"

    [shown] = acme.get(f"{AREA}/plans").told["data"]
    assert (shown["price"], shown["can"]["change_plan"]) == ({"amount_minor": 9_00, "currency": "EUR"}, "no")
    budget(acme, 5_00)
    refused = acme.post(f"{AREA}/lines/provision", wish, key="q")
    assert (refused.status, refused.code) == (409, "against_policy")
    [reason] = refused.told["reasons"]
    assert reason["words"] in refused.told["detail"]
    with tenancy.scope(acme.organization.pk):
        assert (FleetLine.objects.count(), Operation.objects.count()) == (1, 1)


def budget(acme: Program, minor: int) -> None:
    """What the whole company may spend a month."""
    with tenancy.scope(acme.organization.pk):
        amounts = budget_acts.Amounts(limit_minor=minor, hard=True)
        budget_acts.make(acme.organization.pk, "Company", amounts, currency="EUR")


def test_lines_are_filtered_paused_and_their_link_is_mailed_again(acme: Program) -> None:
    ana, europe = person(acme.organization), plan(acme.organization)
    used = line(acme.organization, europe, ana)
    line(acme.organization, europe, None, label="router", iccid="8944500000000000002")
    address = f"{AREA}/lines/{used.public_id}"
    assert acme.get(address).told["plans"][0]["price"] == {"amount_minor": 9_00, "currency": "EUR"}
    for asked, many in (({"employee": ana.public_id}, 1), ({"state": "active"}, 2), ({"wanted": "suspended"}, 0)):
        assert len(acme.get(f"{AREA}/lines", **asked).told["data"]) == many
    assert acme.get(f"{AREA}/lines", state="lost").code == "bad_parameter"

    assert acme.post(f"{address}/install-link").status == 202
    assert acme.post(f"{address}/change-plan", {"plan": europe.public_id}, key="c").code == "not_possible"
    assert acme.post(f"{address}/terminate", {"on": "2001-01-01"}).code == "bad_input"
    later = f"{clock.now() + timedelta(days=9):%Y-%m-%d}"
    planned = acme.post(f"{address}/terminate", {"on": later, "reason": "project over"})
    assert (planned.told["state"], planned.told["effective_on"]) == ("scheduled", later)
    assert acme.post(f"{address}/terminate", {"on": later}).code == "line_busy"
    seen = acme.get(address).told
    assert (seen["wanted"], seen["planned"], seen["open_operation"]) == ("active", [planned.told["id"]], None)
    cancelled = acme.post(f"{AREA}/operations/{planned.told['id']}/cancel")
    assert (cancelled.told["state"], acme.get(address).told["planned"]) == ("cancelled", [])
    assert acme.post(f"{AREA}/operations/{planned.told['id']}/cancel").code == "not_possible"
    assert acme.post(f"{address}/top-up", {"plan": "plan_none"}, key="t").code == "no_such_plan"
    paused = acme.post(f"{address}/suspend", {"reason": "lost"}, key="s")
    assert (paused.status, paused.told["kind"], paused.told["reason"]) == (202, "suspend", "lost")
    seen = acme.get(address).told
    assert (seen["wanted"], seen["service"], seen["can"]["suspend"]) == ("suspended", "active", False)
    assert acme.post(f"{address}/terminate", {}).code == "line_busy"
    assert acme.post(f"{address}/suspend", {"reason": "lost"}, key="s").told == paused.told


def test_many_lines_at_once_are_asked_for_once_and_the_refused_say_why(acme: Program) -> None:
    ana, europe = person(acme.organization), plan(acme.organization)
    wish = {"kind": "provision", "plan": europe.public_id, "employees": [ana.public_id, "emp_nobody"]}
    assert acme.post(f"{AREA}/bulk", {"kind": "suspend", "employees": [ana.public_id]}, key="x").code == "bad_request"
    made, again = acme.post(f"{AREA}/bulk", wish, key="b"), acme.post(f"{AREA}/bulk", wish, key="b")
    assert (made.status, made.told["waiting"], again.told) == (202, 2, made.told)
    with tenancy.scope(acme.organization.pk):
        [found] = Bulk.objects.all()
    bulk.run(acme.organization.pk, found.pk)
    seen = acme.get(f"{AREA}/bulk/{made.told['id']}").told
    assert (seen["open"], seen["refused"], seen["waiting"], seen["finished"]) == (1, 1, 0, False)
    [problem] = seen["problems"]
    assert (problem["subject"], "no such person" in problem["problem"]) == ("emp_nobody", True)


def test_usage_and_spend_are_told_by_day_month_and_level(acme: Program) -> None:
    ana, europe = person(acme.organization), plan(acme.organization)
    used = line(acme.organization, europe, ana)
    now = clock.now()
    holder = Holder(line_id=used.pk, employee_id=ana.pk, team_id=ana.team_id, cost_centre_id=ana.cost_centre_id)
    bought = Purchase(key="u1", holder=holder, kind="provision", amount_minor=9_00, currency="EUR", at=now)
    with transaction():
        record_purchase(acme.organization.pk, bought)
    supplier = factories.supplier()
    metered(acme.organization, supplier, "L1", line_id=used.pk, team_id=ana.team_id)
    load(supplier.pk, [record(1, 7, now)])
    assert ana.team is not None
    told = acme.get(f"{AREA}/usage", level="team", id=ana.team.public_id).told
    assert (told["bytes"], len(told["days"]), told["days"][-1]) == (7, 30, {"day": f"{now:%Y-%m-%d}", "bytes": 7})
    since = f"{now - timedelta(days=400):%Y-%m-%d}"
    assert acme.get(f"{AREA}/usage", since=since).code == "bad_parameter"
    assert acme.get(f"{AREA}/usage", level="team").code == "bad_parameter"
    for path, edge in (("usage", {"until": "9999-12-31"}), ("spend", {"last_month": "9999-12"})):
        assert acme.get(f"{AREA}/{path}", **edge).code == "bad_parameter"
    [row] = acme.get(f"{AREA}/spend", level="employee").told["data"]
    assert row == {
        "month": f"{now:%Y-%m}",
        "id": ana.public_id,
        "name": "Ana Lima",
        "amount_minor": 9_00,
        "currency": "EUR",
        "purchases": 1,
    }
    assert acme.get(f"{AREA}/spend", level="line", first_month="2026-01").code == "bad_parameter"
