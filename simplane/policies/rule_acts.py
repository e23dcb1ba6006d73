"""Rules made, changed and taken back: checked first, each version kept, the lines judged anew afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.db import transaction as savepoint

from simplane.core import audit, clock, context, jobs
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.core.ids import new_id
from simplane.policies import reached
from simplane.policies.errors import BadRule, NeedsConfirmation, Stale, Twice
from simplane.policies.models import Policy, PolicyVersion, Stop
from simplane.policies.on_usage import holding
from simplane.policies.ports import ports
from simplane.policies.reading import USAGE, as_rule, month, reachable, rules_of
from simplane.policies.rules import check_level, read, variant, written
from simplane.policies.subjects import require
from simplane.policies.usage_rules import evaluate
from simplane.policies.values import Level, LineUsageFacts

MANY, PART = 10, 4
"""A rule that would stop so many lines at once, or that part of all of them, must be confirmed."""


def make(
    organization_id: int,
    kind: str,
    params: Mapping[str, Any],
    *,
    level: Level = "company",
    subject_id: int = 0,
    confirm: bool = False,
    reason: str = "",
) -> Policy:
    """A new rule for the company, a team, cost centre, person or line (`subject_id`: its key).

    Raises BadRule, Twice, and NeedsConfirmation when it would stop many lines now and `confirm` is not set.
    """
    asked = read(kind, params)
    check_level(asked, level)
    if (level == "company") != (subject_id == 0):
        raise BadRule("it is not said for whom this is", fix="name the team, cost centre, person or line")
    require(organization_id, level, subject_id)
    now = clock.now()
    policy = Policy(
        organization_id=organization_id,
        public_id=new_id("pol"),
        kind=kind,
        variant=variant(asked),
        level=level,
        subject_id=subject_id,
        params=written(asked),
        created_at=now,
        updated_at=now,
    )
    with transaction(), reachable():
        if not confirm:
            _confirmed(policy)
        try:
            with savepoint.atomic():
                policy.save()
        except IntegrityError:
            raise Twice("there is such a rule for the same people", fix="change that one") from None
        _keep(policy, None, reason)
    return policy


def change(
    organization_id: int,
    public_id: str,
    params: Mapping[str, Any],
    *,
    version: int,
    confirm: bool = False,
    reason: str = "",
) -> Policy:
    """Other parameters from now on. `version`: the one that was looked at. Raises as `make`, NotFound and Stale."""
    with transaction(), reachable():
        policy = _locked(organization_id, public_id, version)
        asked = read(policy.kind, params)
        check_level(asked, policy.level)
        if variant(asked) != policy.variant:
            raise BadRule("what a cap counts can not be changed", fix="take this one back and make another")
        before, policy.params = policy.params, written(asked)
        if not confirm:
            _confirmed(policy)
        _next(policy, {"params": before}, reason)
    return policy


def retire(organization_id: int, public_id: str, *, version: int, reason: str = "") -> Policy:
    """The rule holds no more; what it stopped resumes. Raises NotFound, Stale."""
    with transaction(), reachable():
        policy = _locked(organization_id, public_id, version)
        policy.active = False
        _next(policy, {"active": True}, reason)
    return policy


def would_stop(policy: Policy) -> tuple[int, int]:
    """How many lines this rule would stop now that nothing stops yet, and how many lines there are."""
    if policy.kind not in USAGE:
        return 0, 0
    company, now = policy.organization_id, clock.now()
    lines = list(ports.month_to_date(company, None, month(company, now).since))
    stopped = set(Stop.objects.filter(organization_id=company, resumed_at__isnull=True).values_list("fleet_line_id"))
    mine = as_rule(policy)
    rules = [one for one in rules_of(company, [policy.kind]) if one.policy_id != policy.pk] + [mine]
    count = 0
    for one in lines:
        facts = LineUsageFacts(month=one, at=now)
        held = [rule for rule in holding(rules, one) if rule is mine]
        count += (one.line_id,) not in stopped and any(each.deed == "stop" for each in evaluate(held, facts))
    return count, len(lines)


def _confirmed(policy: Policy) -> None:
    stops, lines = would_stop(policy)
    if stops >= MANY or stops * PART >= lines > 0:
        raise NeedsConfirmation(stops, lines)


@needs_transaction
def _locked(organization_id: int, public_id: str, version: int) -> Policy:
    rows = Policy.objects.select_for_update().filter(organization_id=organization_id, public_id=public_id, active=True)
    found: Policy | None = rows.first()
    if found is None:
        raise NotFound("there is no such rule", fix="look at the list of rules")
    if found.version != version:
        raise Stale(f"this rule is at version {found.version} by now", fix="look at it again, then change it")
    return found


@needs_transaction
def _next(policy: Policy, before: dict[str, Any], reason: str) -> None:
    policy.version += 1
    policy.updated_at = clock.now()
    policy.save()
    reached.start_over(policy)
    _keep(policy, before, reason)


@needs_transaction
def _keep(policy: Policy, before: dict[str, Any] | None, reason: str) -> None:
    """The version, the history, and the lines judged anew."""
    PolicyVersion(
        organization_id=policy.organization_id,
        policy=policy,
        version=policy.version,
        params=policy.params,
        active=policy.active,
        changed_by=context.actor()[:120],
        changed_at=clock.now(),
        reason=reason[:300],
    ).save()
    after = {"kind": policy.kind, "params": policy.params, "active": policy.active, "version": policy.version}
    company = policy.organization_id
    audit.note(
        "policy.changed" if before else "policy.made",
        "policy",
        policy.public_id,
        before=before,
        after=after,
        reason=reason,
        organization_id=company,
    )
    if policy.kind in USAGE:
        jobs.enqueue("policies.on_usage", organization_id=company, line_ids=None)
