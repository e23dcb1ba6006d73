"""News of companies' lines."""

from __future__ import annotations

from dataclasses import dataclass

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationAsked(News):
    """Somebody (or a rule) wants something done with a line."""

    organization_id: int
    operation: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationEnded(News):
    """It was done, refused, or failed. `state`: of the operation."""

    organization_id: int
    operation: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetLineMoved(News):
    """A line of a company went from one state to another."""

    organization_id: int
    fleet_line_id: int
    before: str
    after: str
