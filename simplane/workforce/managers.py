"""Who leads whom: never in a circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

from simplane.core import tenancy
from simplane.core.db import needs_transaction
from simplane.workforce.errors import BadPerson, ManagerCycle
from simplane.workforce.models import Employee

UPWARDS = """
WITH RECURSIVE up AS (
  SELECT id, manager_id, ARRAY[id] AS way FROM workforce_employee WHERE id = %s AND organization_id = %s
  UNION ALL
  SELECT e.id, e.manager_id, up.way || e.id FROM up JOIN workforce_employee AS e ON e.id = up.manager_id
   WHERE e.id <> ALL (up.way)
) SELECT id FROM up ORDER BY cardinality(way)
"""
LOCK = "SELECT pg_advisory_xact_lock(hashtext('workforce.managers'), %s)"


@needs_transaction
def lock() -> None:
    """One writer of managers a company at a time: two that are right alone can be a circle together."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [tenancy.organization_id() % 2**31])


@needs_transaction
def check(employee: Employee, manager_id: int | None) -> None:
    """Part of a change of manager. Raises ManagerCycle, and BadPerson for a manager who is not of this company."""
    if manager_id is None:
        return
    lock()
    above = _above(manager_id)
    if not above:
        raise BadPerson("manager", "there is no such manager", fix="choose somebody of the company")
    if employee.pk in above:
        raise ManagerCycle(_names([employee.pk, *above[: above.index(employee.pk) + 1]]))


def _above(employee_id: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(UPWARDS, [employee_id, tenancy.organization_id()])
        return [row[0] for row in cursor.fetchall()]


def _names(ids: Sequence[int]) -> list[str]:
    known = {one.pk: one.name for one in Employee.objects.filter(pk__in=ids)}
    return [known[one] for one in ids]


def circles(managers: Mapping[int, int | None]) -> list[list[int]]:
    """Every circle of a whole company: each once, in the order of the chain. Linear in the number of people."""
    found, done = [], set[int]()
    for start in managers:
        way: dict[int, int] = {}
        at: int | None = start
        while at is not None and at not in done and at not in way:
            way[at] = len(way)
            at = managers.get(at)
        if at is not None and at in way:
            found.append(list(way)[way[at] :])
        done.update(way)
    return found
