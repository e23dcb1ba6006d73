"""Pages of rules, budgets, approvals and alerts: what they say, who may, and that other companies' ids are not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from django.test import Client

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.core.tenancy import TenantModel
from simplane.organizations import hosts
from simplane.organizations.models import CompanyRole, Organization
from simplane.policies import alerting, approvals, budget_acts, routes, rule_acts
from simplane.policies.alert_models import Alert
from simplane.policies.alerting import Raised
from simplane.policies.budget_acts import Amounts
from simplane.policies.models import Approval, Budget, CompanySettings, Policy
from simplane.policies.ports import ports
from simplane.policies.values import LineMonth, PurchaseFacts, Reason, Verdict
from simplane.usage.spend import record_purchase
from simplane.usage.values import Holder, Purchase
from tests.companies import company, employee, team
from tests.company.members import browser_of, member

pytestmark = pytest.mark.django_db
GB = 10**9
M = TypeVar("M", bound=TenantModel)


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    hosts.forget()


@pytest.fixture
def acme() -> Organization:
    return company("acme")


@pytest.fixture
def owner(acme: Organization) -> Client:
    return browser_of(member(acme), acme)


def test_a_rule_is_made_in_gigabytes_changed_tried_on_last_month_and_taken_back(
    acme: Organization, owner: Client
) -> None:
    assert "No rule yet" in text(owner, "/rules/")
    assert "Data cap" in text(owner, "/rules/new/")
    typed = {
        "cap": "5.5",
        "per": "line",
        "hard": "1",
        "grace_percent": "10",
        "grace": "0",
        "grace_hours": "0",
        "whom": "company:",
    }
    made = owner.post("/rules/new/?kind=data_cap", {**typed, "reason": "travel is dear"}, follow=True)
    assert "Each line may use 5.5 GB a month; then lines are suspended, after 550 MB more." in made.content.decode()

    rule = in_scope(acme, Policy)
    change = {**typed, "cap": "7", "version": "1"}
    page = owner.post(f"/rules/{rule.public_id}/change/", change, follow=True).content.decode()
    assert ("Each line may use 7 GB" in page, "travel is dear" in page) == (True, True)
    stale = owner.post(f"/rules/{rule.public_id}/change/", change).content.decode()
    assert "this rule is at version 2 by now" in stale
    assert 'value="7"' in owner.get(f"/rules/{rule.public_id}/change/").content.decode()
    assert "Nothing was bought or used in that month." in text(owner, f"/rules/{rule.public_id}/?dry_run=1")
    owner.post(f"/rules/{rule.public_id}/retire/", {"version": "2"})
    assert "No rule yet" in text(owner, "/rules/")
    assert "taken back" in text(owner, f"/rules/{rule.public_id}/")


def test_a_rule_that_would_stop_many_lines_is_asked_about_first(
    acme: Organization, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [LineMonth(line_id=number, line_bytes=6 * GB) for number in (1, 2, 3)]
    monkeypatch.setattr(ports, "month_to_date", lambda *_: lines)
    typed = {
        "cap": "5",
        "per": "line",
        "hard": "1",
        "grace_percent": "0",
        "grace": "0.25",
        "grace_hours": "0",
        "whom": "company:",
    }
    asked = owner.post("/rules/new/?kind=data_cap", typed)
    assert "This would stop 3 of 3 lines at once" in asked.content.decode()
    confirmed = {**typed, "confirm": asked.context["confirm"]}
    owner.post("/rules/new/?kind=data_cap", {**confirmed, "cap": "4"})
    assert in_scope_count(acme, Policy) == 0
    owner.post("/rules/new/?kind=data_cap", confirmed)
    assert in_scope_count(acme, Policy) == 1


@pytest.mark.parametrize(
    ("kind", "typed", "says"),
    [
        ("max_price", {"amount": "19.90", "currency": "eur"}, "No purchase may cost more than €19.90."),
        ("approval_above", {"amount": "0", "currency": "EUR"}, "A purchase above €0.00 needs approval."),
        ("countries", {"blocked": "ru, by", "on_use": "stop"}, "Lines may be used never in RU, BY."),
        ("working_days", {"days": ["1", "2"], "otherwise": "deny"}, "Monday, Tuesday is refused."),
        ("unused", {"days": "60", "then": "tell"}, "A line that was not used for 60 days is told of."),
    ],
)
def test_every_kind_is_written_in_units_people_use(
    acme: Organization, owner: Client, kind: str, typed: dict[str, object], says: str
) -> None:
    made = owner.post(f"/rules/new/?kind={kind}", {"whom": "company:", **typed}, follow=True)
    assert says in made.content.decode()
    rule = in_scope(acme, Policy)
    shown = owner.get(f"/rules/{rule.public_id}/change/").context["form"].initial
    assert all(str(shown[name]).casefold() for name in typed)


def test_a_rule_is_tried_on_last_months_purchases_before_it_is_saved(acme: Organization, owner: Client) -> None:
    last = clock.now().replace(day=1) - timedelta(days=3)
    holder = Holder(line_id=1, plan="Europe 5 GB")
    bought = Purchase(key="op-1", holder=holder, kind="provision", amount_minor=1900, currency="EUR", at=last)
    with transaction():
        record_purchase(acme.pk, bought)
    typed = {"amount": "10", "currency": "EUR", "whom": "company:", "try": "1"}
    page = owner.post("/rules/new/?kind=max_price", typed).content.decode()
    assert "Of 1 purchases it would have refused 1 (€19.00) and asked about 0." in page
    assert in_scope_count(acme, Policy) == 0


def test_budgets_show_who_is_over_and_managers_see_those_of_their_own_teams(acme: Organization, owner: Client) -> None:
    boss = member(acme, CompanyRole.MANAGER)
    sales = team(acme, "Sales", lead=employee(acme, "Lea Lead", user=boss))
    team(acme, "Ops")
    typed = {"name": "Travel", "every": "month", "limit": "0.00", "currency": "EUR", "hard": "1", "grace": "0"}
    owner.post("/budgets/new/", {**typed, "whom": f"team:{sales.public_id}"})
    owner.post("/budgets/new/", {**typed, "name": "All", "limit": "250", "whom": "company:"})

    page = text(owner, "/budgets/?over=1")
    assert ("Sales" in page, "€250.00" in page, "100 %" in page) == (True, False, True)
    seen = text(browser_of(boss, acme), "/budgets/")
    assert ("Sales" in seen, "Whole company" in seen) == (True, False)

    wide = in_scope(acme, Budget, name="All")
    refused = owner.post(f"/budgets/{wide.public_id}/", {"limit": "10.001", "hard": "1", "grace": "0"})
    assert "more decimals than EUR knows" in refused.content.decode()
    owner.post(f"/budgets/{wide.public_id}/", {"limit": "300", "hard": "", "grace": "0", "version": "1"})
    changed = in_scope(acme, Budget, name="All")
    assert (changed.limit_minor, changed.hard, changed.version) == (300_00, False, 2)
    owner.post(f"/budgets/{wide.public_id}/retire/", {"version": "2"})
    assert "All" not in [one.budget.name for one, _ in owner.get("/budgets/").context["rows"]]


def test_a_question_is_answered_on_the_page_by_another_than_who_asked(acme: Organization) -> None:
    mia, boss = member(acme, email="mia@acme.example"), member(acme, CompanyRole.MANAGER)
    sales = team(acme, "Sales", lead=employee(acme, "Lea Lead", user=boss))
    ours = question(acme, "op_1", f"user:{mia.pk} {mia.email}", team_id=sales.pk)
    others = question(acme, "op_2", "user:0 somebody", team_id=None)

    page = text(browser_of(mia, acme), "/approvals/")
    assert ("You asked this" in page, "Europe 5 GB for Sales" in page) == (True, True)
    own = browser_of(boss, acme)
    assert [row.approval.pk for row in own.get("/approvals/").context["rows"]] == [ours.pk]
    assert own.post(f"/approvals/{others.public_id}/decide/", {"answer": "yes"}).status_code == 404
    own.post(f"/approvals/{ours.public_id}/decide/", {"answer": "yes", "reason": "go"})
    done = in_scope(acme, Approval, pk=ours.pk)
    assert (done.state, done.reason, done.decided_by) == ("granted", "go", f"user:{boss.pk} {boss.email}")


def test_the_link_of_a_mail_decides_only_by_its_button_once_and_at_its_own_company(acme: Organization) -> None:
    mia = member(acme)
    asked = question(acme, "op_1", "user:0 somebody")
    company("beta")
    link = approvals.fresh_link(asked.organization_id, asked.pk, mia.pk)
    assert link is not None
    address, visitor = f"/approvals/{link[2]}/", Client()

    assert visitor.get(address, headers={"host": "beta.localhost"}).status_code == 404
    here = {"host": "acme.localhost"}
    assert "Europe 5 GB for €19.00" in visitor.get(address, headers=here).content.decode()
    assert in_scope(acme, Approval).state == "open"
    assert "Refused" in visitor.post(address, {"answer": "no"}, headers=here).content.decode()
    assert in_scope(acme, Approval).state == "refused"
    again = visitor.post(address, {"answer": "yes"}, headers=here)
    assert (again.status_code, "answered already" in again.content.decode()) == (410, True)


def test_alerts_are_taken_on_and_ended_and_routes_say_where_they_go(acme: Organization, owner: Client) -> None:
    raised(acme)
    alert = in_scope(acme, Alert)
    assert "Line is used in RU" in text(owner, "/alerts/?severity=critical")
    assert "No alert fits" in text(owner, "/alerts/?severity=info")
    owner.post(f"/alerts/{alert.public_id}/acknowledge/")
    assert in_scope(acme, Alert).state == "acknowledged"
    owner.post(f"/alerts/{alert.public_id}/resolve/")
    assert "Nothing needs you" in text(owner, "/alerts/")
    assert "Line is used in RU" in text(owner, "/alerts/?over=1")

    bad = owner.post("/alerts/routes/", {"channel": "email", "target": "nobody", "severity": "info"})
    assert "is no e-mail address" in bad.content.decode()
    owner.post("/alerts/routes/", {"channel": "email", "target": "it@acme.example", "severity": "info"})
    assert "it@acme.example" in text(owner, "/alerts/routes/")


def test_settings_say_where_months_begin_and_who_is_who_in_slack(acme: Organization, owner: Client) -> None:
    typed = {"time_zone": "Europe/Berlin", "approval_hours": "48", "escalate_hours": "8"}
    assert "is no time zone" in owner.post("/rules/settings/", {**typed, "time_zone": "Mars"}).content.decode()
    owner.post("/rules/settings/", {**typed, "slack_signing_secret": "s3cret"})
    owner.post("/rules/settings/", {**typed, "approval_hours": "24"})
    kept = in_scope(acme, CompanySettings)
    assert (kept.time_zone, kept.approval_hours, kept.slack_signing_secret) == ("Europe/Berlin", 24, "s3cret")

    fay = member(acme, CompanyRole.FINANCE)
    owner.post("/rules/settings/slack/", {"user": str(fay.pk), "slack_id": "U012ABCDEF"})
    page = text(owner, "/rules/settings/")
    assert ("U012ABCDEF" in page, "s3cret" in page) == (True, False)
    stranger = member(company("beta"))
    refused = owner.post("/rules/settings/slack/", {"user": str(stranger.pk), "slack_id": "U999999999"}, follow=True)
    assert "this person is no member" in refused.content.decode()


def test_what_belongs_to_another_company_is_not_there(owner: Client) -> None:
    beta = company("beta")
    rule = rule_acts.make(beta.pk, "max_price", {"amount_minor": 100, "currency": "EUR"})
    budget = budget_acts.make(beta.pk, "Beta", Amounts(limit_minor=1, hard=True), currency="EUR")
    asked, alert = question(beta, "op_9", "user:0 x"), raised(beta)
    route = routes.add(beta.pk, "email", "it@beta.example")

    for address in (f"/rules/{rule.public_id}/", f"/rules/{rule.public_id}/change/", f"/budgets/{budget.public_id}/"):
        assert owner.get(address).status_code == 404
    for address in (
        f"/rules/{rule.public_id}/retire/",
        f"/budgets/{budget.public_id}/retire/",
        f"/alerts/routes/{route.public_id}/remove/",
    ):
        assert owner.post(address, {"version": "1"}).status_code == 404
    assert owner.post(f"/approvals/{asked.public_id}/decide/", {"answer": "yes"}).status_code == 404
    assert owner.post(f"/alerts/{alert.public_id}/resolve/").status_code == 404
    for made, untouched in ((rule, "active"), (budget, "active"), (route, "active")):
        assert getattr(in_scope(beta, type(made)), untouched) is True
    assert (in_scope(beta, Approval).state, in_scope(beta, Alert).state) == ("open", "open")


def question(of: Organization, subject: str, asked_by: str, *, team_id: int | None = None) -> Approval:
    facts = PurchaseFacts(
        organization_id=of.pk, employee_id=None, team_id=team_id, cost_centre_id=None, line_id=None, kind="provision",
        plan_public_id="plan_eu", plan_name="Europe 5 GB", countries=("DE",), data_bytes=5 * GB, amount_minor=1900,
        currency="EUR", at=datetime(2026, 11, 20, tzinfo=UTC),
    )  # fmt: skip
    verdict = Verdict("needs_approval", (Reason("approval_above", "It costs more than €5.00."),))
    with transaction():
        return approvals.ask("operation", subject, facts, verdict, asked_by)


def raised(of: Organization) -> Alert:
    told = Raised(
        organization_id=of.pk, kind="countries", severity="critical", dedupe="use:1", title="Line is used in RU"
    )
    with transaction():
        alerting.raise_alert(told)
    return in_scope(of, Alert)


def text(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def in_scope(of: Organization, model: type[M], **wanted: object) -> M:
    with tenancy.scope(of.pk):
        found: M = model.objects.get(**wanted)
    return found


def in_scope_count(of: Organization, model: type[Policy]) -> int:
    with tenancy.scope(of.pk):
        return int(model.objects.count())
