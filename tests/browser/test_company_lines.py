"""Lines of a company in a real browser: five hundred from a file in a few clicks, and one suspended in two."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from simplane.core import clock, tenancy
from simplane.core.ids import new_id
from simplane.fleet import bulk
from simplane.fleet.models import Bulk, FleetLine, Operation
from simplane.organizations import hosts
from simplane.organizations.models import Organization
from simplane.workforce.models import Employee
from tests import factories
from tests.browser.conftest import NewPage
from tests.companies import company, employee
from tests.company.members import member, session_at
from tests.company.plans import line, plan

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MANY = 500


def test_five_hundred_lines_from_a_file_in_three_clicks_and_one_suspended_in_two(visitor: NewPage, site: str) -> None:
    hosts.forget()
    acme = company("acme")
    ana, europe = employee(acme, "Ana Lima"), plan(acme, can_suspend=True)
    text = "e-mail\n" + "".join(f"{address}\n" for address in _people(acme))
    used = line(acme, ana, europe, line_id=factories.line().pk)
    page, base = visitor(width=1280), site.replace("//localhost", "//acme.localhost")
    page.context.add_cookies([{"name": "sessionid", "value": session_at(member(acme), acme), "url": base}])
    clicks: list[str] = []

    def click(what: Locator) -> None:
        clicks.append(what.inner_text())
        what.click()

    page.goto(f"{base}/lines/")
    click(page.get_by_role("link", name="Lines for many"))
    given: FilePayload = {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("CSV file").set_input_files(given)
    click(page.get_by_role("button", name="Preview"))
    click(page.get_by_role("button", name=f"Order {MANY} lines"))
    expect(page.get_by_text("Not yet asked for").first).to_be_visible()
    assert len(clicks) == 3
    with tenancy.scope(acme.pk):
        asked = Bulk.objects.get()
    for _ in range(MANY // bulk.AT_ONCE):
        bulk.run(acme.pk, asked.pk)
    with tenancy.scope(acme.pk):
        assert (Operation.objects.filter(kind="provision").count(), FleetLine.objects.count()) == (MANY, MANY + 1)

    page.goto(f"{base}/lines/{used.public_id}/")
    click(page.get_by_role("link", name="Suspend"))
    click(page.get_by_role("button", name="Suspend"))
    expect(page.get_by_text("suspend", exact=False).first).to_be_visible()
    assert len(clicks) == 5
    with tenancy.scope(acme.pk):
        assert Operation.objects.get(kind="suspend").line_id == used.pk


def _people(of: Organization) -> list[str]:
    """The addresses of people who were just taken in."""
    now = clock.now()
    addresses = [f"person{number}@acme.example" for number in range(MANY)]
    with tenancy.scope(of.pk):
        Employee.objects.bulk_create(
            Employee(
                public_id=new_id("emp"), user_name=one, email=one, given_name="Pat", family_name=one.partition("@")[0],
                source="file", created_at=now, updated_at=now,
            )
            for one in addresses
        )  # fmt: skip
    return addresses
