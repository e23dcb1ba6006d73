"""What a rule would have done last month, and that it is what the rule does now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simplane.policies import rules
from simplane.policies.dry_run import LineDay, of_budget, of_rule
from simplane.policies.purchase_rules import BudgetState
from simplane.policies.rule import Rule
from simplane.policies.values import PurchaseFacts
from tests.policies.test_rules import FACTS, GB, budget

OCTOBER = date(2026, 10, 1)


def test_a_cap_tells_when_each_line_would_have_stopped_and_what_it_used_afterwards() -> None:
    days = [day(line, number, GB) for line in (1, 2) for number in range(10 if line == 1 else 3)]
    cap = rule("data_cap", {"cap_bytes": 4 * GB, "hard": True})
    found = of_rule(cap, [], days[::-1], "UTC")
    assert [(one.line_id, one.day, one.later_bytes) for one in found.stopped] == [(1, date(2026, 10, 4), 6 * GB)]
    assert found.words == "Of 2 lines it would have stopped 1, which used 6 GB afterwards."

    shared = rule("data_cap", {"cap_bytes": 4 * GB, "hard": True, "per": "employee"})
    assert [one.day.day for one in of_rule(shared, [], days, "UTC").stopped] == [2, 2]
    patient = rule("data_cap", {"cap_bytes": 4 * GB, "hard": True, "grace_hours": 48})
    assert [one.day.day for one in of_rule(patient, [], days, "UTC").stopped] == [6]
    late = purchase(datetime(2026, 10, 20, tzinfo=UTC), line_id=1, kind="top_up")
    early = purchase(datetime(2026, 10, 3, tzinfo=UTC), line_id=1, kind="top_up")
    assert [one.facts for one in of_rule(cap, [early, late], days, "UTC").refused] == [late]
    others = Rule(1, "data_cap", "line", "team", 99, cap.params)
    nothing = of_rule(others, [late], days, "UTC")
    assert (nothing.stopped, nothing.refused) == ((), ())


def test_rules_of_countries_and_unused_lines_look_at_days() -> None:
    days = [day(1, 0, GB, "DE"), day(1, 1, GB, "RU"), day(1, 2, GB, "RU"), day(2, 0, GB), day(3, 20, GB)]
    abroad = rule("countries", {"blocked": ["RU"], "on_use": "stop"})
    assert [(one.line_id, one.day.day) for one in of_rule(abroad, [], days, "UTC").stopped] == [(1, 2)]
    unused = rule("unused", {"days": 18, "then": "stop"})
    assert [(one.line_id, one.day.day) for one in of_rule(unused, [], days, "UTC").stopped] == [(1, 21), (2, 21)]


def test_purchases_are_judged_as_they_came() -> None:
    bought = [purchase(FACTS.at + timedelta(hours=number), amount_minor=1000 + number) for number in range(3)]
    found = of_rule(rule("max_price", {"amount_minor": 1001, "currency": "EUR"}), bought, [], "UTC")
    assert found.words == "Of 3 purchases it would have refused 1 (€10.02) and asked about 0."
    asking = of_rule(rule("approval_above", {"amount_minor": 1000, "currency": "EUR"}), bought, [], "UTC")
    assert [one.facts.amount_minor for one in asking.asked] == [1001, 1002]


def test_a_budget_bears_purchases_in_the_order_in_which_they_came() -> None:
    bought = [purchase(FACTS.at + timedelta(hours=n), amount_minor=minor) for n, minor in enumerate((6000, 5000, 4000))]
    state: BudgetState = budget(0, 10_000)
    found = of_budget(state, bought[::-1])
    assert [one.facts.amount_minor for one in found.refused] == [5000]
    assert of_budget(budget(0, None), bought).refused == ()


def day(line: int, number: int, used: int, country: str = "DE") -> LineDay:
    first = OCTOBER + timedelta(days=number)
    return LineDay(
        line_id=line,
        employee_id=7,
        team_id=8,
        cost_centre_id=None,
        day=first,
        ends_at=datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(days=1),
        used_bytes=used,
        country=country,
    )


def rule(kind: str, params: dict[str, Any]) -> Rule:
    read = rules.read(kind, params)
    return Rule(1, kind, rules.variant(read), "company", 0, read)


def purchase(at: datetime, **changed: Any) -> PurchaseFacts:
    return replace(FACTS, at=at, **changed)
