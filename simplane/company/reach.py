"""How far a role reaches: all of the company, or the teams that a manager leads."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from simplane.company.standing import Standing
from simplane.workforce.models import Team

M = TypeVar("M", bound=Model)


def within(company: Standing, rows: QuerySet[M], *, team: str = "team") -> QuerySet[M]:
    """`rows` that this member may see. `team`: the path from a row to its team (inside the company's scope)."""
    if not company.narrow:
        return rows
    return rows.filter(Q(**{f"{team}__in": led_by(company)}))


def led_by(company: Standing) -> QuerySet[Team]:
    """The teams that this person leads."""
    return Team.objects.filter(lead__user=company.user)
