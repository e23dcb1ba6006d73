"""Budgets: all that a purchase touches bear it or none, never more than they hold, and people are told once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from simplane.core import tenancy
from simplane.core.db import transaction
from simplane.core.models import AuditEntry
from simplane.organizations.models import Organization
from simplane.policies import actions, budget_acts, queries, rule_acts
from simplane.policies.alert_models import Alert
from simplane.policies.budget_acts import Amounts
from simplane.policies.errors import BadRule, KeyReused, Stale, Twice
from simplane.policies.models import BudgetPeriod, CompanySettings, Reservation
from simplane.policies.values import PurchaseFacts, Verdict
from tests.companies import company, employee, team
from tests.policies.conftest import Time, purchase

HARD = Amounts(limit_minor=5000, hard=True)


def test_overlapping_budgets_bear_a_purchase_together_or_not_at_all(acme: Organization, time: Time) -> None:
    sales, lima, ott = team(acme).pk, employee(acme).pk, employee(acme, "Ben Ott").pk
    with tenancy.scope(acme.pk):
        budget_acts.make(acme.pk, "Company", Amounts(limit_minor=100_000, hard=True), currency="EUR", every="year")
        budget_acts.make(acme.pk, "Sales", HARD, currency="EUR", level="team", subject_id=sales, every="quarter")
        budget_acts.make(acme.pk, "Each", Amounts(limit_minor=2500, hard=True), currency="EUR", level="employee")
        budget_acts.make(
            acme.pk, "Ana", Amounts(limit_minor=4000, hard=True), currency="EUR", level="employee", subject_id=lima
        )
    ana = purchase(acme, employee_id=lima, team_id=sales)
    ben = purchase(acme, employee_id=ott, team_id=sales)

    assert actions.check(ana).outcome == "allow"
    assert [reserve(acme, one, key).outcome for one, key in ((ana, "a1"), (ana, "a1"), (ana, "a2"))] == ["allow"] * 3
    assert taken(acme) == {("Company", 0): 3800, ("Sales", sales): 3800, ("Ana", lima): 3800}
    assert "Budget “Ana” has €2.00 left in 2026-11" in reserve(acme, ana, "a3").words
    assert "Budget “Sales” has €12.00 left in 2026-Q4" in reserve(acme, ben, "b1").words
    assert actions.check(ben).outcome == "deny"
    assert taken(acme) == {("Company", 0): 3800, ("Sales", sales): 3800, ("Ana", lima): 3800}

    with tenancy.everywhere(), transaction():
        assert (actions.reserved("a1"), actions.settle("a1", 2000), actions.settle("a1", 2000)) == (1900, True, False)
        assert (actions.release("a2"), actions.release("a2"), actions.release("nothing")) == (True, False, False)
    assert taken(acme) == {("Company", 0): 2000, ("Sales", sales): 2000, ("Ana", lima): 2000}
    assert reserve(acme, ana, "a2").outcome == "allow"
    time.at(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert reserve(acme, purchase(acme, employee_id=lima, team_id=sales), "next month").outcome == "deny"
    time.at(datetime(2027, 1, 1, tzinfo=UTC))
    assert reserve(acme, purchase(acme, employee_id=lima, team_id=sales), "next year").outcome == "allow"


def test_the_month_is_the_companys_own(acme: Organization, time: Time) -> None:
    with tenancy.scope(acme.pk):
        CompanySettings.objects.create(time_zone="Pacific/Auckland")
        budget_acts.make(acme.pk, "Company", HARD, currency="EUR")
    time.at(datetime(2026, 11, 30, 10, 59, tzinfo=UTC))
    reserve(acme, purchase(acme), "november")
    time.at(datetime(2026, 11, 30, 11, 0, tzinfo=UTC))
    reserve(acme, purchase(acme), "december")
    with tenancy.scope(acme.pk):
        assert list(BudgetPeriod.objects.order_by("pk").values_list("label", "reserved_minor")) == [
            ("2026-11", 1900),
            ("2026-12", 1900),
        ]


def test_rules_come_first_and_a_refusal_reserves_nothing(acme: Organization) -> None:
    with tenancy.scope(acme.pk):
        budget_acts.make(acme.pk, "Company", HARD, currency="EUR")
        rule_acts.make(acme.pk, "countries", {"blocked": ["FR"]})
        rule_acts.make(acme.pk, "approval_above", {"amount_minor": 0, "currency": "EUR"})
    said = reserve(acme, purchase(acme), "k")
    assert (said.outcome, [one.rule for one in said.reasons]) == ("deny", ["countries"])
    assert reserve(acme, purchase(acme, countries=("DE",)), "k").outcome == "needs_approval"
    assert reserve(acme, purchase(acme, countries=("DE",), amount_minor=5001), "k").outcome == "deny"
    with tenancy.scope(acme.pk):
        assert (Reservation.objects.count(), BudgetPeriod.objects.count()) == (0, 0)


def test_another_currency_does_not_walk_around_a_hard_budget_and_a_key_is_of_one_amount(acme: Organization) -> None:
    with tenancy.scope(acme.pk):
        budget_acts.make(acme.pk, "Company", HARD, currency="EUR")
    said = reserve(acme, purchase(acme, currency="USD"), "usd")
    assert said.words == "Budget “Company” is in EUR and “Europe 5 GB” costs $19.00: set a budget in USD first."
    assert actions.check(purchase(acme, currency="USD")).outcome == "deny"
    assert reserve(acme, purchase(acme), "one").outcome == "allow"
    with pytest.raises(KeyReused, match="another amount"):
        reserve(acme, purchase(acme, amount_minor=2000), "one")


def test_at_75_90_and_100_percent_people_are_told_once_each(acme: Organization, news: Callable[[], Any]) -> None:
    others = team(company("beta")).pk
    with tenancy.scope(acme.pk):
        made = budget_acts.make(acme.pk, "Company", Amounts(limit_minor=10_000, hard=False), currency="EUR")
        for number in range(11):
            reserve(acme, purchase(acme, amount_minor=1000), f"k{number}")
        alert = Alert.objects.get()
        assert (alert.title, alert.count, alert.severity) == ("100 % of budget “Company” is used", 3, "warning")
        assert alert.text == "€100.00 of €100.00 are spent or reserved in 2026-11."
    told = [one for one in news() if one["name"] == "AlertRaised"]
    assert [(one["alert_id"], one["step"]) for one in told] == [(alert.pk, 1), (alert.pk, 2), (alert.pk, 3)]
    said = reserve(acme, purchase(acme), "soft")
    assert (said.outcome, "overdrawn and only tells" in said.words) == ("allow", True)

    with tenancy.scope(acme.pk):
        budget_acts.change(acme.pk, made.public_id, Amounts(limit_minor=90_000, hard=True), version=1)
        assert Alert.objects.get().state == "resolved"
        with pytest.raises(Stale):
            budget_acts.change(acme.pk, made.public_id, HARD, version=1)
        with pytest.raises(Twice):
            budget_acts.make(acme.pk, "Again", HARD, currency="EUR")
        with pytest.raises(BadRule, match="no such team"):
            budget_acts.make(acme.pk, "Theirs", HARD, currency="EUR", level="team", subject_id=others)
        with pytest.raises(BadRule):
            Amounts(limit_minor=-1, hard=True)
        (row,) = queries.budgets(acme.pk, from_percent=10)
        assert (row.budget.name, row.label, row.percent) == ("Company", "2026-11", 14)
        assert queries.budgets(acme.pk, from_percent=100) == []
        assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
            "budget.made",
            "budget.changed",
        ]


@pytest.mark.django_db(transaction=True)
def test_a_hard_budget_is_never_exceeded_by_real_parallel_connections(time: Time) -> None:
    """100.00 is there, 12 threads ask 36 times for 19.00 of two budgets, in transactions of their own: five get it."""
    acme = company("acme")
    with tenancy.scope(acme.pk):
        budget_acts.make(acme.pk, "Company", Amounts(limit_minor=50_000, hard=True), currency="EUR")
        budget_acts.make(acme.pk, "Sales", Amounts(limit_minor=10_000, hard=True), currency="EUR", level="team")
    facts = purchase(acme, team_id=8)
    ready, said = threading.Barrier(12), list[str]()

    def two(number: int) -> None:
        ready.wait()
        said.extend(reserve(acme, facts, key).outcome for key in (f"k{number}", f"k{number}", f"other{number}"))
        connection.close()

    threads = [threading.Thread(target=two, args=(number,)) for number in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    with tenancy.scope(acme.pk):
        assert Reservation.objects.count() == 5
    assert taken(acme) == {("Company", 0): 9500, ("Sales", 8): 9500}
    assert len(said) == 36


def reserve(of: Organization, facts: PurchaseFacts, key: str) -> Verdict:
    with tenancy.scope(of.pk), transaction():
        return actions.reserve(facts, key)


def taken(of: Organization) -> dict[tuple[str, int], int]:
    with tenancy.scope(of.pk):
        rows = BudgetPeriod.objects.select_related("budget")
        return {(one.budget.name, one.subject_id): one.reserved_minor + one.spent_minor for one in rows}
