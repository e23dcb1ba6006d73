"""What can be done with people of a company, each in one transaction. Everything here runs inside `tenancy.scope`."""

from __future__ import annotations

from datetime import date
from typing import Unpack

from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.workforce import people
from simplane.workforce.errors import BadPerson
from simplane.workforce.facts import Facts
from simplane.workforce.models import Employee, Team
from simplane.workforce.unique import told_if_taken

HAND = Employee.Source.HAND


def add_employee(*, source: Employee.Source = HAND, **facts: Unpack[Facts]) -> Employee:
    """A new person; without a sign-in name it is their address. Raises BadPerson, ManagerCycle, Taken."""
    with told_if_taken(), transaction():
        return people.enter(source, _named(facts))


def change_employee(public_id: str, *, expected_version: int | None = None, **facts: Unpack[Facts]) -> Employee:
    """Change what is said of a person. Raises NotFound, Changed, BadPerson, ManagerCycle, Taken."""
    with told_if_taken(), transaction():
        one = people.locked(public_id, expected_version)
        people.change(one, facts)
        return one


def leave(public_id: str, *, on: date | None = None) -> Employee:
    """They work here no more: at once, or after the day `on`. Doing it twice is nothing. Raises NotFound."""
    with transaction():
        one = people.locked(public_id)
        if on is not None and on >= people.today():
            people.change(one, {"ends_on": on})
        else:
            people.change(one, {"ends_on": on or people.today()}, working=False)
        return one


def rejoin(public_id: str) -> Employee:
    """They work here again. Raises NotFound, and Taken when somebody else has their address by now."""
    with told_if_taken(), transaction():
        one = people.locked(public_id)
        people.change(one, {"ends_on": None}, working=True)
        return one


def remove(public_id: str, *, expected_version: int | None = None) -> None:
    """As leaving, and from now on hidden: the HR system deleted them, and somebody else may take their names.

    Their row stays, for lines and spend belong to it. Raises NotFound, Changed.
    """
    with transaction():
        one = people.locked(public_id, expected_version)
        people.change(one, {}, working=False)
        one.removed_at, one.version = clock.now(), one.version + 1
        one.manager = None
        one.save(update_fields=["removed_at", "version", "manager"])
        Employee.objects.filter(manager=one).update(manager=None)
        Team.objects.filter(lead=one).update(lead=None)
        one.groups.through.objects.filter(employee=one).delete()
        audit.note("employee.removed", "employee", public_id)


def _named(facts: Facts) -> Facts:
    if not facts.get("email") and not facts.get("user_name"):
        raise BadPerson("email", "there is no e-mail address", fix="give one: the eSIM is sent there")
    return {"user_name": facts.get("email", ""), **facts}
