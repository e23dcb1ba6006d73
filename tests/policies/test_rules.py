"""Every rule as a table of facts and verdicts, and the laws that hold for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplane.policies import purchase_rules as buying
from simplane.policies import rules
from simplane.policies.errors import BadRule
from simplane.policies.periods import period
from simplane.policies.purchase_rules import BudgetState
from simplane.policies.rule import Rule, Standing, closest
from simplane.policies.usage_rules import DataCap, data_cap, evaluate, threshold
from simplane.policies.values import SEVERITY, LineMonth, LineUsageFacts, PurchaseFacts

GB = 10**9
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FACTS = PurchaseFacts(
    organization_id=1,
    employee_id=7,
    team_id=8,
    cost_centre_id=9,
    line_id=None,
    kind="provision",
    plan_public_id="plan_eu",
    plan_name="Europe 5 GB",
    countries=("DE", "FR"),
    data_bytes=5 * GB,
    amount_minor=1900,
    currency="EUR",
    at=FRIDAY,
)


@pytest.mark.parametrize(
    ("kind", "params", "facts", "outcome", "words"),
    [
        ("countries", {"allowed": ["DE", "FR", "ES"]}, {}, "allow", ""),
        ("countries", {"allowed": ["DE"]}, {}, "deny", "“Europe 5 GB” works in FR, which your rules do not allow."),
        ("countries", {"allowed": ["DE"], "elsewhere": True}, {}, "allow", ""),
        ("countries", {"allowed": ["US"], "elsewhere": True}, {}, "deny", "works in DE, FR"),
        ("countries", {"blocked": ["RU"]}, {}, "allow", ""),
        ("countries", {"blocked": ["RU", "FR"]}, {}, "deny", "works in FR"),
        ("plan_allow_list", {"plans": ["plan_eu"]}, {}, "allow", ""),
        ("plan_allow_list", {"plans": ["plan_us", "plan_jp"]}, {}, "deny", "is not one of the 2 plans"),
        ("max_price", {"amount_minor": 1900, "currency": "EUR"}, {}, "allow", ""),
        ("max_price", {"amount_minor": 1899, "currency": "EUR"}, {}, "deny", "costs €19.00; the most"),
        ("max_price", {"amount_minor": 9999, "currency": "USD"}, {}, "deny", "may cost is $99.99"),
        ("max_price", {"amount_minor": 0, "currency": "USD"}, {"amount_minor": 0}, "allow", ""),
        ("approval_above", {"amount_minor": 1900, "currency": "EUR"}, {}, "allow", ""),
        ("approval_above", {"amount_minor": 1000, "currency": "EUR"}, {}, "needs_approval", "more than €10.00 needs"),
        ("approval_above", {"amount_minor": 9999, "currency": "USD"}, {}, "needs_approval", "costs €19.00"),
        ("working_days", {}, {}, "allow", ""),
        ("working_days", {}, {"at": FRIDAY + timedelta(days=1)}, "needs_approval", "Today is Saturday"),
        ("working_days", {"otherwise": "deny"}, {"at": FRIDAY + timedelta(days=1)}, "deny", "is refused"),
        ("working_days", {}, {"at": FRIDAY.replace(hour=23, minute=30)}, "needs_approval", "Today is Saturday"),
        ("data_cap", {"cap_bytes": 5 * GB, "per": "employee"}, {}, "allow", ""),
        ("data_cap", {"cap_bytes": 3 * GB, "per": "employee", "hard": True}, {}, "deny", "The person used 3 GB"),
        ("data_cap", {"cap_bytes": 3 * GB, "per": "employee", "hard": True}, {"kind": "replace"}, "allow", ""),
        ("data_cap", {"cap_bytes": 3 * GB + 1, "per": "employee", "hard": True}, {}, "allow", ""),
    ],
)
def test_a_purchase_is_judged(
    kind: str, params: dict[str, Any], facts: dict[str, Any], outcome: str, words: str
) -> None:
    rule = made(kind, params)
    said = rules.judge([rule], [], {1: 3 * GB}, replace(FACTS, **facts), "Europe/Berlin")
    assert (said.outcome, words in said.words, bool(said.reasons)) == (outcome, True, outcome != "allow")
    assert rules.written(rule.params) == rules.written(rules.read(kind, rules.written(rule.params)))


@pytest.mark.parametrize(
    ("taken", "most", "outcome", "words"),
    [
        (0, 10000, "allow", ""),
        (8100, 10000, "allow", ""),
        (8101, 10000, "deny", "Budget “Sales” has €18.99 left in 2026-11; “Europe 5 GB” costs €19.00."),
        (9000, 11000, "allow", "within its grace"),
        (9101, 11000, "deny", "has €18.99 left"),
        (99999, None, "allow", "overdrawn and only tells"),
        (20000, 10000, "deny", "has €0.00 left"),
    ],
)
def test_a_budget_is_judged(taken: int, most: int | None, outcome: str, words: str) -> None:
    said = buying.budget_cap(budget(taken, most), FACTS)
    assert (said.outcome, words in said.words) == (outcome, True)


MONTH = LineMonth(
    line_id=5,
    employee_id=7,
    team_id=8,
    line_bytes=6 * GB,
    employee_bytes=6 * GB,
    plan_bytes=10 * GB,
    plan_used_bytes=9 * GB,
    country="FR",
    last_use_at=FRIDAY - timedelta(days=40),
)
HARD = {"cap_bytes": 5 * GB, "hard": True}


@pytest.mark.parametrize(
    ("kind", "params", "facts", "deed", "words"),
    [
        ("data_cap", {"cap_bytes": 5 * GB}, {}, "", ""),
        ("data_cap", HARD, {}, "stop", "This line used 6 GB this month; the cap is 5 GB."),
        ("data_cap", {**HARD, "cap_bytes": 6 * GB + 1}, {}, "", ""),
        ("data_cap", {**HARD, "grace_percent": 20}, {}, "stop", "used 6 GB"),
        ("data_cap", {**HARD, "grace_percent": 21}, {}, "", ""),
        ("data_cap", {**HARD, "grace_bytes": 2 * GB}, {}, "", ""),
        ("data_cap", {**HARD, "grace_hours": 24}, {}, "", ""),
        ("data_cap", {**HARD, "grace_hours": 24}, {"reached_at": {1: FRIDAY - timedelta(hours=23)}}, "", ""),
        ("data_cap", {**HARD, "grace_hours": 24}, {"reached_at": {1: FRIDAY - timedelta(hours=24)}}, "stop", "6 GB"),
        ("data_cap", {**HARD, "grace_hours": 24, "grace_bytes": GB}, {}, "stop", "6 GB"),
        ("data_cap", {**HARD, "per": "employee"}, {}, "stop", "The person used 6 GB"),
        ("data_cap", {**HARD, "per": "company"}, {}, "", ""),
        ("auto_top_up", {"plan": "p"}, {}, "top_up", "1 GB of 10 GB are left; below 10 % more is bought."),
        ("auto_top_up", {"plan": "p", "below_percent": 9}, {}, "", ""),
        ("auto_top_up", {"plan": "p", "most_a_month": 2}, {"top_ups": 2}, "", ""),
        ("countries", {"allowed": ["DE"]}, {}, "tell", "used in FR"),
        ("countries", {"allowed": ["DE"], "on_use": "stop"}, {}, "stop", "used in FR"),
        ("countries", {"blocked": ["US"], "on_use": "stop"}, {}, "", ""),
        ("unused", {"days": 41}, {}, "", ""),
        ("unused", {"days": 40}, {}, "tell", "not used for 40 days; 40 are allowed."),
        ("unused", {"days": 30, "then": "stop"}, {}, "stop", "not used for 40 days"),
        ("max_price", {"amount_minor": 0, "currency": "EUR"}, {}, "", ""),
    ],
)
def test_usage_is_judged(kind: str, params: dict[str, Any], facts: dict[str, Any], deed: str, words: str) -> None:
    found = evaluate([made(kind, params)], LineUsageFacts(month=MONTH, at=FRIDAY, **facts))
    assert [one.deed for one in found] == ([deed] if deed else [])
    assert all(words in one.reason.words and one.policy_id == 1 for one in found)


def test_a_line_that_must_stop_is_not_topped_up_and_one_without_a_person_has_no_persons_cap() -> None:
    both = [made("data_cap", HARD), made("auto_top_up", {"plan": "p"})]
    assert [one.deed for one in evaluate(both, LineUsageFacts(month=MONTH, at=FRIDAY))] == ["stop"]
    nobody = replace(MONTH, employee_id=None)
    assert evaluate([made("data_cap", {**HARD, "per": "employee"})], LineUsageFacts(month=nobody, at=FRIDAY)) == ()


@pytest.mark.parametrize(
    ("kind", "params", "says"),
    [
        ("weather", {}, "there is no rule"),
        ("max_price", {"amount_minor": 5}, "currency"),
        ("max_price", {"amount_minor": "5", "currency": "EUR"}, "Expected `int`"),
        ("max_price", {"amount_minor": -5, "currency": "EUR"}, "negative"),
        ("max_price", {"amount_minor": 5, "currency": "EURO"}, "ISO 4217"),
        ("max_price", {"amount_minor": 5, "currency": "EUR", "x": 1}, "has no x"),
        ("countries", {}, "no country"),
        ("countries", {"allowed": ["Germany"]}, "no such country"),
        ("countries", {"allowed": ["DE"], "blocked": ["DE"]}, "nothing could be bought"),
        ("plan_allow_list", {"plans": []}, "nothing could be bought"),
        ("working_days", {"days": [0]}, "Monday"),
        ("data_cap", {"cap_bytes": 0}, "above 0"),
        ("data_cap", {"cap_bytes": 5, "grace_hours": 9999}, "grace"),
        ("auto_top_up", {"plan": "p", "below_percent": 100}, "1 to 99 percent"),
        ("unused", {"days": 1}, "7 to 730"),
    ],
)
def test_senseless_parameters_are_refused(kind: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRule, match=says):
        rules.read(kind, params)


def test_every_rule_says_what_it_does() -> None:
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("data_cap", {"cap_bytes": 5 * GB}),
        ("data_cap", {**HARD, "grace_percent": 10, "grace_hours": 24}),
        ("countries", {"allowed": ["DE"], "blocked": ["RU"]}),
        ("plan_allow_list", {"plans": ["p"]}),
        ("max_price", {"amount_minor": 5000, "currency": "EUR"}),
        ("approval_above", {"amount_minor": 2000, "currency": "EUR"}),
        ("working_days", {}),
        ("auto_top_up", {"plan": "p"}),
        ("unused", {"days": 60}),
    ]
    said = {rules.read(kind, params).says() for kind, params in kinds}
    assert said >= {
        "Each line may use 5 GB a month; beyond it people are told.",
        "Each line may use 5 GB a month; then lines are suspended, after 500 MB more or 24 hours.",
        "Lines may be used only in DE, never in RU.",
        "A purchase above €20.00 needs approval.",
        "A purchase on another day than Monday, Tuesday, Wednesday, Thursday, Friday needs approval.",
    }
    assert len(said) == 9


def test_the_rule_closest_to_the_line_holds() -> None:
    levels = [("company", 0), ("cost_centre", 9), ("team", 8), ("team", 88), ("employee", 7)]
    caps = [
        Rule(number, "max_price", "", level, subject, None)  # type: ignore[arg-type]
        for number, (level, subject) in enumerate(levels)
    ]
    assert [one.policy_id for one in closest(caps, Standing(5, 7, 8, 9))] == [4]
    assert [one.policy_id for one in closest(caps, Standing(5, 70, 8, 9))] == [2]
    assert [one.policy_id for one in closest(caps, Standing(5))] == [0]


@given(
    used=st.integers(0, 20 * GB),
    more=st.integers(0, 20 * GB),
    cap=st.integers(1, 10 * GB),
    grace=st.integers(0, GB),
    hours=st.integers(0, 48),
    since=st.none() | st.integers(0, 96),
)
def test_more_usage_never_turns_a_no_into_a_yes(
    *, used: int, more: int, cap: int, grace: int, hours: int, since: int | None
) -> None:
    rule = made("data_cap", {"cap_bytes": cap, "hard": True, "grace_bytes": grace, "grace_hours": hours})
    reached = {} if since is None else {1: FRIDAY - timedelta(hours=since)}

    def deeds(amount: int) -> int:
        month = replace(MONTH, line_bytes=amount)
        return len(evaluate([rule], LineUsageFacts(month=month, at=FRIDAY, reached_at=reached)))

    assert deeds(used + more) >= deeds(used)
    assert severity(data_cap(rule.params, used + more, FACTS)) >= severity(data_cap(rule.params, used, FACTS))
    assert threshold(used + more, cap) >= threshold(used, cap)


@given(taken=st.integers(0, 10**6), more=st.integers(0, 10**6), most=st.none() | st.integers(0, 10**6))
def test_more_spend_never_turns_a_no_into_a_yes(taken: int, more: int, most: int | None) -> None:
    assert severity(buying.budget_cap(budget(taken + more, most), FACTS)) >= severity(
        buying.budget_cap(budget(taken, most), FACTS)
    )


@pytest.mark.parametrize(
    ("every", "at", "zone", "since", "until", "label"),
    [
        ("month", "2026-02-28T23:30:00+00:00", "Europe/Berlin", "2026-02-28T23:00", "2026-03-31T22:00", "2026-03"),
        ("month", "2026-03-29T01:30:00+00:00", "Europe/Berlin", "2026-02-28T23:00", "2026-03-31T22:00", "2026-03"),
        ("month", "2024-02-29T12:00:00+00:00", "Asia/Tokyo", "2024-01-31T15:00", "2024-02-29T15:00", "2024-02"),
        ("quarter", "2026-12-31T23:59:59+00:00", "UTC", "2026-10-01T00:00", "2027-01-01T00:00", "2026-Q4"),
        ("year", "2026-12-31T23:59:59+00:00", "Pacific/Auckland", "2026-12-31T11:00", "2027-12-31T11:00", "2027"),
        # Clocks in Asunción jumped from 0:00 to 1:00 on 1 October 2023.
        ("month", "2023-10-15T00:00:00+00:00", "America/Asuncion", "2023-10-01T04:00", "2023-11-01T03:00", "2023-10"),
    ],
)
def test_periods_begin_at_the_midnight_of_the_company(
    *, every: Any, at: str, zone: str, since: str, until: str, label: str
) -> None:
    found = period(every, datetime.fromisoformat(at), zone)
    assert (f"{found.since:%Y-%m-%dT%H:%M}", f"{found.until:%Y-%m-%dT%H:%M}", found.label) == (since, until, label)


@given(
    at=st.integers(946_684_800, 2_114_380_800).map(lambda second: datetime.fromtimestamp(second, UTC)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    every=st.sampled_from(["month", "quarter", "year"]),
)
def test_every_moment_is_in_one_period_and_the_next_begins_where_it_ends(at: datetime, zone: str, every: Any) -> None:
    found = period(every, at, zone)
    assert found.since <= at < found.until
    assert period(every, found.until, zone).since == found.until


def made(kind: str, params: dict[str, Any]) -> Rule:
    read = rules.read(kind, params)
    return Rule(1, kind, rules.variant(read) or ("line" if isinstance(read, DataCap) else ""), "company", 0, read)


def budget(taken: int, most: int | None) -> BudgetState:
    return BudgetState(
        name="Sales", label="2026-11", limit_minor=10000, most_minor=most, taken_minor=taken, currency="EUR"
    )


def severity(verdict: Any) -> int:
    return SEVERITY[verdict.outcome]
