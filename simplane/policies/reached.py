"""Which caps are reached or nearly: kept once a month and subject, told at 75, 90 and 100 percent, once each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from simplane.core.db import needs_transaction
from simplane.policies.alert_models import Alert
from simplane.policies.alerting import Raised, raise_many, resolve_named
from simplane.policies.models import Policy, Reached
from simplane.policies.periods import Period
from simplane.policies.rule import Rule
from simplane.policies.usage_rules import DataCap, subject, threshold, used
from simplane.policies.values import LineMonth
from simplane.policies.words import data

KEEP = """
INSERT INTO policies_reached AS known (organization_id, policy_id, subject_id, first_day, told, reached_at)
SELECT %(organization)s, policy, subject, %(first)s, told, CASE WHEN told = 100 THEN %(now)s::timestamptz END
  FROM unnest(%(policies)s::bigint[], %(subjects)s::bigint[], %(told)s::smallint[]) AS one (policy, subject, told)
ON CONFLICT (policy_id, subject_id, first_day) DO UPDATE SET told = excluded.told,
  reached_at = coalesce(known.reached_at, excluded.reached_at)
WHERE known.told < excluded.told RETURNING policy_id, subject_id
"""
"""Only what is new comes back."""


@dataclass(frozen=True, slots=True)
class Near:
    """One cap of one subject, near or reached."""

    rule: Rule
    cap: DataCap
    subject_id: int
    taken: int
    told: int


def near(lines: Iterable[LineMonth], held: Mapping[int, Sequence[Rule]]) -> dict[tuple[int, int], Near]:
    """Each cap of which 75 percent or more are used, by policy and subject."""
    found: dict[tuple[int, int], Near] = {}
    for line in lines:
        for rule in held[line.line_id]:
            cap = rule.params
            whose = subject(rule, line) if isinstance(cap, DataCap) else None
            if whose is None or (rule.policy_id, whose) in found:
                continue
            taken = used(cap.per, line)
            if reached := threshold(taken, cap.cap_bytes):
                found[rule.policy_id, whose] = Near(rule, cap, whose, taken, reached)
    return found


def shared(lines: Iterable[LineMonth], held: Mapping[int, Sequence[Rule]]) -> bool:
    """Whether a hard cap is reached that other lines count to as well."""
    return any(one.cap.hard and one.cap.per != "line" and one.told == 100 for one in near(lines, held).values())


@needs_transaction
def keep(
    organization_id: int,
    lines: Sequence[LineMonth],
    held: Mapping[int, Sequence[Rule]],
    this: Period,
    now: datetime,
) -> dict[int, dict[int, datetime]]:
    """Keep what is near, tell what is new. Returns since when caps are reached, by line and policy."""
    found = near(lines, held)
    new = [_alert(organization_id, found[pair], this) for pair in _new(organization_id, found, this, now)]
    raise_many(organization_id, new, again=True)
    rows = Reached.objects.filter(policy__in={one for one, _ in found}, first_day=this.first, reached_at__isnull=False)
    since = {(one.policy_id, one.subject_id): one.reached_at for one in rows}
    made: dict[int, dict[int, datetime]] = {}
    for line in lines:
        caps = [one for one in held[line.line_id] if isinstance(one.params, DataCap)]
        pairs = {one.policy_id: since.get((one.policy_id, subject(one, line) or 0)) for one in caps}
        made[line.line_id] = {policy: at for policy, at in pairs.items() if at is not None}
    return made


@needs_transaction
def _new(
    organization_id: int, found: Mapping[tuple[int, int], Near], this: Period, now: datetime
) -> list[tuple[int, int]]:
    ordered = sorted(found)
    if not ordered:
        return []
    given = {
        "policies": [policy for policy, _ in ordered],
        "subjects": [whose for _, whose in ordered],
        "told": [found[pair].told for pair in ordered],
    }
    with connection.cursor() as cursor:
        cursor.execute(KEEP, {**given, "organization": organization_id, "first": this.first, "now": now})
        return [(policy, whose) for policy, whose in cursor.fetchall()]


@needs_transaction
def start_over(policy: Policy) -> None:
    """The cap is another one now: what was told of it is over, and a grace begins when the new one is reached."""
    Reached.objects.filter(policy=policy).update(told=0, reached_at=None)
    rows = Alert.objects.filter(organization_id=policy.organization_id, dedupe__startswith=f"cap:{policy.pk}:")
    still = rows.exclude(state=Alert.State.RESOLVED).values_list("dedupe", flat=True)
    resolve_named(policy.organization_id, *still)


def _alert(organization_id: int, one: Near, this: Period) -> Raised:
    whose = {"line": "a line", "employee": "a person", "team": "a team", "company": "the company"}[one.cap.per]
    return Raised(
        organization_id=organization_id,
        kind="data_cap",
        severity="critical" if one.told == 100 and one.cap.hard else "warning",
        level=one.cap.per,
        subject_id=one.subject_id,
        dedupe=f"cap:{one.rule.policy_id}:{one.subject_id}:{this.label}",
        title=f"{one.told} % of the data of {whose} is used",
        text=f"{data(one.taken)} of {data(one.cap.cap_bytes)} in {this.label}.",
    )
