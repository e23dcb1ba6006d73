"""From usage to what must be done: set-based for many lines, repeatable, and nothing is done twice.

One query for the rules, one (of `usage`) for the months of the lines, one statement that keeps which caps were reached,
one that writes the stops. Of one company one evaluation runs at a time, and reads when it is its turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Max

from simplane.core import clock, jobs, tenancy
from simplane.core.db import needs_transaction, transaction
from simplane.policies import consequences, reached
from simplane.policies.consequences import Outcome, Round
from simplane.policies.models import RuleTopUp, Stop
from simplane.policies.periods import Period
from simplane.policies.ports import ports
from simplane.policies.reading import USAGE, month, rules_of
from simplane.policies.rule import Rule, Standing, closest
from simplane.policies.usage_rules import DataCap, evaluate
from simplane.policies.values import Consequence, LineMonth, LineUsageFacts

TOP_UP_PATIENCE = timedelta(hours=6)
"""So long a top-up that was asked for may take before the next one is asked for."""


def on_usage(organization_id: int, line_ids: Sequence[int] | None) -> Outcome:
    """Judge these lines of the company, or all (None). With a line those that share a reached hard cap are judged."""
    with tenancy.scope(organization_id), transaction():
        _my_turn(organization_id)
        rules, now = rules_of(organization_id, USAGE), clock.now()
        if not rules and not Stop.objects.filter(resumed_at__isnull=True).exists():
            return Outcome()
        this = month(organization_id, now)
        lines, held = _read(organization_id, line_ids, rules, this)
        if line_ids is not None and reached.shared(lines, held):
            lines, held = _read(organization_id, None, rules, this)
        since = reached.keep(organization_id, lines, held, this, now)
        _look_again(organization_id, lines, held, since, now)
        judged = _judged(lines, held, since, this, now)
        return consequences.carry_out(Round(organization_id, now, this, lines, judged))


@needs_transaction
def _my_turn(organization_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('policies', %s))", [organization_id])


Held = Mapping[int, list[Rule]]


def _read(
    organization_id: int, line_ids: Sequence[int] | None, rules: Sequence[Rule], this: Period
) -> tuple[list[LineMonth], Held]:
    lines = list(ports.month_to_date(organization_id, line_ids, this.since))
    return lines, {one.line_id: holding(rules, one) for one in lines}


def holding(rules: Sequence[Rule], line: LineMonth) -> list[Rule]:
    """The rules that hold for a line."""
    return closest(rules, Standing(line.line_id, line.employee_id, line.team_id, line.cost_centre_id))


def _judged(
    lines: Sequence[LineMonth], held: Held, since: Mapping[int, Mapping[int, datetime]], this: Period, now: datetime
) -> dict[int, tuple[Consequence, ...]]:
    rows = RuleTopUp.objects.filter(fleet_line_id__in=[one.line_id for one in lines], first_day=this.first)
    figures = rows.values_list("fleet_line_id").annotate(number=Count("pk"), most=Max("plan_bytes"), at=Max("asked_at"))
    bought = {line: (number, most, at) for line, number, most, at in figures}
    made = {}
    for one in lines:
        number, bytes_then, asked_at = bought.get(one.line_id, (0, 0, now))
        facts = LineUsageFacts(month=one, at=now, reached_at=since.get(one.line_id, {}), top_ups=number)
        found = evaluate(held[one.line_id], facts)
        if number and (one.plan_bytes or 0) <= bytes_then and now < asked_at + TOP_UP_PATIENCE:
            found = tuple(each for each in found if each.deed != "top_up")
        made[one.line_id] = found
    return made


@needs_transaction
def _look_again(
    organization_id: int,
    lines: Sequence[LineMonth],
    held: Held,
    since: Mapping[int, Mapping[int, datetime]],
    now: datetime,
) -> None:
    """A grace of hours ends without any usage: the lines are judged again then."""
    ends: dict[datetime, list[int]] = defaultdict(list)
    for one in lines:
        for rule in held[one.line_id]:
            cap, at = rule.params, since.get(one.line_id, {}).get(rule.policy_id)
            if isinstance(cap, DataCap) and cap.hard and cap.grace_hours and at is not None:
                ends[at + timedelta(hours=cap.grace_hours)].append(one.line_id)
    for end, ids in ends.items():
        if end > now:
            key = f"policies-grace:{organization_id}:{end:%Y%m%d%H%M%S%f}:{min(ids)}:{len(ids)}"
            jobs.enqueue("policies.on_usage", at=end, once_key=key, organization_id=organization_id, line_ids=ids)
