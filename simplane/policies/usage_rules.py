"""Rules about what is used: pure functions from a line's month to what must be done with it.

More usage never makes a consequence go away: everything compares what was used with a fixed figure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from simplane.policies.errors import BadRule
from simplane.policies.purchase_rules import Countries
from simplane.policies.rule import Rule
from simplane.policies.values import (
    ALLOWED,
    Consequence,
    Deed,
    LineMonth,
    LineUsageFacts,
    PurchaseFacts,
    Reason,
    Verdict,
)
from simplane.policies.words import data

THRESHOLDS = (100, 90, 75)
Per = Literal["line", "employee", "team", "company"]
_WHOSE = {"line": "This line", "employee": "The person", "team": "The team", "company": "The company"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCap:
    """How much may be used in a calendar month. `per`: whose usage is counted together.

    A soft cap tells. A hard one stops the lines: at once, or when the grace is used up, whichever of bytes (or percent)
    and hours comes first.
    """

    cap_bytes: int
    per: Per = "line"
    hard: bool = False
    grace_percent: int = 0
    grace_bytes: int = 0
    grace_hours: int = 0

    def __post_init__(self) -> None:
        if self.cap_bytes <= 0:
            raise BadRule("the cap must be above 0", fix="to allow nothing, end the lines or block the countries")
        if min(self.grace_percent, self.grace_bytes, self.grace_hours) < 0 or self.grace_hours > 31 * 24:
            raise BadRule("a grace is between 0 and a month", fix="write 0 for none")

    def says(self) -> str:
        whose = {"line": "Each line", "employee": "Each person", "team": "The team", "company": "The company"}[self.per]
        start = f"{whose} may use {data(self.cap_bytes)} a month"
        if not self.hard:
            return f"{start}; beyond it people are told."
        graces = [f"{data(self.grace)} more"] if self.grace else []
        graces += [f"{self.grace_hours} hours"] if self.grace_hours else []
        return f"{start}; then lines are suspended{', after ' + ' or '.join(graces) if graces else ''}."

    @property
    def grace(self) -> int:
        """In bytes."""
        return max(self.grace_bytes, self.cap_bytes * self.grace_percent // 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTopUp:
    """Buy this plan (public id) again when so little of the present one is left, so often a month."""

    plan: str
    below_percent: int = 10
    most_a_month: int = 3

    def __post_init__(self) -> None:
        if not self.plan or not 0 < self.below_percent < 100 or not 0 < self.most_a_month <= 31:
            raise BadRule("a plan, 1 to 99 percent and 1 to 31 times a month are needed")

    def says(self) -> str:
        return f"Below {self.below_percent} % more data is bought, at most {self.most_a_month} times a month."


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """What becomes of lines that nobody uses for so many days."""

    days: int
    then: Literal["tell", "stop", "end"] = "tell"

    def __post_init__(self) -> None:
        if not 7 <= self.days <= 730:
            raise BadRule("a line counts as unused after 7 to 730 days")

    def says(self) -> str:
        then = {"tell": "told of", "stop": "suspended", "end": "ended for good"}[self.then]
        return f"A line that was not used for {self.days} days is {then}."


def subject(rule: Rule, month: LineMonth) -> int | None:
    """Whose usage a cap counts for this line: a key of the fleet or workforce, 0 of the company. None: nobody's."""
    return {"line": month.line_id, "employee": month.employee_id, "team": month.team_id, "company": 0}[rule.variant]


def used(per: Per, month: LineMonth) -> int:
    """What a cap of this kind counts."""
    figures = {"employee": month.employee_bytes, "team": month.team_bytes, "company": month.company_bytes}
    return figures.get(per, month.line_bytes)


def threshold(part: int, whole: int) -> int:
    """100, 90 or 75 when that much of the whole is reached, else 0. Of a whole of 0 everything is reached."""
    return next((one for one in THRESHOLDS if part * 100 >= whole * one), 0)


def data_cap(cap: DataCap, taken: int, facts: PurchaseFacts) -> Verdict:
    """Refuses more data for whom a hard cap has stopped, or would: buying more does not raise a cap."""
    if not cap.hard or facts.kind == "replace" or taken < cap.cap_bytes:
        return ALLOWED
    words = f"{_whose(cap, taken)} Raise the cap before buying more."
    return Verdict("deny", (Reason("data_cap", words, {"used": taken, "cap": cap.cap_bytes, "per": cap.per}),))


def auto_suspend(rule: Rule, facts: LineUsageFacts) -> Consequence | None:
    """Stops a line whose hard cap and its grace are used up."""
    cap = rule.params
    assert isinstance(cap, DataCap)
    taken = used(cap.per, facts.month)
    if not cap.hard or subject(rule, facts.month) is None or taken < cap.cap_bytes:
        return None
    since = facts.reached_at.get(rule.policy_id)
    by_bytes = taken >= cap.cap_bytes + cap.grace and bool(cap.grace or not cap.grace_hours)
    by_time = bool(cap.grace_hours and since and since + timedelta(hours=cap.grace_hours) <= facts.at)
    if not by_bytes and not by_time:
        return None
    figures = {"used": taken, "cap": cap.cap_bytes, "grace": cap.grace, "hours": cap.grace_hours, "per": cap.per}
    return Consequence("stop", rule.policy_id, Reason("data_cap", _whose(cap, taken), figures))


def auto_top_up(rule: Rule, facts: LineUsageFacts) -> Consequence | None:
    """Buys more for a line that runs dry."""
    wanted, month = rule.params, facts.month
    assert isinstance(wanted, AutoTopUp)
    if not month.plan_bytes or month.plan_used_bytes is None or facts.top_ups >= wanted.most_a_month:
        return None
    left = max(0, month.plan_bytes - month.plan_used_bytes)
    if left * 100 > month.plan_bytes * wanted.below_percent:
        return None
    words = f"{data(left)} of {data(month.plan_bytes)} are left; below {wanted.below_percent} % more is bought."
    reason = Reason("auto_top_up", words, {"left": left, "number": facts.top_ups + 1})
    return Consequence("top_up", rule.policy_id, reason, wanted.plan)


def roaming(rule: Rule, facts: LineUsageFacts) -> Consequence | None:
    """Tells of, or stops, a line that is used where it may not be."""
    where, country = rule.params, facts.month.country
    assert isinstance(where, Countries)
    if not country or not where.forbids(country):
        return None
    reason = Reason("countries", f"The line is used in {country}, which your rules do not allow.", {"country": country})
    return Consequence(where.on_use, rule.policy_id, reason)


def unused_line(rule: Rule, facts: LineUsageFacts) -> Consequence | None:
    """Tells of, stops or ends a line that nobody uses."""
    limit, month = rule.params, facts.month
    assert isinstance(limit, Unused)
    last = month.last_use_at or month.since
    if last is None or facts.at - last < timedelta(days=limit.days):
        return None
    days = (facts.at - last).days
    words = f"The line was not used for {days} days; {limit.days} are allowed."
    reason = Reason("unused", words, {"days": days, "limit": limit.days})
    deed: Deed = "tell" if limit.then == "tell" else "stop"
    return Consequence(deed, rule.policy_id, reason, ends=limit.then == "end")


JUDGES = {"data_cap": auto_suspend, "auto_top_up": auto_top_up, "countries": roaming, "unused": unused_line}


def evaluate(rules: Iterable[Rule], facts: LineUsageFacts) -> tuple[Consequence, ...]:
    """All that the rules which hold for this line want done. A line that must stop is not topped up."""
    found = [made for rule in rules if (judge := JUDGES.get(rule.kind)) and (made := judge(rule, facts)) is not None]
    if any(one.deed == "stop" for one in found):
        found = [one for one in found if one.deed != "top_up"]
    return tuple(found)


def _whose(cap: DataCap, taken: int) -> str:
    return f"{_WHOSE[cap.per]} used {data(taken)} this month; the cap is {data(cap.cap_bytes)}."
