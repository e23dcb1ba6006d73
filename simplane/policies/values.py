"""What crosses the border of policies: facts come in, verdicts and consequences with their reasons go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Level = Literal["company", "team", "cost_centre", "employee", "line"]
Outcome = Literal["allow", "needs_approval", "deny"]
PurchaseKind = Literal["provision", "change_plan", "top_up", "replace"]
Deed = Literal["stop", "top_up", "tell"]
SEVERITY: Mapping[Outcome, int] = {"allow": 0, "needs_approval": 1, "deny": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseFacts:
    """All that rules need to know of something that somebody wants to buy."""

    organization_id: int
    employee_id: int | None
    team_id: int | None
    cost_centre_id: int | None
    line_id: int | None
    """The fleet's line; None: it is not there yet."""
    kind: PurchaseKind
    plan_public_id: str
    plan_name: str
    countries: tuple[str, ...]
    """ISO 3166-1 alpha-2, where the plan works."""
    data_bytes: int | None
    """None: unlimited."""
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule decided so: its kind, a sentence for people, and the figures in it."""

    rule: str
    words: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say together. `reasons`: those that decided; of an allowed purchase what people should know."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()

    @property
    def words(self) -> str:
        """All reasons as one text."""
        return " ".join(one.words for one in self.reasons)


ALLOWED = Verdict("allow")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMonth:
    """One line as `usage` knows it in one month: what `ports.month_to_date` returns. Bytes count from the month's start."""

    line_id: int
    """The fleet's."""
    employee_id: int | None = None
    team_id: int | None = None
    cost_centre_id: int | None = None
    line_bytes: int
    employee_bytes: int = 0
    """Of all lines of its person; 0 without one. So for the team and the company."""
    team_bytes: int = 0
    company_bytes: int = 0
    plan_bytes: int | None = None
    """Of the plan it has now; None: unlimited or unknown."""
    plan_used_bytes: int | None = None
    country: str = ""
    """Where it was used last."""
    last_use_at: datetime | None = None
    since: datetime | None = None
    """When it could be used first: installed, or bought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUsageFacts:
    """One line at one moment, and since when a cap of it is reached (by the policy's id; not in it: not yet)."""

    month: LineMonth
    at: datetime
    reached_at: Mapping[int, datetime] = field(default_factory=dict)
    top_ups: int = 0
    """Asked for by a rule this month."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a rule wants done with a line, and why. `policy_id`: of the policy that wants it."""

    deed: Deed
    policy_id: int
    reason: Reason
    plan_public_id: str = ""
    """Of a top-up: what to buy."""
    ends: bool = False
    """Of a stop: the line ends for good instead of a pause."""
