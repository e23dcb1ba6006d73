"""Jobs and timetable of policies."""

from __future__ import annotations

from typing import Any

from simplane.core import clock, jobs, tenancy
from simplane.core.db import transaction
from simplane.core.schedule import scheduled
from simplane.policies import alerting, approvals, care
from simplane.policies import on_usage as usage
from simplane.policies.alert_models import Alert
from simplane.policies.models import Approval


@jobs.job("policies.on_usage", queue="default")
def on_usage(organization_id: int, line_ids: list[int] | None) -> None:
    usage.on_usage(organization_id, line_ids)


@scheduled("policies_due", cron="* * * * *", title="Approvals and companies' alerts that nobody answered")
def policies_due() -> dict[str, Any]:
    """Questions are asked of others or expire; alerts are told once more."""
    now, escalated, expired, told = clock.now(), 0, 0, 0
    with tenancy.everywhere():
        questions = list(Approval.objects.filter(due_at__lte=now).values_list("pk", flat=True)[:500])
        alerts = list(Alert.objects.filter(due_at__lte=now).values_list("pk", flat=True)[:500])
    for pk in questions:
        with transaction():
            said = approvals.due(pk)
        escalated, expired = escalated + (said == "escalated"), expired + (said == "expired")
    for pk in alerts:
        with transaction():
            told += alerting.escalate(pk, now)
    return {"escalated": escalated, "expired": expired, "alerts": told}


@scheduled("policies_month", cron="*/10 * * * *", title="Lines that rules stopped last month, and caps of it")
def policies_month() -> dict[str, Any]:
    """A new month begins in each company's own time zone."""
    turned = care.stopped_before_this_month()
    with transaction():
        jobs.enqueue_many("policies.on_usage", [{"organization_id": one, "line_ids": None} for one in turned])
        resolved = care.resolve_last_periods()
    return {"companies": len(turned), "resolved": resolved}


@scheduled("policies_unused", cron="11 5 * * *", title="Lines that nobody uses")
def policies_unused() -> dict[str, Any]:
    with transaction():
        found = care.companies_with("unused")
        jobs.enqueue_many("policies.on_usage", [{"organization_id": one, "line_ids": None} for one in found])
    return {"companies": len(found)}
