"""What the rules of a company are now. Every function works in the company's scope and outside any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from simplane.core import tenancy
from simplane.policies.models import CompanySettings, Policy
from simplane.policies.periods import Period, period
from simplane.policies.rule import Rule
from simplane.policies.rules import read

PURCHASE = ("data_cap", "countries", "plan_allow_list", "max_price", "approval_above", "working_days")
USAGE = ("data_cap", "countries", "auto_top_up", "unused")


@contextmanager
def reachable() -> Iterator[None]:
    """The present scope, or all companies outside one: for verbs that say whose rows they mean themselves."""
    if tenancy.scoped_to() is not None:
        yield
        return
    with tenancy.everywhere():
        yield


def settings_of(organization_id: int) -> CompanySettings:
    """As set, or the defaults."""
    with reachable():
        found: CompanySettings | None = CompanySettings.objects.filter(organization_id=organization_id).first()
    return found or CompanySettings(organization_id=organization_id)


def rules_of(organization_id: int, kinds: Iterable[str]) -> list[Rule]:
    """All active rules of these kinds."""
    with reachable():
        rows = list(Policy.objects.filter(organization_id=organization_id, kind__in=kinds, active=True).order_by("pk"))
    return [as_rule(one) for one in rows]


def as_rule(policy: Policy) -> Rule:
    """A row as rules see it."""
    params = read(policy.kind, policy.params)
    return Rule(policy.pk, policy.kind, policy.variant, policy.level, policy.subject_id, params)  # type: ignore[arg-type]


def month(organization_id: int, at: datetime) -> Period:
    """The calendar month there."""
    return period("month", at, settings_of(organization_id).time_zone)
