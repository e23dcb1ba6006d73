"""How far a role reaches: all of the company, or the teams that a manager leads."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from simplane.company.standing import Standing
from simplane.fleet.leading import teams_led_by
from simplane.workforce.models import Team

M = TypeVar("M", bound=Model)


def within(company: Standing, rows: QuerySet[M], *, team: str = "team") -> QuerySet[M]:
    """`rows` that this member may see. `team`: the path from a row to its team (inside the company's scope)."""
    if not company.narrow:
        return rows
    return rows.filter(Q(**{f"{team}__in": led_by(company)}))


def led_by(company: Standing) -> QuerySet[Team]:
    """The teams that this person leads."""
    return teams_led_by(company.user.pk)


def team_choices(company: Standing) -> QuerySet[Team, tuple[str, str]]:
    """Public ids and names of the teams that this member may look at, by name."""
    teams = led_by(company) if company.narrow else Team.objects.all()
    return teams.order_by("name").values_list("public_id", "name")
