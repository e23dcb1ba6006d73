"""Whom a rule or a budget is for: they must be there, and of this company."""

from __future__ import annotations

from typing import Any

from simplane.core.tenancy import TenantModel
from simplane.policies.errors import BadRule
from simplane.policies.reading import reachable
from simplane.policies.values import Level
from simplane.workforce.models import CostCentre, Employee, Team

_MODELS: dict[str, type[TenantModel]] = {"team": Team, "cost_centre": CostCentre, "employee": Employee}


def require(organization_id: int, level: Level, subject_id: int) -> None:
    """Raises BadRule for a team, cost centre or person that this company does not have. Lines are known above only."""
    model: Any = _MODELS.get(level)
    if model is None or subject_id == 0:
        return
    with reachable():
        if not model.objects.filter(organization_id=organization_id, pk=subject_id).exists():
            raise BadRule(f"there is no such {level.replace('_', ' ')}", fix="choose one from the list")
