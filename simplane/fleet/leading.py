"""What somebody who leads teams sees of the company: their teams, and what is about them, their people and lines."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from simplane.fleet.models import FleetLine
from simplane.workforce.models import Employee, Team


def teams_led_by(user_id: int) -> QuerySet[Team]:
    """Of the company in whose scope we are."""
    rows: QuerySet[Team] = Team.objects.filter(lead__user_id=user_id)
    return rows


def about(teams: QuerySet[Team]) -> Q:
    """Of rows with `level` and `subject_id`: those about these teams, their people and lines."""
    found = Q(level="team", subject_id__in=teams.values("pk"))
    found |= Q(level="employee", subject_id__in=Employee.objects.filter(team__in=teams).values("pk"))
    return found | Q(level="line", subject_id__in=FleetLine.objects.filter(team__in=teams).values("pk"))
