"""A company's pages of rules and money in a real browser: a rule is tried and saved, who is over budget, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from simplane.billing.models import Invoice
from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.organizations import hosts
from simplane.organizations.models import Organization
from simplane.policies import alerting, approvals, budget_acts, budgets, routes, rule_acts
from simplane.policies.alerting import Raised
from simplane.policies.budget_acts import Amounts
from simplane.policies.values import PurchaseFacts, Reason, Verdict
from simplane.usage import savings, strange
from simplane.usage.load import load
from simplane.usage.recommend import Deed, Suggestion
from simplane.usage.spend import record_purchase
from simplane.usage.values import Holder, Purchase
from tests import factories
from tests.billing import desk
from tests.browser.conftest import NewPage
from tests.companies import employee, team
from tests.company.members import member, session_at
from tests.usage.world import metered, record

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GB = 10**9
SETTINGS = [f"/settings/{one}/" for one in ("company", "hr", "groups", "keys", "domains", "branding")]


def test_rules_and_money_of_a_company_on_a_desk_and_on_a_phone(
    visitor: NewPage, site: str, settings: Any, serious: Callable[[Page], list[str]]
) -> None:
    of, pages = furnished(settings)
    session = session_at(member(of, email="mia@company.example"), of)
    page = visitor(width=1280)
    base = site.replace("//localhost", f"//{of.slug}.localhost").replace("//127.0.0.1", f"//{of.slug}.localhost")
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": base}])

    page.goto(f"{base}/rules/new/?kind=data_cap")
    page.get_by_label("Cap a month, in GB").fill("2.5")
    page.get_by_role("button", name="Try on last month").click()
    expect(page.get_by_text("Of 1 lines it would have stopped 0")).to_be_visible()
    expect(page.get_by_label("Cap a month, in GB")).to_have_value("2.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Each line may use 2.5 GB a month")).to_have_count(2)
    page.get_by_role("link", name="Budgets").click()
    page.get_by_role("link", name="Over budget").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("Sales")

    page.goto(f"{base}/alerts/")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-selected]")).to_have_text("2 selected")
    page.keyboard.press("/")
    page.keyboard.type("used in RU")
    page.keyboard.press("Enter")
    page.get_by_text("Save this view…").click()
    page.get_by_label("Name of the view").fill("Russia")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Russia")).to_have_attribute("aria-current", "true")
    expect(page.locator("tbody tr")).to_have_count(1)

    page.goto(f"{base}/usage/")
    expect(page.locator("canvas")).to_have_count(2)
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    for path in [*pages, *SETTINGS, "/alerts/?q=used+in+RU"]:
        page.goto(base + path)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong.append(f"{path} is wider than {width}")
        wrong += [f"{path}: {one}" for one in serious(page)]
    assert wrong == []


def furnished(settings: Any) -> tuple[Organization, list[str]]:
    """A company with one of everything, and the addresses that show it."""
    hosts.forget()
    of, invoice = _invoiced(settings)
    sales = team(of, "Sales", lead=employee(of, "Lea Lead"))
    rule = rule_acts.make(of.pk, "max_price", {"amount_minor": 30_00, "currency": "EUR"}, reason="agreed with finance")
    given = [
        ("Sales travel", "team", sales.pk, 19_00),
        ("Everybody", "company", 0, 24_00),
        ("Field", "company", 0, 90_00),
    ]
    for (name, level, subject, limit), every in zip(given, ("month", "month", "quarter"), strict=True):
        amounts = Amounts(limit_minor=limit, hard=False)
        budget = budget_acts.make(of.pk, name, amounts, currency="EUR", every=every, level=level, subject_id=subject)  # type: ignore[arg-type]
    facts = _facts(of, sales.pk)
    with transaction():
        budgets.take(facts, "op_1")
    with transaction():
        budgets.end("op_1", 1900)
    verdict = Verdict("needs_approval", (Reason("approval_above", "It costs €19.00; above €5.00 needs approval."),))
    with transaction():
        asked = approvals.ask("operation", "op_2", facts, verdict, "user:0 ben.ott@company.example")
    link = approvals.fresh_link(asked.organization_id, asked.pk, member(of, email="fay@company.example").pk)
    told = Raised(
        organization_id=of.pk, kind="countries", severity="critical", dedupe="use:1", level="team",
        subject_id=sales.pk, title="A line is used in RU", text="Your rules do not allow it.",
    )  # fmt: skip
    with transaction():
        alerting.raise_alert(told)
    routes.add(of.pk, "email", "it@company.example")
    with transaction():
        holder = Holder(line_id=1, team_id=sales.pk, plan="Europe 5 GB")
        record_purchase(
            of.pk,
            Purchase(key="op_1", holder=holder, kind="provision", amount_minor=1900, currency="EUR", at=clock.now()),
        )
    _used_and_saved(of, sales.pk)
    assert link is not None
    here = f"/invoices/{invoice.public_id}/"
    return of, [
        "/", "/rules/", "/rules/new/", "/rules/new/?kind=countries", "/rules/settings/",
        f"/rules/{rule.public_id}/?dry_run=1", f"/rules/{rule.public_id}/change/", "/budgets/", "/budgets/new/",
        f"/budgets/{budget.public_id}/", "/approvals/", f"/approvals/{link[2]}/", "/alerts/", "/alerts/routes/",
        "/spend/", "/usage/", "/usage/?period=30&by=country", "/savings/", "/invoices/", here, f"{here}lines/1/", "/audit/",
    ]  # fmt: skip


def _used_and_saved(of: Organization, team_id: int) -> None:
    """Forty days of use with a strange one, and a suggestion."""
    supplier, now = factories.supplier(), clock.now()
    metered(of, supplier, "L1", team_id=team_id)
    used = [record(n, (1 + n % 7) * 200 * 10**6, now - timedelta(days=n), country="ES") for n in range(1, 40)]
    load(supplier.pk, [*used, record(99, 5 * GB, now - timedelta(days=1), country="TR")])
    strange.tell_all()
    words, deed = "Ana: Europe 2 GB holds its largest month (1 GB) with room.", Deed(verb="ask_us", lines=("l",))
    with tenancy.scope(of.pk), transaction():
        savings.keep([Suggestion(kind="pool", words=words, saves_minor=21_00, currency="EUR", deed=deed)])


def _invoiced(settings: Any) -> tuple[Organization, Invoice]:
    with tenancy.everywhere():
        desk.set_day(settings, date(2026, 10, 10))
        of = desk.company(vat_id="DE136695976")
        desk.on_credit(of)
        desk.buys(of, 1900)
        desk.set_day(settings, date(2026, 11, 3))
        return of, desk.locked(of)


def _facts(of: Organization, team_id: int) -> PurchaseFacts:
    return PurchaseFacts(
        organization_id=of.pk, employee_id=None, team_id=team_id, cost_centre_id=None, line_id=None, kind="provision",
        plan_public_id="plan_eu", plan_name="Europe 5 GB", countries=("DE",), data_bytes=5 * GB, amount_minor=1900,
        currency="EUR", at=datetime(2026, 11, 3, 12, tzinfo=UTC) + timedelta(minutes=1),
    )  # fmt: skip
