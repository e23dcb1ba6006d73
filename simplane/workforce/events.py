"""News about the people of companies. Field lists are what the wired jobs get as arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployeeJoined(News):
    """Somebody works for the company from now on: for the first time, from their first day on, or again."""

    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "employee_id")
    organization_id: int
    employee_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployeeMoved(News):
    """Their team or cost centre is another one; None: none. The job looks up what is true when it runs."""

    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "employee_id")
    organization_id: int
    employee_id: int
    team_before: int | None
    team_after: int | None
    cost_centre_before: int | None
    cost_centre_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployeeLeft(News):
    """Somebody works for the company no more; their lines are to be suspended."""

    job_fields: ClassVar[tuple[str, ...]] = ("organization_id", "employee_id")
    organization_id: int
    employee_id: int
