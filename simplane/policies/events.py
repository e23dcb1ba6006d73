"""News of policies. Lines are the fleet's; it and others above react (config/wiring.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked(News):
    """Somebody must decide; also when it is asked again, of others (escalated)."""

    organization_id: int
    approval_id: int
    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "approval_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGranted(News):
    """What was asked may be done, up to the amount that was asked."""

    organization_id: int
    kind: str
    subject_id: str
    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "kind", "subject_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRefused(News):
    """What was asked is not done: somebody said no, or nobody answered in time."""

    organization_id: int
    kind: str
    subject_id: str
    why: str
    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "kind", "subject_id", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMustStop(News):
    """A rule wants a line suspended: told once a stop. `why`: for people."""

    organization_id: int
    fleet_line_id: int
    rule: str
    why: str
    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "fleet_line_id", "rule", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMustEnd(News):
    """A rule wants a line ended for good: told once. `why`: for people."""

    organization_id: int
    fleet_line_id: int
    rule: str
    why: str
    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "fleet_line_id", "rule", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMustResume(News):
    """What a rule had stopped may go on. What a person stopped is never told here."""

    organization_id: int
    fleet_line_id: int
    rule: str
    why: str
    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "fleet_line_id", "rule", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpWanted(News):
    """A line runs dry and a rule buys more. `key`: names this top-up, for idempotency."""

    organization_id: int
    fleet_line_id: int
    plan_public_id: str
    key: str
    why: str
    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "fleet_line_id", "plan_public_id", "key", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised(News):
    """A company must be told something. `step`: 1 at first, then when it became worse or was escalated."""

    organization_id: int
    alert_id: int
    step: int
    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "alert_id", "step")
