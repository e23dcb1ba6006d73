"""Entra ID and Okta provision people: joiners, movers, leavers and groups in the shapes that they send."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Max
from django.test.utils import CaptureQueriesContext

from simplane.core import tenancy
from simplane.core.models import AuditEntry, Event
from simplane.organizations.models import Organization
from simplane.workforce import groups
from simplane.workforce.models import Employee
from tests.api.scim.calls import COPIES, ENTERPRISE, GROUP, USER, Caller, caller
from tests.companies import company, team

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    return company()


def test_entra_id_brings_a_joiner_a_mover_and_a_leaver(acme: Organization) -> None:
    entra = caller(acme)
    boss = entra.create("bo")
    assert entra.found("Users", 'userName eq "ANA@acme.example"') == []
    ana = entra.create("ana", {"department": "Sales", "costCenter": "4711", "manager": boss["id"]})

    one = employee(acme, ana["id"])
    assert (one.name, one.email, one.source, one.state) == ("Ana Lima", "ana@acme.example", "scim", "active")
    assert one.team is not None
    assert one.cost_centre is not None
    assert one.manager is not None
    assert (one.team.name, one.cost_centre.code, one.manager.public_id) == ("Sales", "4711", boss["id"])
    assert news() == [("EmployeeJoined", boss["id"]), ("EmployeeJoined", ana["id"])]

    entra.patch(
        f"/Users/{ana['id']}",
        {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Marketing"},
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "ana.lima@acme.example"},
        {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": boss["id"]},
    )
    entra.patch(f"/Users/{ana['id']}", {"op": "Replace", "path": "active", "value": "False"})
    one = employee(acme, ana["id"])
    assert one.team is not None
    assert (one.team.name, one.email, one.state) == ("Marketing", "ana.lima@acme.example", "left")
    assert news()[2:] == [("EmployeeMoved", ana["id"]), ("EmployeeLeft", ana["id"])]
    assert entra.send("GET", f"/Users/{ana['id']}")["active"] is False

    entra.patch(f"/Users/{ana['id']}", {"op": "Replace", "value": {"active": "True"}})
    assert news()[-1] == ("EmployeeJoined", ana["id"])
    with tenancy.scope(acme.pk):
        told = AuditEntry.objects.filter(entity="employee", entity_id=ana["id"]).order_by("pk")
        assert list(told.values_list("action", flat=True)) == [
            "employee.added",
            "employee.changed",
            "employee.left",
            "employee.rejoined",
        ]
        assert {actor.split("_")[0] for actor in told.values_list("actor", flat=True)} == {"scim:tok"}


def test_entra_id_deletes_for_good_what_it_had_disabled(acme: Organization) -> None:
    entra = caller(acme)
    ana = entra.create("ana")

    entra.send("DELETE", f"/Users/{ana['id']}", status=204)

    entra.send("GET", f"/Users/{ana['id']}", status=404)
    assert entra.create("ana")["id"] != ana["id"]
    assert news() == [("EmployeeJoined", ana["id"]), ("EmployeeLeft", ana["id"]), ("EmployeeJoined", latest(acme))]


def test_okta_writes_whole_users_and_deactivates_them(acme: Organization) -> None:
    okta = caller(acme)
    body = {
        "schemas": [USER],
        "userName": "ana@acme.example",
        "name": {"givenName": "Ana", "familyName": "Lima"},
        "emails": [{"primary": True, "value": "ana@acme.example", "type": "work"}],
        "displayName": "Ana Lima",
        "locale": "en-US",
        "externalId": "00u1",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }
    ana = okta.send("POST", "/Users", body, status=201)
    assert okta.send("POST", "/Users", body, status=409)["scimType"] == "uniqueness"
    with tenancy.scope(acme.pk):
        places = {"team": team(acme, "Sales")}
        Employee.objects.filter(public_id=ana["id"]).update(team=places["team"])

    okta.send("PUT", f"/Users/{ana['id']}", {**body, "title": "Head of Sales", "id": ana["id"]})
    one = employee(acme, ana["id"])
    assert (one.title, one.locale, one.team) == ("Head of Sales", "en-US", places["team"])
    assert "1mz050nq" not in str(one.scim)

    okta.patch(f"/Users/{ana['id']}", {"op": "replace", "value": {"active": False}})
    assert employee(acme, ana["id"]).state == "left"


def test_reports_may_come_before_who_leads_them(acme: Organization) -> None:
    okta = caller(acme)
    ana = okta.create("ana", {"manager": {"value": "BO@acme.example"}})
    assert employee(acme, ana["id"]).manager is None

    bo = okta.create("bo", {"manager": {"value": "ana@acme.example"}})

    assert (employee(acme, ana["id"]).manager, employee(acme, bo["id"]).manager_id) == (
        None,
        employee(acme, ana["id"]).pk,
    )
    cy = okta.create("cy", {"manager": {"value": "di@acme.example"}})
    di = okta.create("di")
    assert employee(acme, cy["id"]).manager == employee(acme, di["id"])
    assert okta.send("GET", f"/Users/{cy['id']}")[ENTERPRISE]["manager"]["value"] == "di@acme.example"


def test_a_group_can_stand_for_a_team_and_a_role(acme: Organization) -> None:
    entra = caller(acme)
    ana, ben = entra.create("ana"), entra.create("ben", {"department": "Support"})
    made = entra.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "eSIM Sales"}, status=201)
    path, sales = f"/Groups/{made['id']}", team(acme, "Sales")
    with tenancy.scope(acme.pk):
        groups.map_group(made["id"], team=sales.public_id, role="viewer")

    entra.patch(path, {"op": "Add", "path": "members", "value": [{"value": ana["id"]}, {"value": ben["id"]}]})
    assert {employee(acme, one["id"]).team_id for one in (ana, ben)} == {sales.pk}
    with tenancy.scope(acme.pk):
        assert groups.role_of(employee(acme, ana["id"]).pk) == "viewer"
    entra.patch(f"/Users/{ben['id']}", {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Legal"})
    assert employee(acme, ben["id"]).team_id == sales.pk

    entra.patch(path, {"op": "Remove", "path": "members", "value": [{"value": ana["id"]}]})
    entra.patch(path, {"op": "Remove", "path": f'members[value eq "{ben["id"]}"]'})
    assert {employee(acme, one["id"]).team_id for one in (ana, ben)} == {None}
    assert entra.found("Groups", 'displayName eq "ESIM sales"', excludedAttributes="members")[0]["id"] == made["id"]
    assert news().count(("EmployeeMoved", ana["id"])) == 2


def test_a_crowd_changes_its_team_in_one_go(acme: Organization) -> None:
    entra, sales = caller(acme), team(acme, "Sales")
    with tenancy.scope(acme.pk), connection.cursor() as cursor:
        cursor.execute(COPIES, [acme.pk])
    members = [{"value": f"emp_{number}"} for number in range(1, 151)]
    made = entra.send("POST", "/Groups", {"displayName": "Sales", "members": members}, status=201)
    with tenancy.scope(acme.pk):
        with CaptureQueriesContext(connection) as asked:
            groups.map_group(made["id"], team=sales.public_id)
        assert Employee.objects.filter(team=sales, version=2).count() == 150
        assert AuditEntry.objects.filter(action="employee.crowd_moved").count() == 1
    assert len(asked) < 20
    assert len(news()) == 150


def test_what_can_not_be_is_refused_and_changes_nothing(acme: Organization) -> None:
    entra = caller(acme)
    ana = entra.create("ana")
    ben = entra.create("ben", {"manager": {"value": ana["id"]}})

    told = entra.patch(
        f"/Users/{ana['id']}",
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": ben["id"]},
        {"op": "Replace", "path": "title", "value": "Queen"},
        status=400,
    )
    assert "Ana Lima → Ben Lima → Ana Lima" in told["detail"]
    assert employee(acme, ana["id"]).title == ""
    entra.create("cy", status=400, title="x" * 121)
    entra.send("POST", "/Users", b'{"userName": "nul\\u0000@acme.example"}', status=400)
    entra.send("POST", "/Users", b"{" * 5000, status=400)
    entra.send("POST", "/Users", b" " * (1024 * 1024 + 1), status=413)
    entra.send("POST", "/Groups", {"displayName": "g", "members": [{"value": "emp_nobody"}]}, status=400)
    entra.patch(f"/Groups/{ana['id']}", {"op": "Remove", "path": "members"}, status=404)
    assert entra.send("GET", "/Users?count=0")["totalResults"] == 2


def test_an_unchanged_version_is_asked_for_only_when_the_caller_says_so(acme: Organization) -> None:
    entra = caller(acme)
    path = f"/Users/{entra.create('ana')['id']}"
    version = entra.send("GET", path)["meta"]["version"]
    entra.patch(path, {"op": "Replace", "path": "title", "value": "Queen"})

    body = {"schemas": [USER], "userName": "ana@acme.example"}
    entra.send("PUT", path, body, status=412, **{"If-Match": version})
    entra.send("PUT", path, body)


def test_addresses_are_found_wherever_they_stand(acme: Organization) -> None:
    entra: Caller = caller(acme)
    home = {"type": "home", "value": "ana@home.example"}
    ana = entra.create("ana", emails=[{"type": "work", "value": "ana@acme.example"}, home])
    entra.create("ben")

    for said in (
        'emails[type eq "work"].value eq "ANA@acme.example"',
        'emails.value eq "ana@home.example"',
        f'id eq "{ana["id"]}" and active eq true',
        'externalId eq "ana" or userName eq "nobody@acme.example"',
    ):
        assert [one["id"] for one in entra.found("Users", said)] == [ana["id"]]
    assert entra.found("Users", 'emails[type eq "work"].value eq "ana@home.example"') == []


def employee(of: Organization, public_id: str) -> Employee:
    with tenancy.scope(of.pk):
        found: Employee = Employee.objects.select_related("team", "cost_centre", "manager").get(public_id=public_id)
    return found


def latest(of: Organization) -> str:
    with tenancy.scope(of.pk):
        newest = Employee.objects.aggregate(Max("pk"))["pk__max"]
        return str(Employee.objects.get(pk=newest).public_id)


def news() -> list[tuple[str, str]]:
    with tenancy.everywhere():
        known = dict(Employee.objects.values_list("pk", "public_id"))
    rows = Event.objects.filter(name__startswith="Employee").order_by("pk")
    return [(one.name, known[one.data["employee_id"]]) for one in rows]
