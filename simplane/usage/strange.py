"""Telling companies of days on which their lines used far more than they do."""

from __future__ import annotations

from simplane.core import tenancy
from simplane.core.db import transaction
from simplane.policies.alerting import Raised, raise_alert
from simplane.policies.choices import Severity
from simplane.usage import foresight
from simplane.usage.anomalies import Anomaly
from simplane.usage.models import Assignment, Meter
from simplane.workforce.models import Employee

MOST_A_COMPANY = 20
"""The strangest; more than this on one day is one cause, and one list of alerts would hide it."""


def tell_all() -> int:
    """Raise an alert for each line that was strange yesterday. How many; a repeat counts them and tells nobody again."""
    with tenancy.everywhere():
        companies = list(Meter.objects.filter(ended_at=None).values_list("organization_id", flat=True).distinct())
    return sum(_tell(organization_id) for organization_id in companies)


def _tell(organization_id: int) -> int:
    with tenancy.scope(organization_id):
        found = sorted(foresight.strange_days().items(), key=lambda one: -one[1].score)[:MOST_A_COMPANY]
        names = _names([line_id for line_id, _ in found])
        with transaction():
            for line_id, strange in found:
                raise_alert(_alert(organization_id, line_id, strange, names.get(line_id, "")))
    return len(found)


def _alert(organization_id: int, line_id: int, strange: Anomaly, name: str) -> Raised:
    whose = f"The line of {name}" if name else "A line without a person"
    return Raised(
        organization_id=organization_id,
        kind="usage",
        severity=Severity.WARNING,
        level="line",
        subject_id=line_id,
        dedupe=f"unusual:{line_id}:{strange.day}",
        title=f"Unusual use: {name or 'a line'}",
        text=f"{whose} {strange.words}.",
    )


def _names(line_ids: list[int]) -> dict[int, str]:
    held = dict(
        Assignment.objects.filter(line_id__in=line_ids, until=None, employee_id__isnull=False).values_list(
            "line_id", "employee_id"
        )
    )
    people = {one.pk: one.name for one in Employee.objects.filter(pk__in=held.values())}
    return {line_id: people[employee_id] for line_id, employee_id in held.items() if employee_id in people}
