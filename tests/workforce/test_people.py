"""People join, move, lead and leave; each change is in the history and told to who listens."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from simplane.core import clock, tenancy
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.core.models import AuditEntry, Event
from simplane.organizations.models import Organization
from simplane.workforce import actions, jobs, people, places, queries
from simplane.workforce.errors import BadPerson, Changed, ManagerCycle, Taken
from simplane.workforce.facts import Facts
from simplane.workforce.managers import circles
from simplane.workforce.models import Employee, Team
from simplane.workforce.queries import Wanted
from tests.companies import company, employee, team

DAY = timedelta(days=1)


def told() -> list[str]:
    return list(Event.objects.filter(name__startswith="Employee").order_by("pk").values_list("name", flat=True))


@pytest.mark.django_db
def test_somebody_joins_moves_and_leaves_by_hand() -> None:
    acme = company()
    sales = team(acme, "Sales")
    with tenancy.scope(acme.pk):
        ana = actions.add_employee(email=" ana@acme.example ", given_name="Ana", country="pt")
        assert (ana.user_name, ana.email, ana.country, ana.state) == (
            "ana@acme.example",
            "ana@acme.example",
            "PT",
            "active",
        )
        moved = actions.change_employee(ana.public_id, team_id=sales.pk, expected_version=1)
        actions.change_employee(ana.public_id, team_id=sales.pk)
        assert moved.version == 2
        with pytest.raises(Changed):
            actions.change_employee(ana.public_id, title="x", expected_version=1)
        actions.leave(ana.public_id)
        assert actions.leave(ana.public_id).state == "left"
        assert actions.rejoin(ana.public_id).ends_on is None
        trail = AuditEntry.objects.filter(entity_id=ana.public_id).order_by("pk")
        changed = trail[1]
        assert (changed.before, changed.after) == ({"team_id": None}, {"team_id": sales.pk})
        assert [one.action.split(".")[1] for one in trail] == ["added", "changed", "left", "rejoined"]
    assert told() == ["EmployeeJoined", "EmployeeMoved", "EmployeeLeft", "EmployeeJoined"]


@pytest.mark.django_db
def test_who_starts_or_ends_on_a_day_does_so_by_the_calendar() -> None:
    acme, today = company(), people.today()
    with tenancy.scope(acme.pk):
        new = actions.add_employee(email="new@acme.example", starts_on=today + DAY)
        old = actions.add_employee(email="old@acme.example")
        actions.leave(old.public_id, on=today)
        assert (new.state, queries.counts()) == ("expected", {"expected": 1, "active": 1, "left": 0})
    assert jobs.days() == {"started or left": 0}

    with tenancy.scope(acme.pk):
        Employee.objects.filter(pk=new.pk).update(starts_on=today)
        Employee.objects.filter(pk=old.pk).update(ends_on=today - DAY)
    assert (jobs.days(), jobs.days()) == ({"started or left": 2}, {"started or left": 0})

    with tenancy.scope(acme.pk):
        assert {one.email: one.state for one in Employee.objects.all()} == {
            "new@acme.example": "active",
            "old@acme.example": "left",
        }
    assert told() == ["EmployeeJoined", "EmployeeJoined", "EmployeeLeft"]


@pytest.mark.django_db
def test_nobody_comes_to_lead_themselves() -> None:
    acme = company()
    ana = employee(acme, "Ana Lima")
    ben = employee(acme, "Ben Ott", manager=ana)
    cy = employee(acme, "Cy Roe", manager=ben)
    stranger = employee(company("beta"), "Di Foe")
    with tenancy.scope(acme.pk):
        with pytest.raises(ManagerCycle) as refused:
            actions.change_employee(ana.public_id, manager_id=cy.pk)
        assert refused.value.chain == ("Ana Lima", "Cy Roe", "Ben Ott", "Ana Lima")
        with pytest.raises(ManagerCycle):
            actions.change_employee(ana.public_id, manager_id=ana.pk)
        with pytest.raises(BadPerson, match="no such manager"):
            actions.change_employee(ana.public_id, manager_id=stranger.pk)
        assert list(queries.reports_of(ana)) == [ben]
    assert circles({1: 2, 2: 3, 3: 1, 4: 3, 5: 5, 6: None, 7: 99}) == [[1, 2, 3], [5]]


@pytest.mark.django_db(transaction=True)
def test_two_changes_that_are_a_circle_only_together_do_not_both_happen() -> None:
    acme = company()
    ana, ben = employee(acme, "Ana Lima"), employee(acme, "Ben Ott")
    refused: list[Refusal] = []
    ready = threading.Barrier(2)

    def lead(one: Employee, other: Employee) -> None:
        ready.wait()
        try:
            with tenancy.scope(acme.pk):
                actions.change_employee(one.public_id, manager_id=other.pk)
        except ManagerCycle as why:
            refused.append(why)
        finally:
            connection.close()

    threads = [threading.Thread(target=lead, args=pair) for pair in ((ana, ben), (ben, ana))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1


REFUSED: list[tuple[Facts, type[Refusal], str]] = [
    ({"email": "ana@acme"}, BadPerson, "no e-mail address"),
    ({"email": "a b@acme.example"}, BadPerson, "no e-mail address"),
    ({"email": "new@acme.example", "country": "Atlantis"}, BadPerson, "no country"),
    ({"email": "new@acme.example", "locale": "klingon"}, BadPerson, "no language"),
    ({"email": "new@acme.example", "title": "x" * 121}, BadPerson, "longer than 120"),
    ({"email": "new@acme.example", "given_name": "a\0"}, BadPerson, "no text"),
    ({"email": "ANA.lima@acme.example"}, Taken, "signs in with this name"),
    ({"email": "ana.lima@acme.example", "user_name": "x"}, Taken, "this e-mail address"),
    ({"email": "new@acme.example", "external_id": "7"}, Taken, "this external ID"),
    ({"given_name": "Ana"}, BadPerson, "no e-mail address"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("facts", "refusal", "why"), REFUSED)
def test_what_can_not_be_said_of_a_person_is_refused(facts: Facts, refusal: type[Refusal], why: str) -> None:
    acme = company()
    employee(acme, "Ana Lima", external_id="7")
    with tenancy.scope(acme.pk):
        with pytest.raises(refusal, match=why) as told:
            actions.add_employee(**facts)
        assert told.value.fix
        assert Employee.objects.count() == 1


@pytest.mark.django_db
def test_a_team_of_another_company_is_no_team() -> None:
    acme = company()
    theirs = team(company("beta"), "Sales")
    with tenancy.scope(acme.pk):
        ana = actions.add_employee(email="ana@acme.example")
        with pytest.raises(BadPerson, match="no such team"):
            actions.change_employee(ana.public_id, team_id=theirs.pk)
        with pytest.raises(NotFound):
            places.change_team(theirs.public_id, name="x")


@pytest.mark.django_db
def test_teams_and_cost_centres_are_made_once_and_removed_when_empty() -> None:
    acme = company()
    ana = employee(acme, "Ana Lima")
    with tenancy.scope(acme.pk):
        sales = places.add_team("  Field   sales ", lead=ana.public_id)
        centre = places.add_cost_centre("4711", "Field")
        assert (sales.name, sales.lead, centre.code) == ("Field sales", ana, "4711")
        with pytest.raises(Taken):
            places.add_team("FIELD SALES")
        with pytest.raises(Taken):
            places.add_cost_centre("4711")
        with pytest.raises(BadInput, match="1 to 120"):
            places.add_team(" ")
        with pytest.raises(NotFound, match="no such person"):
            places.add_team("x", lead="emp_nobody")
        actions.change_employee(ana.public_id, team_id=sales.pk, cost_centre_id=centre.pk)
        with pytest.raises(BadInput, match="1 people belong"):
            places.remove_team(sales.public_id)
        assert places.change_team(sales.public_id, name="Sales").lead is None
        assert places.change_cost_centre(centre.public_id, code="4712", name="Field").code == "4712"

        actions.leave(ana.public_id)
        Employee.objects.update(removed_at=clock.now())
        with pytest.raises(BadInput, match="refer to it"):
            places.remove_team(sales.public_id)
        Employee.objects.update(removed_at=None)
        actions.change_employee(ana.public_id, team_id=None, cost_centre_id=None)
        places.remove_team(sales.public_id)
        places.remove_cost_centre(centre.public_id)
        assert Team.objects.count() == 0


@pytest.fixture
def staffed() -> Organization:
    acme = company()
    sales = team(acme, "Sales")
    for name in ("Ana Lima", "Ben Lima", "Cy Ott"):
        employee(acme, name, team=sales if name != "Cy Ott" else None, external_id=f"HR-{name[0]}")
    employee(acme, "Di Gone", state="left")
    employee(company("beta"), "Ana Lima")
    return acme


@pytest.mark.django_db
def test_people_are_found_by_what_is_known_of_them(staffed: Organization) -> None:
    with tenancy.scope(staffed.pk):
        sales = Team.objects.get().public_id

        def names(**wanted: str) -> list[str]:
            return [one.given_name for one in queries.page_after(queries.search(Wanted(**wanted)))]

        assert names(words="lima") == ["Ben", "Ana"]
        assert names(words="Lima b\0en") == ["Ben"]
        assert names(words="cy.ott@acme") == names(words="HR-C") == ["Cy"]
        assert (names(team=sales, state="active"), names(state="left"), names(country="DE")) == (
            ["Ben", "Ana"],
            ["Di"],
            [],
        )
        assert queries.counts() == {"expected": 0, "active": 3, "left": 1}
        found = queries.by_address("ANA.LIMA@acme.example")
        assert found is not None
        assert queries.person(found.public_id).team_id == found.team_id

        first = queries.page_after(queries.known_people(), size=2)
        rest = queries.page_after(queries.known_people(), after=first[-1].public_id)
        assert [one.given_name for one in (*first, *rest)] == ["Di", "Cy", "Ben", "Ana"]
        with pytest.raises(NotFound):
            queries.person("emp_nobody")
        with pytest.raises(NotFound):
            queries.page_after(queries.known_people(), after="emp_nobody")
