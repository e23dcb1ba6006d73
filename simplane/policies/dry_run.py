"""What a rule would have done last month. Pure: the caller brings the purchases and the usage of each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from simplane.policies.purchase_rules import BudgetState, budget_cap
from simplane.policies.rule import Rule, Standing, closest
from simplane.policies.rules import judge
from simplane.policies.usage_rules import DataCap, data_cap, evaluate, subject, used
from simplane.policies.values import ALLOWED, LineMonth, LineUsageFacts, PurchaseFacts, Verdict
from simplane.policies.words import data, money


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDay:
    """What one line used on one day. `ends_at`: the end of that day in the company's time zone."""

    line_id: int
    employee_id: int | None
    team_id: int | None
    cost_centre_id: int | None
    day: date
    ends_at: datetime
    used_bytes: int
    country: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A purchase that the rule would not simply have allowed."""

    facts: PurchaseFacts
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Stopped:
    """A line that the rule would have stopped at the end of a day, and what it used after that."""

    line_id: int
    day: date
    words: str
    later_bytes: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """All of it."""

    purchases: int
    refused: tuple[Judged, ...]
    asked: tuple[Judged, ...]
    lines: int
    stopped: tuple[Stopped, ...]

    @property
    def words(self) -> str:
        """In one sentence each."""
        said = []
        if self.purchases:
            amounts: dict[str, int] = defaultdict(int)
            for one in self.refused:
                amounts[one.facts.currency] += one.facts.amount_minor
            worth = " and ".join(money(minor, currency) for currency, minor in sorted(amounts.items()))
            said.append(
                f"Of {self.purchases} purchases it would have refused {len(self.refused)}"
                f"{f' ({worth})' if worth else ''} and asked about {len(self.asked)}."
            )
        if self.lines:
            later = data(sum(one.later_bytes for one in self.stopped))
            said.append(
                f"Of {self.lines} lines it would have stopped {len(self.stopped)}, which used {later} afterwards."
            )
        return " ".join(said)


def of_rule(rule: Rule, purchases: Sequence[PurchaseFacts], days: Sequence[LineDay], zone: str) -> DryRun:
    """One rule by itself, over one calendar month of usage and any purchases. Order does not matter."""
    ordered = sorted(days, key=lambda one: (one.day, one.line_id))
    reached = _reached(rule, ordered)
    found = [Judged(one, _bought(rule, one, reached, zone)) for one in sorted(purchases, key=lambda each: each.at)]
    return _summed(found, {one.line_id for one in days}, tuple(_stopped(rule, ordered)))


def of_budget(budget: BudgetState, purchases: Sequence[PurchaseFacts]) -> DryRun:
    """A budget over one period of its subject's purchases, in the order in which they came; refused ones cost nothing."""
    found, taken = [], budget.taken_minor
    for one in sorted(purchases, key=lambda each: each.at):
        verdict = budget_cap(replace(budget, taken_minor=taken), one)
        taken += one.amount_minor if verdict.outcome == "allow" else 0
        found.append(Judged(one, verdict))
    return _summed(found, set(), ())


def _summed(found: Sequence[Judged], lines: set[int], stopped: tuple[Stopped, ...]) -> DryRun:
    refused = tuple(one for one in found if one.verdict.outcome == "deny")
    asked = tuple(one for one in found if one.verdict.outcome == "needs_approval")
    return DryRun(len(found), refused, asked, len(lines), stopped)


def _bought(rule: Rule, facts: PurchaseFacts, sums: Mapping[tuple[int, date], int], zone: str) -> Verdict:
    where = Standing(facts.line_id, facts.employee_id, facts.team_id, facts.cost_centre_id)
    if not closest([rule], where):
        return ALLOWED
    if not isinstance(rule.params, DataCap):
        return judge([rule], [], {}, facts, zone)
    whose = where.subject(rule.params.per)
    before = [total for (one, day), total in sums.items() if one == whose and day < facts.at.date()]
    return data_cap(rule.params, max(before, default=0), facts)


def _reached(rule: Rule, days: Iterable[LineDay]) -> dict[tuple[int, date], int]:
    """Of a cap: what each subject had used by the end of each day."""
    if not isinstance(rule.params, DataCap):
        return {}
    sums: dict[int, int] = defaultdict(int)
    found = {}
    for one in days:
        whose = subject(rule, _month(one, {}))
        if whose is not None:
            sums[whose] += one.used_bytes
            found[whose, one.day] = sums[whose]
    return found


def _stopped(rule: Rule, days: Sequence[LineDay]) -> Iterable[Stopped]:
    """Day by day, as it would have been seen in the evening."""
    sums: dict[tuple[str, int], int] = defaultdict(int)
    since: dict[int, datetime] = {}
    latest: dict[int, LineDay] = {}
    stopped: dict[int, tuple[date, str]] = {}
    later: dict[int, int] = defaultdict(int)
    for day, rows in _by_day(days):
        for one in rows:
            if one.used_bytes:
                latest[one.line_id] = one
            later[one.line_id] += one.used_bytes if one.line_id in stopped else 0
            for key in _keys(one):
                sums[key] += one.used_bytes
        for line, one in latest.items():
            month = _month(one if one.day == day else replace(one, country=""), sums)
            if line not in stopped and (words := _stop(rule, month, rows[0].ends_at, since)):
                stopped[line] = (day, words)
    return [Stopped(line, day, words, later[line]) for line, (day, words) in stopped.items()]


def _stop(rule: Rule, month: LineMonth, at: datetime, since: dict[int, datetime]) -> str:
    where = Standing(month.line_id, month.employee_id, month.team_id, month.cost_centre_id)
    if not closest([rule], where):
        return ""
    cap = rule.params
    whose = subject(rule, month) if isinstance(cap, DataCap) else None
    if isinstance(cap, DataCap) and whose is not None and used(cap.per, month) >= cap.cap_bytes:
        since.setdefault(whose, at)
    reached = {rule.policy_id: since[whose]} if whose is not None and whose in since else {}
    found = evaluate([rule], LineUsageFacts(month=month, at=at, reached_at=reached))
    return next((one.reason.words for one in found if one.deed == "stop"), "")


def _by_day(days: Sequence[LineDay]) -> Iterable[tuple[date, list[LineDay]]]:
    grouped: dict[date, list[LineDay]] = defaultdict(list)
    for one in days:
        grouped[one.day].append(one)
    return grouped.items()


def _keys(one: LineDay) -> list[tuple[str, int]]:
    whose = [("line", one.line_id), ("employee", one.employee_id), ("team", one.team_id), ("company", 0)]
    return [(level, number) for level, number in whose if number is not None]


def _month(one: LineDay, sums: Mapping[tuple[str, int], int]) -> LineMonth:
    """As of that day; `sums`: what each line, person, team and the company used up to the day that is looked at."""
    known = {level: sums.get((level, number), 0) for level, number in _keys(one)}
    return LineMonth(
        line_id=one.line_id,
        employee_id=one.employee_id,
        team_id=one.team_id,
        cost_centre_id=one.cost_centre_id,
        line_bytes=known["line"],
        employee_bytes=known.get("employee", 0),
        team_bytes=known.get("team", 0),
        company_bytes=known["company"],
        country=one.country,
        last_use_at=one.ends_at,
    )
