"""For whom rules, budgets and alerts are: the names of teams, cost centres, people and lines, and which of them a member sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from simplane.company.reach import led_by
from simplane.company.standing import Standing
from simplane.core.tenancy import TenantModel
from simplane.fleet.leading import about
from simplane.fleet.models import FleetLine
from simplane.workforce.models import CostCentre, Employee, Team

M = TypeVar("M", bound=Model)
Key = tuple[str, int]
"""A level and the key of its row; 0: all of that level."""
_ALL = {"company": "Whole company", "team": "Each team", "cost_centre": "Each cost centre", "employee": "Each person"}
_MODELS: dict[str, type[TenantModel]] = {
    "team": Team,
    "cost_centre": CostCentre,
    "employee": Employee,
    "line": FleetLine,
}
COMPANY_WIDE = Q(level__in=["company", "cost_centre"])


@dataclass(frozen=True, slots=True)
class Whom:
    """A level and its row, with the name that people know."""

    level: str
    name: str
    public_id: str = ""


def named(keys: Iterable[Key]) -> dict[Key, Whom]:
    """Each with its name: one query a level."""
    wanted = set(keys)
    found = {(level, 0): Whom(level, name) for level, name in _ALL.items()}
    for level, model in _MODELS.items():
        ids = {number for one, number in wanted if one == level and number}
        for row in _rows(level, model).filter(pk__in=ids) if ids else ():
            found[level, row.pk] = Whom(level, _name(row), row.public_id)
    return {key: found.get(key) or Whom(key[0], f"{key[0].replace('_', ' ')} that is gone") for key in wanted}


def concerning(company: Standing, rows: QuerySet[M], *, wide: bool = False) -> QuerySet[M]:
    """Of rows with `level` and `subject_id`: those about a manager's own teams, their people and lines.

    `wide`: also those that hold for the whole company or a cost centre.
    """
    if not company.narrow:
        return rows
    mine = about(led_by(company))
    return rows.filter(mine | COMPANY_WIDE if wide else mine)


def mine(company: Standing) -> set[Key] | None:
    """The teams a manager leads and their people; None: all of the company."""
    if not company.narrow:
        return None
    led = set(led_by(company).values_list("pk", flat=True))
    people = Employee.objects.filter(team__in=led).values_list("pk", flat=True)
    return {("team", one) for one in led} | {("employee", one) for one in people}


def _rows(level: str, model: type[TenantModel]) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.all()
    return rows.select_related("employee") if level == "line" else rows


def _name(row: Any) -> str:
    if isinstance(row, CostCentre):
        return f"{row.code} {row.name}".strip()
    if isinstance(row, FleetLine):
        return row.employee.name if row.employee else row.label or row.iccid or row.public_id
    return str(row.name)
