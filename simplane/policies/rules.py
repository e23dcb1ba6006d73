"""Every kind of rule by name: its parameters, and the purchase rules put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Protocol, cast

import msgspec

from simplane.policies import purchase_rules as buying
from simplane.policies.errors import BadRule
from simplane.policies.purchase_rules import (
    ApprovalAbove,
    BudgetState,
    Countries,
    MaxPrice,
    PlanAllowList,
    WorkingDays,
)
from simplane.policies.rule import Rule
from simplane.policies.usage_rules import AutoTopUp, DataCap, Unused, data_cap
from simplane.policies.values import SEVERITY, Outcome, PurchaseFacts, Verdict


class Params(Protocol):
    """Parameters of a rule."""

    def says(self) -> str:
        """The rule in a sentence."""


KINDS: Mapping[str, type[Any]] = {
    "data_cap": DataCap,
    "countries": Countries,
    "plan_allow_list": PlanAllowList,
    "max_price": MaxPrice,
    "approval_above": ApprovalAbove,
    "working_days": WorkingDays,
    "auto_top_up": AutoTopUp,
    "unused": Unused,
}
LEVELS: Mapping[str, frozenset[str]] = {
    "line": frozenset({"line"}),
    "employee": frozenset({"employee", "team", "cost_centre", "company"}),
    "team": frozenset({"team", "company"}),
    "company": frozenset({"company"}),
}
"""Of a cap by what it counts: for whom it can be set. A cap per line can be set for anybody."""


def read(kind: str, params: Mapping[str, Any]) -> Params:
    """The parameters as their dataclass. Raises BadRule for an unknown kind, a missing, unknown or senseless value."""
    wanted = KINDS.get(kind)
    if wanted is None:
        raise BadRule(f"there is no rule {kind!r}", fix=f"use one of {', '.join(KINDS)}")
    unknown = sorted(set(params) - set(wanted.__dataclass_fields__))
    if unknown:
        raise BadRule(f"{kind} has no {', '.join(unknown)}", fix=f"it has {', '.join(wanted.__dataclass_fields__)}")
    try:
        return cast(Params, msgspec.convert(dict(params), wanted))
    except msgspec.ValidationError as bad:
        raise BadRule(f"{kind}: {bad}", fix="correct this value") from None


def written(params: Params) -> dict[str, Any]:
    """As the database keeps them."""
    plain: dict[str, Any] = msgspec.to_builtins(asdict(cast(Any, params)))
    return plain


def variant(params: Params) -> str:
    """What tells rules of one kind apart that hold together."""
    return params.per if isinstance(params, DataCap) else ""


def check_level(params: Params, level: str) -> None:
    """Raises BadRule where a cap counts more than it is set for."""
    if isinstance(params, DataCap) and params.per != "line" and level not in LEVELS[params.per]:
        raise BadRule(
            f"a cap per {params.per} can not be set for one {level}", fix="choose what it counts, or for whom"
        )
    if isinstance(params, PlanAllowList | MaxPrice | ApprovalAbove | WorkingDays) and level == "line":
        raise BadRule("a rule about purchases is not for one line", fix="set it for a person, a team or the company")


def judge(
    rules: Iterable[Rule], budgets: Iterable[BudgetState], used: Mapping[int, int], facts: PurchaseFacts, zone: str
) -> Verdict:
    """All purchase rules together. `used`: bytes this month by the policy (id) of a cap. The strictest word holds."""
    said = [_one(rule, used, facts, zone) for rule in rules]
    said += [buying.budget_cap(one, facts) for one in budgets]
    return together(said)


def together(said: Iterable[Verdict]) -> Verdict:
    """The strictest of several verdicts, with the reasons of all that are as strict."""
    found = list(said)
    worst: Outcome = max((one.outcome for one in found), key=SEVERITY.__getitem__, default="allow")
    return Verdict(worst, tuple(reason for one in found if one.outcome == worst for reason in one.reasons))


def _one(rule: Rule, used: Mapping[int, int], facts: PurchaseFacts, zone: str) -> Verdict:
    match rule.params:
        case Countries() as params:
            return buying.countries(params, facts)
        case PlanAllowList() as params:
            return buying.plan_allow_list(params, facts)
        case MaxPrice() as params:
            return buying.max_price(params, facts)
        case ApprovalAbove() as params:
            return buying.approval_above(params, facts)
        case WorkingDays() as params:
            return buying.working_days(params, facts, zone)
        case DataCap() as params:
            return data_cap(params, used.get(rule.policy_id, 0), facts)
    return Verdict("allow")
