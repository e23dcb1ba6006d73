"""The verbs that others use: may this be bought, set the money aside, ask a person.

In the company's scope, or for us outside any. Reservations are named by a key: the public id of what is bought.
"""

from __future__ import annotations

from collections.abc import Sequence

from simplane.core.db import needs_transaction
from simplane.policies import approvals, budgets
from simplane.policies.models import Approval, Reservation, Stop
from simplane.policies.periods import period
from simplane.policies.ports import ports
from simplane.policies.reading import PURCHASE, reachable, rules_of, settings_of
from simplane.policies.rule import Rule, closest
from simplane.policies.rules import judge, together
from simplane.policies.usage_rules import DataCap
from simplane.policies.values import PurchaseFacts, Verdict


def check(facts: PurchaseFacts) -> Verdict:
    """What the rules and budgets say now, with all reasons. Reads only."""
    return together((_rules_say(facts), _budgets_say(facts)))


@needs_transaction
def reserve(facts: PurchaseFacts, key: str, *, approved: bool = False) -> Verdict:
    """Check the rules and set the amount aside; when allowed, the reservation `key` stands. The same key again is the same.

    `approved`: the question about `key` was granted. What rules refuse and budgets can not bear is refused even so, and
    so is an amount above the approved one. Nobody is asked about what budgets refuse anyway. Nothing is reserved unless it
    is allowed. One a transaction.
    """
    said = _rules_say(facts)
    if said.outcome == "needs_approval" and approved:
        said = approvals.covers(facts, key)
    if said.outcome == "needs_approval":
        return together((said, _budgets_say(facts)))
    return said if said.outcome == "deny" else budgets.take(facts, key)


@needs_transaction
def release(key: str) -> bool:
    """Nothing was bought: the budgets have the amount back. False when there is nothing to release (any more)."""
    return budgets.end(key, None)


@needs_transaction
def settle(key: str, amount_minor: int) -> bool:
    """It was bought for so much, which the budgets now count as spent. False when it was settled or released before."""
    return budgets.end(key, amount_minor)


def reserved(key: str) -> int | None:
    """What stands reserved under this key, in minor units; None: nothing."""
    with reachable():
        rows = Reservation.objects.filter(key=key, state=Reservation.State.HELD)
        found: int | None = rows.values_list("amount_minor", flat=True).first()
    return found


@needs_transaction
def ask_approval(kind: str, subject_id: str, facts: PurchaseFacts, verdict: Verdict, asked_by: str) -> Approval:
    """Put a question to those who may answer it. One that is open about the same thing is the same question."""
    return approvals.ask(kind, subject_id, facts, verdict, asked_by)


def _budgets_say(facts: PurchaseFacts) -> Verdict:
    states, wrong = budgets.states(facts)
    return together((judge((), states, {}, facts, ""), wrong))


def stopped(fleet_line_id: int) -> bool:
    """Whether a rule holds this line stopped now."""
    with reachable():
        return bool(Stop.objects.filter(fleet_line_id=fleet_line_id, resumed_at__isnull=True).exists())


def _rules_say(facts: PurchaseFacts) -> Verdict:
    rules = closest(rules_of(facts.organization_id, PURCHASE), budgets.standing(facts))
    zone = settings_of(facts.organization_id).time_zone
    return judge(rules, (), _used(rules, facts, zone), facts, zone)


def _used(rules: Sequence[Rule], facts: PurchaseFacts, zone: str) -> dict[int, int]:
    """What was used this month, by the hard cap that counts it."""
    since = period("month", facts.at, zone).since
    where = budgets.standing(facts)
    found = {}
    for rule in rules:
        if isinstance(rule.params, DataCap) and rule.params.hard:
            subject = where.subject(rule.params.per)
            if subject is not None:
                told = ports.used(facts.organization_id, rule.params.per, [subject], since)
                found[rule.policy_id] = told.get(subject, 0)
    return found
