"""People, teams, files and lines for many on a company's pages."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from django.test import Client

from simplane.core import tenancy
from simplane.fleet.bulk import progress, run
from simplane.fleet.models import Bulk, BulkRow, FleetLine, Operation
from simplane.organizations.models import CompanyRole, Organization
from simplane.policies import budget_acts, rule_acts
from simplane.workforce.models import CostCentre, Employee, Team
from tests.companies import company, employee, team
from tests.company.members import browser_of, member
from tests.company.plans import plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(acme: Organization) -> Client:
    return browser_of(member(acme), acme)


def file(text: str) -> BytesIO:
    made = BytesIO(text.encode())
    made.name = "people.csv"
    return made


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page) or re.search(
        rf'<textarea name="{name}" hidden>(.*?)</textarea>', page, re.DOTALL
    )
    assert found is not None, name
    return found[1]


def test_a_person_is_added_changed_leaves_and_comes_back(acme: Organization, owner: Client) -> None:
    employee(acme, "Lea Lead")
    owner.post("/teams/add/", {"name": "Sales", "lead": "lea.lead@acme.example"})
    owner.post("/cost-centres/add/", {"code": "1000", "name": "Sales"})
    with tenancy.scope(acme.pk):
        sales, centre = Team.objects.get(lead__family_name="Lead"), CostCentre.objects.get()
    told = {"given_name": "Ana", "family_name": "Lima", "email": "ana@acme.example", "team": sales.public_id}

    answer = owner.post("/people/add/", {**told, "cost_centre": centre.public_id, "manager": "lea.lead@acme.example"})
    with tenancy.scope(acme.pk):
        ana = Employee.objects.get(given_name="Ana")
    assert answer.headers["Location"] == f"/people/{ana.public_id}/"
    assert (ana.team_id, ana.cost_centre_id, ana.manager_id is None) == (sales.pk, centre.pk, False)

    at = f"/people/{ana.public_id}"
    twin = owner.post("/people/add/", told).content.decode()
    assert "signs in with this name already" in twin
    assert "no country" in owner.post(f"{at}/edit/", {**told, "country": "XX", "version": "1"}).content.decode()
    owner.post(f"{at}/edit/", {**told, "country": "de", "version": "1"})
    assert "somebody else changed" in owner.post(f"{at}/edit/", {**told, "version": "1"}).content.decode()
    owner.post(f"{at}/leave/", {"on": "2999-12-31"})
    assert "2999" in owner.get(f"{at}/").content.decode()
    owner.post(f"{at}/leave/", {})
    with tenancy.scope(acme.pk):
        ana.refresh_from_db()
        assert (ana.country, ana.state, ana.cost_centre_id) == ("DE", "left", None)
    owner.post(f"{at}/rejoin/")
    with tenancy.scope(acme.pk):
        ana.refresh_from_db()
        assert (ana.state, ana.ends_on) == ("active", None)


def test_teams_and_cost_centres_are_renamed_and_removed_when_nobody_belongs_to_them(
    acme: Organization, owner: Client
) -> None:
    sales = team(acme, "Sales")
    ana = employee(acme, team=sales)
    owner.post("/cost-centres/add/", {"code": "1000"})
    with tenancy.scope(acme.pk):
        centre = CostCentre.objects.get()

    owner.post(f"/teams/{sales.public_id}/", {"name": "Vendas", "lead": ana.email})
    owner.post(f"/cost-centres/{centre.public_id}/", {"code": "2000", "name": "Sales"})
    page = owner.get("/teams/").content.decode()
    assert ("Vendas" in page, "Ana Lima" in page, "2000" in owner.get("/cost-centres/").content.decode()) == (True,) * 3
    assert "Ana Lima" in owner.get(f"/people/?team={sales.public_id}").content.decode()
    assert "Ana Lima" not in owner.get(f"/people/?cost_centre={centre.public_id}").content.decode()

    refused = owner.post(f"/teams/{sales.public_id}/remove/", follow=True).content.decode()
    assert "move them first" in refused
    owner.post(f"/cost-centres/{centre.public_id}/remove/")
    with tenancy.scope(acme.pk):
        assert (Team.objects.count(), CostCentre.objects.count()) == (1, 0)


def test_a_file_of_people_is_shown_with_its_errors_then_its_good_rows_are_taken_in(
    acme: Organization, owner: Client
) -> None:
    employee(acme, "Ana Lima")
    text = (
        "e-mail;first name;team;country\nana.lima@acme.example;Ana;Sales;DE\nben@acme.example;Ben;Sales;FR\nx;Bad;;\n"
    )

    at = owner.post("/people/file/", {"file": file(text)}).headers["Location"]
    page = owner.get(at).content.decode()
    assert ("New teams: Sales." in page, "is no e-mail address" in page) == (True, True)
    assert "4,e-mail,x" in owner.get(f"{at}problems/").content.decode()
    refused = owner.post(at, {"digest": hidden(page, "digest")}, follow=True).content.decode()
    assert "can not be taken in" in refused
    done = owner.post(at, {"digest": hidden(page, "digest"), "good": "1"}).content.decode()

    assert "The file is taken in" in done
    assert "upload it again" in owner.get(at, follow=True).content.decode()
    exported = owner.get("/people/export/").content.decode().splitlines()
    assert (len(exported), "ben@acme.example" in "".join(exported)) == (3, True)
    assert "there is no file" in owner.post("/people/file/").content.decode()


def test_lines_for_many_are_shown_with_cost_and_rules_then_asked_for_once_by_a_job(
    acme: Organization, owner: Client
) -> None:
    europe, world = plan(acme), plan(acme, "World 1 GB", price_minor=30_00)
    for name in ("Ana Lima", "Ben Ott", "Eva Roth"):
        employee(acme, name)
    with tenancy.scope(acme.pk):
        budget_acts.make(acme.pk, "Data", budget_acts.Amounts(limit_minor=40_00, hard=True), currency="EUR")
        rule_acts.make(acme.pk, "max_price", {"amount_minor": 35_00, "currency": "EUR"})
    plan(acme, "Gold", price_minor=39_00)
    text = (
        "e-mail,plan,label\nana.lima@acme.example,,\nANA.LIMA@acme.example,,tablet\nben.ott@acme.example,World 1 GB,\n"
        "ana.lima@acme.example,,\nnobody@acme.example,,\neva.roth@acme.example,Moon,\neva.roth@acme.example,Gold,\n"
    )

    page = owner.post("/lines/give/", {"file": file(text), "plan": europe.public_id}).content.decode()
    assert ("3 new lines" in page, "€48.00" in page, "“Data” can not bear all of it" in page) == (True, True, True)
    for words in (
        "nobody here is known as nobody@acme.example",
        "no plan Moon",
        "row 2 is the same person",
        "costs €39.00",
    ):
        assert words[1:] in page
    form = {name: hidden(page, name) for name in ("rows", "plan", "digest", "key", "denied")}
    again = owner.post("/lines/give/do/", {**form, "digest": "old"}).content.decode()
    assert "look again" in again
    answer = owner.post("/lines/give/do/", form)
    assert owner.post("/lines/give/do/", form).headers["Location"] == answer.headers["Location"]

    with tenancy.scope(acme.pk):
        bulk = Bulk.objects.get()
        assert (BulkRow.objects.count(), Operation.objects.count(), progress(bulk.public_id).waiting) == (3, 0, 3)
    assert "Not yet asked for" in owner.get(answer.headers["Location"]).content.decode()
    run(acme.pk, bulk.pk)
    with tenancy.scope(acme.pk):
        BulkRow.objects.filter(number=0).update(taken_at=None)
    run(acme.pk, bulk.pk)

    with tenancy.scope(acme.pk):
        found = progress(bulk.public_id)
        assert (found.open, found.waiting, found.refused, FleetLine.objects.count()) == (2, 0, 1, 2)
        assert set(FleetLine.objects.values_list("label", "plan__name")) == {("", europe.name), ("tablet", europe.name)}
    assert f"“{world.name}”" in owner.get(answer.headers["Location"]).content.decode().replace("&quot;", '"')


def test_people_of_the_list_get_a_line_each_and_a_manager_gives_only_to_their_teams(acme: Organization) -> None:
    plan(acme)
    boss = member(acme, CompanyRole.MANAGER)
    sales = team(acme, "Sales", lead=employee(acme, "Lea Lead", user=boss))
    ana, ben = employee(acme, "Ana Lima", team=sales), employee(acme, "Ben Ott")
    browser = browser_of(boss, acme)

    page = browser.post("/lines/give/", {"person": [ana.public_id, ben.public_id]}).content.decode()

    assert ("1 new line<" in page, "Ana Lima" in page, f"known as {ben.public_id}" in page) == (True, True, True)
    assert "there is no file" in browser.post("/lines/give/", follow=True).content.decode()


def test_ids_of_another_company_are_nothing_here(acme: Organization, owner: Client) -> None:
    beta = company("beta")
    eve, theirs = employee(beta, "Eve Else"), team(beta, "Theirs")
    other = browser_of(member(beta), beta)
    file_at = other.post("/people/file/", {"file": file("e-mail\nnew@beta.example\n")}).headers["Location"]
    other.post("/cost-centres/add/", {"code": "9"})
    with tenancy.scope(beta.pk):
        centre = CostCentre.objects.get()

    for path in (
        f"/people/{eve.public_id}/edit/",
        f"/people/{eve.public_id}/leave/",
        f"/people/{eve.public_id}/rejoin/",
        f"/teams/{theirs.public_id}/",
        f"/cost-centres/{centre.public_id}/",
        file_at,
        f"{file_at}problems/",
    ):
        found = owner.get(path)
        status = owner.post(path).status_code if found.status_code == 405 else found.status_code
        assert (status, owner.post(path).status_code in (404, 405)) == (404, True), path
    for path in (f"/teams/{theirs.public_id}/remove/", f"/cost-centres/{centre.public_id}/remove/"):
        owner.post(path)
    plan(acme)
    page = owner.post("/lines/give/", {"person": [eve.public_id]}).content.decode()
    assert f"known as {eve.public_id}" in page
    with tenancy.scope(beta.pk):
        assert (Team.objects.count(), CostCentre.objects.count()) == (1, 1)
