"""What rules want done, done: lines stopped and resumed once, more data asked for once, people told once.

What a rule stopped resumes when no rule would stop it any more; what a person stopped is not known here and left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from simplane.core import events
from simplane.core.db import needs_transaction
from simplane.policies.alert_models import Alert
from simplane.policies.alerting import Raised, raise_alert, raise_many, resolve_named
from simplane.policies.events import LineMustEnd, LineMustResume, LineMustStop, TopUpWanted
from simplane.policies.models import RuleTopUp, Stop
from simplane.policies.periods import Period
from simplane.policies.values import Consequence, Deed, LineMonth


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one evaluation did, in lines."""

    looked_at: int = 0
    stopped: int = 0
    resumed: int = 0
    topped_up: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """One evaluation: the lines, and what the rules want done with each."""

    organization_id: int
    now: datetime
    month: Period
    lines: Sequence[LineMonth]
    wanted: Mapping[int, Sequence[Consequence]]

    def each(self, deed: Deed) -> list[tuple[int, Consequence]]:
        """Lines with what is wanted of this sort."""
        return [(line, one) for line, found in self.wanted.items() for one in found if one.deed == deed]


@needs_transaction
def carry_out(judged: Round) -> Outcome:
    """All of it, in the transaction of the evaluation."""
    _tell(judged)
    return Outcome(len(judged.lines), _stop(judged), _resume(judged), _top_up(judged))


@needs_transaction
def _stop(judged: Round) -> int:
    """Lines that no rule had stopped before."""
    stops: dict[int, Consequence] = {}
    for line, one in judged.each("stop"):
        stops.setdefault(line, one)
    already = Stop.objects.filter(fleet_line_id__in=list(stops), resumed_at__isnull=True)
    for line in already.values_list("fleet_line_id", flat=True):
        del stops[line]
    rows = [
        Stop(fleet_line_id=line, policy_id=one.policy_id, words=one.reason.words[:300], stopped_at=judged.now)
        for line, one in stops.items()
    ]
    Stop.objects.bulk_create(rows)
    company = judged.organization_id
    news = [
        (LineMustEnd if one.ends else LineMustStop)(
            organization_id=company, fleet_line_id=line, rule=one.reason.rule, why=one.reason.words
        )
        for line, one in stops.items()
    ]
    events.record(*news)
    _tell_of_stops(company, stops)
    return len(stops)


@needs_transaction
def _tell_of_stops(organization_id: int, stops: Mapping[int, Consequence]) -> None:
    """One alert a policy, however many lines it stops."""
    grouped: dict[int, list[int]] = defaultdict(list)
    for line, one in stops.items():
        grouped[one.policy_id].append(line)
    for policy_id, lines in grouped.items():
        reason = stops[lines[0]].reason
        several = len(lines) > 1
        done = "ended" if stops[lines[0]].ends else "suspended"
        raised = Raised(
            organization_id=organization_id,
            kind=reason.rule,
            severity="critical",
            level="company" if several else "line",
            subject_id=0 if several else lines[0],
            dedupe=f"stop:{policy_id}",
            title=f"{len(lines)} lines are {done} by a rule" if several else f"A line is {done} by a rule",
            text=reason.words,
        )
        raise_alert(raised, again=True)


@needs_transaction
def _resume(judged: Round) -> int:
    """Lines that a rule had stopped and none would any more."""
    free = set(judged.wanted) - {line for line, _ in judged.each("stop")}
    rows = Stop.objects.select_for_update(of=("self",)).select_related("policy").filter(fleet_line_id__in=free)
    stops = list(rows.filter(resumed_at__isnull=True).order_by("pk"))
    Stop.objects.filter(pk__in=[one.pk for one in stops]).update(resumed_at=judged.now)
    why = "no rule stops this line any more"
    news = [
        LineMustResume(
            organization_id=judged.organization_id, fleet_line_id=one.fleet_line_id, rule=one.policy.kind, why=why
        )
        for one in stops
    ]
    events.record(*news)
    policies = {one.policy_id for one in stops}
    still = Stop.objects.filter(policy_id__in=policies, resumed_at__isnull=True).values_list("policy_id", flat=True)
    over = policies - set(still)
    resolve_named(judged.organization_id, *(f"stop:{one}" for one in over))
    return len(stops)


@needs_transaction
def _top_up(judged: Round) -> int:
    plans = {one.line_id: one.plan_bytes or 0 for one in judged.lines}
    wanted = judged.each("top_up")
    for line, one in wanted:
        number = int(one.reason.facts["number"])
        RuleTopUp.objects.create(
            policy_id=one.policy_id,
            fleet_line_id=line,
            first_day=judged.month.first,
            number=number,
            plan_bytes=plans[line],
            asked_at=judged.now,
        )
        asked = TopUpWanted(
            organization_id=judged.organization_id,
            fleet_line_id=line,
            plan_public_id=one.plan_public_id,
            key=f"auto:{line}:{judged.month.label}:{number}",
            why=one.reason.words,
        )
        events.record(asked)
    return len(wanted)


@needs_transaction
def _tell(judged: Round) -> None:
    """What is only told, once while it lasts."""
    wanted = {f"tell:{line}:{one.reason.rule}": (line, one) for line, one in judged.each("tell")}
    told = Alert.objects.filter(dedupe__startswith="tell:", subject_id__in=list(judged.wanted))
    known = set(told.exclude(state=Alert.State.RESOLVED).values_list("dedupe", flat=True))
    resolve_named(judged.organization_id, *(known - set(wanted)))
    raised = [_told(judged, name, *wanted[name]) for name in sorted(set(wanted) - known)]
    raise_many(judged.organization_id, raised)


def _told(judged: Round, name: str, line: int, one: Consequence) -> Raised:
    return Raised(
        organization_id=judged.organization_id,
        kind=one.reason.rule,
        severity="warning",
        level="line",
        subject_id=line,
        dedupe=name,
        title="A line is used where it may not be" if one.reason.rule == "countries" else "A line is not used",
        text=one.reason.words,
    )
