"""Pages of invoices, spend and the audit log: what they say, their files, and that other companies' ids are not known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from simplane.billing.actions import draft_month
from simplane.billing.models import Invoice
from simplane.core import audit, clock, tenancy
from simplane.core.context import acting
from simplane.core.db import transaction
from simplane.ledger.actions import open_wallet, set_credit_limit
from simplane.organizations import hosts
from simplane.organizations.models import CompanyRole, Organization
from simplane.policies import alerting, budget_acts
from simplane.policies.alerting import Raised
from simplane.policies.budget_acts import Amounts
from simplane.usage.spend import record_purchase
from simplane.usage.values import Holder, Purchase
from simplane.workforce.models import CostCentre
from tests.billing import desk
from tests.companies import company, employee, team
from tests.company.members import browser_of, member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _october(settings: Any) -> None:
    hosts.forget()
    desk.set_day(settings, date(2026, 10, 10))


def invoiced(settings: Any, minor: int = 1900) -> tuple[Organization, Invoice]:
    """A company with an issued invoice about one eSIM."""
    with tenancy.everywhere():
        of = desk.company(vat_id="DE136695976")
        with transaction():
            set_credit_limit(open_wallet(of, "EUR"), 10_000_00, reason="company")
        desk.set_day(settings, date(2026, 10, 10))
        desk.buys(of, minor)
        desk.set_day(settings, date(2026, 11, 3))
        return of, desk.locked(of)


def test_an_invoice_is_explained_in_two_clicks_and_comes_as_files_and_drafts_are_not_shown(settings: Any) -> None:
    of, issued = invoiced(settings)
    with tenancy.everywhere():
        desk.buys(of, 700)
        desk.set_day(settings, date(2026, 12, 3))
        draft_month(of, desk.NOVEMBER)
    browser = browser_of(member(of, CompanyRole.FINANCE), of)

    with tenancy.everywhere():
        desk.told(of, "DE136695976")
    listed = browser.get("/invoices/")
    assert "confirmed by VIES on 3 Dec 2026, consultation number W1." in listed.content.decode()
    assert [one.pk for one in listed.context["page"].rows] == [issued.pk]
    assert browser.get("/invoices/?month=2026-09").context["page"].rows == []
    page = browser.get(f"/invoices/{issued.public_id}/").content.decode()
    assert (issued.number in page, f"/invoices/{issued.public_id}/lines/1/" in page) == (True, True)
    explained = browser.get(f"/invoices/{issued.public_id}/lines/1/")
    assert [one.minor for one in explained.context["explained"].facts] == [1900]
    assert browser.get(f"/invoices/{issued.public_id}/lines/99/").status_code == 404

    pdf, xml = (browser.get(f"/invoices/{issued.public_id}/{name}/") for name in ("pdf", "xml"))
    assert (pdf.content[:5], pdf["Content-Disposition"]) == (b"%PDF-", f'attachment; filename="{issued.number}.pdf"')
    assert b"CrossIndustryInvoice" in xml.content
    for address in (
        "/invoices/?file=csv",
        f"/invoices/{issued.public_id}/lines/",
        f"/invoices/{issued.public_id}/facts/",
    ):
        assert browser.get(address).content.decode().count(issued.number) == 1

    other = company("beta")
    stranger = browser_of(member(other), other)
    for name in ("", "lines/1/", "pdf/", "xml/", "lines/", "facts/"):
        assert stranger.get(f"/invoices/{issued.public_id}/{name}").status_code == 404
    assert issued.number not in stranger.get("/invoices/?file=csv").content.decode()


def bought(of: Organization, key: str, minor: int, **holder: Any) -> None:
    facts = {"key": key, "kind": "provision", "amount_minor": minor, "currency": "EUR", "at": clock.now()}
    with transaction():
        record_purchase(of.pk, Purchase(holder=Holder(line_id=1, **holder), **facts))  # type: ignore[arg-type]


def test_spend_is_shown_by_month_and_a_manager_sees_the_teams_they_lead() -> None:
    acme = company("acme")
    boss = member(acme, CompanyRole.MANAGER)
    sales = team(acme, "Sales", lead=employee(acme, "Lea Lead", user=boss))
    with tenancy.scope(acme.pk):
        centre = CostCentre.objects.create(public_id="cc_1", code="=4711", name="Travel", created_at=clock.now())
    bought(acme, "op-1", 900, team_id=sales.pk, cost_centre_id=centre.pk)
    bought(acme, "op-2", 500, team_id=team(acme, "Ops").pk, cost_centre_id=centre.pk)
    bought(acme, "op-3", 250)
    owner, manager = browser_of(member(acme), acme), browser_of(boss, acme)

    assert sums(owner, "/spend/") == [("=4711 Travel", 1400), ("none", 250)]
    assert sums(owner, "/spend/?by=team") == [("Sales", 900), ("Ops", 500), ("none", 250)]
    assert sums(manager, "/spend/?by=team") == [("Sales", 900)]
    assert owner.get("/spend/?file=csv").content.decode().splitlines() == [
        "month,for,purchases,amount,currency",
        "2026-10,'=4711 Travel,2,14.00,EUR",
        "2026-10,none,1,2.50,EUR",
    ]
    assert "€16.50" in owner.get("/").content.decode()
    seen = manager.get("/").content.decode()
    assert ("€9.00" in seen, "€16.50" in seen) == (True, False)


def sums(browser: Client, address: str) -> list[tuple[str, int]]:
    (month,) = browser.get(address).context["months"]
    return [(row.name, row.spent.amount_minor) for row in month.rows]


def test_the_audit_log_is_searched_by_words_who_action_and_day_and_comes_as_a_file() -> None:
    acme, beta = company("acme"), company("beta")
    for of, actor, reason in (
        (acme, "user:7 mia@acme.example", "too dear"),
        (acme, "rules", ""),
        (beta, "x", "secret"),
    ):
        with acting(actor), transaction():
            audit.note("line.suspended", "line", "fl_1", after={"state": "off"}, reason=reason, organization_id=of.pk)
    browser = browser_of(member(acme), acme)

    def found(query: str) -> list[str]:
        return [one.actor for one in browser.get(f"/audit/?{query}").context["page"].rows]

    assert found("") == ["rules", "user:7 mia@acme.example"]
    assert found("q=too+dear") == found("actor=mia") == ["user:7 mia@acme.example"]
    assert found("q=off&action=line+suspended&since=2026-10-10&until=2026-10-10") == found("")
    assert found("since=2026-10-11") == found("until=2026-10-09") == []
    assert found("since=nonsense") == found("until=9999-12-31") == found("since=0001-01-01") == found("")
    lines = browser.get("/audit/?actor=mia&file=csv").content.decode().splitlines()
    assert (len(lines), "secret" in "".join(lines), '""state"": ""off""' in lines[1]) == (2, False, True)


def test_the_overview_says_what_needs_somebody_in_few_queries(django_assert_max_num_queries: Any) -> None:
    acme = company("acme")
    for number in range(8):
        budget_acts.make(
            acme.pk, f"B{number}", Amounts(limit_minor=0, hard=True), currency="EUR", level="team",
            subject_id=team(acme, f"Team {number}").pk,
        )  # fmt: skip
        told = Raised(organization_id=acme.pk, kind="line", severity="warning", dedupe=f"a{number}", title=f"A{number}")
        with transaction():
            alerting.raise_alert(told)
    browser = browser_of(member(acme), acme)

    with django_assert_max_num_queries(26):
        page = browser.get("/").content.decode()
    assert (page.count("100 %"), "A7" in page, "A1" in page) == (10, True, False)
    assert "Spent this month" not in browser_of(member(acme, CompanyRole.VIEWER), acme).get("/").content.decode()
