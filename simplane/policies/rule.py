"""A policy as rules see it, and which of several holds: the one closest to the line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from simplane.policies.values import Level

NEAREST: tuple[Level, ...] = ("line", "employee", "team", "cost_centre", "company")


@dataclass(frozen=True, slots=True)
class Rule:
    """`params`: the dataclass of its kind (`rules.KINDS`). `variant`: of a cap, whose usage it counts."""

    policy_id: int
    kind: str
    variant: str
    level: Level
    subject_id: int
    params: Any


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a line or a purchase belongs."""

    line_id: int | None = None
    employee_id: int | None = None
    team_id: int | None = None
    cost_centre_id: int | None = None

    def subject(self, level: Level) -> int | None:
        """Its id on this level; 0 of the company."""
        return {
            "line": self.line_id,
            "employee": self.employee_id,
            "team": self.team_id,
            "cost_centre": self.cost_centre_id,
            "company": 0,
        }[level]


def closest(rules: Iterable[Rule], where: Standing) -> list[Rule]:
    """Of each kind and variant the rule that holds there: a line's before its person's before the team's and so on."""
    held: dict[tuple[str, str], Rule] = {}
    for one in rules:
        if where.subject(one.level) != one.subject_id:
            continue
        known = held.get((one.kind, one.variant))
        if known is None or NEAREST.index(one.level) < NEAREST.index(known.level):
            held[one.kind, one.variant] = one
    return list(held.values())
