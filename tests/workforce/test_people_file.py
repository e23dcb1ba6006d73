"""A file of people is looked at first, and then taken in whole, or not at all."""

from __future__ import annotations

import csv
import io
import time

import pytest

from simplane.core import clock, tenancy
from simplane.core.errors import NotFound
from simplane.core.models import AuditEntry, Event
from simplane.organizations.models import Organization
from simplane.workforce import export, jobs, people_file, queries
from simplane.workforce.file_read import UnreadableFile
from simplane.workforce.file_values import Plan
from simplane.workforce.models import Employee, PeopleFile, Team
from simplane.workforce.people_file import FileHasErrors, PlanChanged
from tests.companies import company, employee, team

pytestmark = pytest.mark.django_db
HEADINGS = "E-Mail;First name;Last Name;Employee-ID;Department;Cost center;Manager;Country;Last day;Shoe size\r\n"


@pytest.fixture
def acme() -> Organization:
    return company()


def uploaded(of: Organization, text: str) -> tuple[str, Plan]:
    with tenancy.scope(of.pk):
        file = people_file.upload("people.csv", text.encode("utf-8-sig"))
        return file.public_id, people_file.preview(file.public_id)


def by_address(of: Organization) -> dict[str, Employee]:
    with tenancy.scope(of.pk):
        rows = Employee.objects.select_related("team", "cost_centre", "manager")
        return {one.email: one for one in rows}


def test_what_is_shown_is_what_happens(acme: Organization) -> None:
    employee(acme, "Ana Lima", external_id="7", team=team(acme, "Sales"))
    gone = employee(acme, "Cy Ott", state="left", left_at=clock.now(), ends_on=clock.now().date())
    same = employee(acme, "Di Roe", external_id="9", country="DE")
    file, plan = uploaded(
        acme,
        HEADINGS
        + "ana.maria@acme.example;Ana;Lima;7;marketing;4711;BEN@acme.example;pt;;39\r\n"
        + 'ben@acme.example;"Ben; ""B""";Ott;8;Marketing;4711;;DE;;\r\n'
        + "cy.ott@acme.example;Cy;Ott;;;;7;;;\r\n"
        + "di.roe@acme.example;Di;Roe;9;;;;DE;;\r\n"
        + "old@acme.example;Old;Boy;10;;;;;2020-01-31;\r\n;;;;;;;;;\r\n",
    )
    assert (len(plan.add), len(plan.change), plan.same, plan.back, plan.problems) == (2, 2, 1, 1, ())
    assert (plan.ignored, plan.new_teams, plan.new_cost_centres) == (("Shoe size",), ("marketing",), ("4711",))
    assert plan.changes[2] == {
        "user_name": "ana.maria@acme.example",
        "email": "ana.maria@acme.example",
        "country": "PT",
        "team": "marketing",
        "cost_centre": "4711",
        "manager": "BEN@acme.example",
    }
    with tenancy.scope(acme.pk):
        assert Team.objects.count() == 1
        assert people_file.take_in(file, plan.digest) == people_file.TakenIn(2, 2, 0)

    people = by_address(acme)
    ana, ben, cy = people["ana.maria@acme.example"], people["ben@acme.example"], people["cy.ott@acme.example"]
    assert ana.team is not None
    assert (ana.team.name, ana.manager, ben.team, ben.given_name) == ("marketing", ben, ana.team, 'Ben; "B"')
    assert (cy.pk, cy.state, cy.manager, cy.left_at, cy.ends_on) == (gone.pk, "active", ana, None, None)
    assert people["di.roe@acme.example"].version == same.version
    assert (people["old@acme.example"].state, ben.source, ana.source) == ("left", "csv", "hand")
    told = {(one.name, one.data["employee_id"]) for one in Event.objects.filter(name__startswith="Employee")}
    assert told == {("EmployeeJoined", ben.pk), ("EmployeeMoved", ana.pk), ("EmployeeJoined", cy.pk)}
    with tenancy.scope(acme.pk):
        (note,) = AuditEntry.objects.filter(action="people_file.taken_in")
        assert note.after is not None
        assert (note.after["added"], note.after["changed"]) == (2, 2)
        with pytest.raises(NotFound, match="no longer here"):
            people_file.preview(file)


WRONG = (
    HEADINGS
    + "ana@acme;Ana;;1;;;;;;\n"  # 2: no address
    + "ben@acme.example;Ben;;2;;;1;Narnia;31.02.2026;\n"  # 3: no country, no day
    + "cy@acme.example;Cy;;3;;;nobody@acme.example;;;\n"  # 4: no manager
    + "di@acme.example;Di;;4;;;cy@acme.example;;;\n"  # 5: leans on 4
    + "ed@acme.example;Ed;;5;;;6;;;\n"  # 6 and 7: a circle
    + "flo@acme.example;Flo;;6;;;5;;;\n"
    + "ED@acme.example;Ed;;7;;;;;;\n"  # 8: twice
    + "gus@acme.example;Gus;;8;;;gus@acme.example;;;\n"  # 9: their own
    + "hal@acme.example;Hal;;9;;;ivy.ott@acme.example;;;\n"  # 10: good
    + f";Jon;;10;{'x' * 121};;;;;\n"  # 11: no address, team too long
)


def test_every_wrong_row_is_told_and_the_others_come_in_only_when_asked(acme: Organization) -> None:
    ivy = employee(acme, "Ivy Ott")
    file, plan = uploaded(acme, WRONG)

    told = {(one.row, one.column): one.what for one in plan.problems}
    assert sorted({row for row, _ in told}) == [2, 3, 4, 5, 6, 7, 8, 9, 11]
    assert told[2, "e-mail"] == "ana@acme is no e-mail address"
    assert (told[3, "country"], told[3, "ends on"]) == ("Narnia is no country", "31.02.2026 is no day")
    assert told[4, "manager"] == "nobody@acme.example is nobody of the company and not in the file"
    assert told[5, "manager"] == "their manager stands in row 4, which can not be taken in"
    assert told[6, "manager"] == "this would be a circle: Ed → Flo → Ed"
    assert told[8, "e-mail"] == "row 6 has the same e-mail"
    assert told[9, "manager"] == "nobody is their own manager"
    assert list(people_file.problem_lines(plan))[1].startswith("2,e-mail,ana@acme,ana@acme is no e-mail address,write")
    with tenancy.scope(acme.pk):
        with pytest.raises(FileHasErrors, match="9 rows"):
            people_file.take_in(file, plan.digest)
        assert Employee.objects.count() == 1
        assert people_file.take_in(file, plan.digest, good_rows_only=True) == people_file.TakenIn(1, 0, 9)
    assert by_address(acme)["hal@acme.example"].manager == ivy


def test_a_circle_over_people_who_are_there_already_is_found(acme: Organization) -> None:
    ana = employee(acme, "Ana Lima")
    employee(acme, "Ben Ott", manager=ana)
    text = "mail,reports to\nana.lima@acme.example,cy@acme.example\ncy@acme.example,ben.ott@acme.example\n"

    _, plan = uploaded(acme, text)

    assert {(one.row, one.what) for one in plan.problems} == {
        (2, "this would be a circle: Ana Lima → cy@acme.example → Ben Ott → Ana Lima"),
        (3, "this would be a circle: Ana Lima → cy@acme.example → Ben Ott → Ana Lima"),
    }
    assert (plan.add, plan.change) == ((), ())


def test_a_long_chain_of_managers_comes_in_whole(acme: Organization) -> None:
    chain = "".join(f"p{n}@acme.example,p{n - 1}@acme.example\n" for n in range(40, 1, -1))
    file, plan = uploaded(acme, f"email,manager\n{chain}p1@acme.example,\n")
    with tenancy.scope(acme.pk):
        people_file.take_in(file, plan.digest)

    people = by_address(acme)
    for number in range(2, 41):
        assert people[f"p{number}@acme.example"].manager == people[f"p{number - 1}@acme.example"]
    assert people["p1@acme.example"].manager is None


def test_people_who_changed_meanwhile_are_shown_again_first(acme: Organization) -> None:
    file, plan = uploaded(acme, "email\nana.lima@acme.example\n")
    employee(acme, "Ana Lima")

    with tenancy.scope(acme.pk), pytest.raises(PlanChanged):
        people_file.take_in(file, plan.digest)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"name,team\nx,y\n", "no column with e-mail"),
        (b"email\n\xfc@x.example\n", "not UTF-8"),
        (b"email,E-Mail\n", "two columns say e-mail"),
        (b"", "no column"),
        (b"PK\x03\x04\x00\x00", "no column"),
        (b" " * (16 * 1024 * 1024 + 1), "larger than 16 MB"),
        (b'email\n"' + b"x" * 200_000, "can not be read"),
    ],
)
def test_a_file_that_is_none_is_refused(acme: Organization, content: bytes, why: str) -> None:
    with tenancy.scope(acme.pk):
        with pytest.raises(UnreadableFile, match=why) as told:
            people_file.upload("x.csv", content)
        assert told.value.fix
        assert PeopleFile.objects.count() == 0


def test_what_is_exported_runs_nothing_and_comes_in_again_unchanged(acme: Organization) -> None:
    boss = employee(acme, "Bo Ott", given_name="=HYPERLINK(1)", country="DE", team=team(acme, "Sales"))
    employee(acme, "Ana Lima", manager=boss, external_id="7")
    with tenancy.scope(acme.pk):
        text = "".join(export.export_lines(queries.known_people()))

    first = next(csv.DictReader(io.StringIO(text)))
    assert (first["given name"], first["e-mail"]) == ("Ana", "ana.lima@acme.example")
    assert "'=HYPERLINK(1)" in text
    _, plan = uploaded(acme, text)
    assert (plan.add, plan.change, plan.same, plan.problems) == ((), (), 2, ())


def test_other_companies_see_neither_the_file_nor_the_people(acme: Organization) -> None:
    employee(acme, "Ana Lima", external_id="7")
    file, _ = uploaded(acme, "email\nben@acme.example\n")
    beta = company("beta")
    with tenancy.scope(beta.pk), pytest.raises(NotFound):
        people_file.preview(file)

    _, plan = uploaded(beta, "email,external id,manager\nx@beta.example,7,\ny@beta.example,8,ana.lima@acme.example\n")
    assert (len(plan.add), len(plan.problems)) == (1, 1)


def test_an_upload_is_kept_for_a_day(acme: Organization) -> None:
    uploaded(acme, "email\nana@acme.example\n")
    with tenancy.everywhere():
        PeopleFile.objects.update(uploaded_at=clock.now() - jobs.FILE_KEPT - jobs.FILE_KEPT)

    assert (jobs.files(), jobs.files()) == ({"emptied": 1}, {"emptied": 0})


def test_a_large_file_is_looked_at_and_taken_in_within_seconds(acme: Organization) -> None:
    rows = (
        f"p{n}@acme.example,Ana,Lima {n},{n},Team {n % 40},{4000 + n % 25},{n // 10 or ''},DE\n"
        for n in range(1, MANY + 1)
    )
    text = "email,first name,last name,employee id,team,cost centre,manager,country\n" + "".join(rows)
    began = time.process_time()
    file, plan = uploaded(acme, text)
    with tenancy.scope(acme.pk):
        taken = people_file.take_in(file, plan.digest)
    assert time.process_time() - began < SECONDS

    assert (taken.added, plan.problems) == (MANY, ())
    with tenancy.scope(acme.pk):
        assert queries.counts() == {"expected": 0, "active": MANY, "left": 0}
        assert Employee.objects.filter(manager=None).count() == 9


MANY, SECONDS = 5_000, 4.0
"""Of processor time. A tenth of the file that is promised, with the slack of a busy machine."""
