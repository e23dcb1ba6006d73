"""Lists of a company's pages: views that a member keeps, alerts done many at once, files, and what empty ones say."""

from __future__ import annotations

import pytest
from django.test import Client

from simplane.core import tenancy
from simplane.core.db import transaction
from simplane.organizations.models import CompanyRole, Organization
from simplane.policies import alerting, budget_acts
from simplane.policies.alert_models import Alert
from simplane.policies.alerting import Raised
from simplane.policies.budget_acts import Amounts
from simplane.workforce.models import SavedView
from simplane.workforce.saved_views import MOST
from tests.companies import company, employee, team
from tests.company.members import browser_of, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(acme: Organization) -> Client:
    return browser_of(member(acme), acme)


def views(acme: Organization) -> list[tuple[str, str, str]]:
    with tenancy.scope(acme.pk):
        return list(SavedView.objects.order_by("pk").values_list("list", "name", "query"))


def test_a_member_keeps_filters_under_a_name_for_themselves(acme: Organization, owner: Client) -> None:
    employee(acme, "Ana Lima")
    kept = {"list": "people", "name": "Who left", "query": "state=left&q=&after=abc"}

    assert owner.post("/views/save/", kept).headers["Location"] == "/people/?state=left"
    assert views(acme) == [("people", "Who left", "state=left")]
    page = owner.get("/people/?q=&state=left").content.decode()
    assert ('aria-current="true">Who left' in page, "Save this view" in page) == (True, False)
    page = owner.get("/people/?q=ana").content.decode()
    assert ("?state=left" in page, "Save this view" in page, "Remove this view" in page) == (True, True, False)
    owner.post("/views/save/", {**kept, "name": "who LEFT", "query": "state=left&team=x"})
    assert views(acme) == [("people", "who LEFT", "state=left&team=x")]

    colleague = browser_of(member(acme, CompanyRole.VIEWER), acme)
    assert "who LEFT" not in colleague.get("/people/").content.decode()
    with tenancy.scope(acme.pk):
        own = SavedView.objects.get()
    beta = company("beta")
    for other in (colleague, browser_of(member(beta), beta)):
        assert other.post(f"/views/{own.public_id}/remove/").status_code == 404
    assert len(views(acme)) == 1
    assert owner.post(f"/views/{own.public_id}/remove/").headers["Location"] == "/people/"
    assert views(acme) == []


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"name": "x" * 41}, {"query": "q=&after=1"}, {"query": "q=" + "x" * 500}]
)
def test_what_is_no_view_is_refused_and_nothing_is_kept(
    acme: Organization, owner: Client, wrong: dict[str, str]
) -> None:
    kept = {"list": "lines", "name": "Paused", "query": "state=suspended"}
    assert "Refused:" in owner.post("/views/save/", kept | wrong, follow=True).content.decode()
    assert views(acme) == []


def test_views_are_of_lists_that_the_member_may_see_and_not_too_many(acme: Organization, owner: Client) -> None:
    kept = {"list": "audit", "name": "Mine", "query": "actor=mia"}
    assert browser_of(member(acme, CompanyRole.MANAGER), acme).post("/views/save/", kept).status_code == 404
    assert owner.post("/views/save/", kept | {"list": "nothing"}).status_code == 404
    for number in range(MOST + 1):
        owner.post("/views/save/", kept | {"name": f"V{number}"})
    assert len(views(acme)) == MOST


def raised(of: Organization, name: str, **fields: str | int) -> None:
    given = {"kind": "line", "severity": "warning", "dedupe": name, "title": name, **fields}
    with transaction():
        alerting.raise_alert(Raised(organization_id=of.pk, **given))  # type: ignore[arg-type]


def test_alerts_are_searched_done_many_at_once_and_come_as_a_file(acme: Organization, owner: Client) -> None:
    boss = member(acme, CompanyRole.MANAGER)
    sales = team(acme, "Sales", lead=employee(acme, "Lea Lead", user=boss))
    raised(acme, "Used in Russia", kind="countries", severity="critical", level="team", subject_id=sales.pk)
    raised(acme, "=Unused line")
    raised(acme, "No usage comes")

    def titles(browser: Client, query: str = "") -> list[str]:
        return [one.title for one in browser.get(f"/alerts/?{query}").context["page"].rows]

    assert titles(owner, "q=russ") == titles(owner, "kind=countries") == titles(owner, "severity=critical")
    assert titles(owner, "q=russ") == ["Used in Russia"]
    file = owner.get("/alerts/?severity=warning&file=csv").content.decode().splitlines()
    assert [one.split(",", 3)[3] for one in file[1:]] == [
        "warning,line,Whole company,No usage comes,,Open,", "warning,line,Whole company,'=Unused line,,Open,",
    ]  # fmt: skip

    with tenancy.scope(acme.pk):
        ids = list(Alert.objects.values_list("public_id", flat=True))
    manager = browser_of(boss, acme)
    manager.post("/alerts/many/", {"deed": "resolve", "alert": ids})
    assert titles(owner) == ["No usage comes", "=Unused line"]
    assert titles(owner, "over=1") == ["Used in Russia"]
    owner.post("/alerts/many/", {"deed": "acknowledge", "alert": ids})
    with tenancy.scope(acme.pk):
        assert list(Alert.objects.order_by("pk").values_list("state", flat=True)) == [
            "resolved", "acknowledged", "acknowledged",
        ]  # fmt: skip
    assert owner.post("/alerts/many/", {"deed": "forget", "alert": ids}).status_code == 404


def test_teams_cost_centres_and_budgets_are_searched_by_words(acme: Organization, owner: Client) -> None:
    for name in ("Field sales", "Sales desk", "Ops"):
        budget_acts.make(
            acme.pk, f"{name} budget", Amounts(limit_minor=100, hard=True), currency="EUR", level="team",
            subject_id=team(acme, name).pk,
        )  # fmt: skip
        owner.post("/cost-centres/add/", {"code": name[:5], "name": name})

    assert [one.name for one in owner.get("/teams/?q=SALES").context["page"].rows] == ["Field sales", "Sales desk"]
    assert [one.code for one in owner.get("/cost-centres/?q=desk+sales").context["page"].rows] == ["Sales"]
    assert [whom.name for _, whom in owner.get("/budgets/?q=ops").context["rows"]] == ["Ops"]
    assert "No team fits" in owner.get("/teams/?q=nobody").content.decode()


def test_an_empty_list_says_what_to_do(owner: Client) -> None:
    for path, words in (
        ("/people/", "connect your HR system"),
        ("/lines/", "lines for many"),
        ("/lines/?q=x", "look at all"),
        ("/alerts/", "where you want it"),
        ("/alerts/?q=x", "Look at all"),
        ("/spend/", "stands here at once"),
        ("/invoices/?number=1", "Look at all"),
        ("/settings/groups/", "push groups"),
    ):
        assert words in owner.get(path).content.decode(), path
