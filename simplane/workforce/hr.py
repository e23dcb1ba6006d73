"""What an HR system says about a person, brought into our columns: teams, cost centres and managers come by name."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Lower

from simplane.core.db import needs_transaction, transaction
from simplane.workforce import people
from simplane.workforce.errors import ManagerCycle
from simplane.workforce.facts import Facts
from simplane.workforce.models import Employee, GroupMember
from simplane.workforce.places import cost_centre_named, team_named
from simplane.workforce.unique import told_if_taken

SCIM = Employee.Source.SCIM


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One person as the HR system says. None: nothing was said about that; an empty text: there is none."""

    facts: Facts
    working: bool | None = None
    team: str | None = None
    """By name; made when there is none of it. A group that stands for a team counts more."""
    cost_centre: str | None = None
    """By code; made when there is none of it."""
    manager: str | None = None
    """By our id, sign-in name, address or HR number; who is not known yet leads them from the day they come."""


def take_in(said: Said) -> Employee:
    """A new person. Raises BadPerson, ManagerCycle, Taken, BadInput."""
    with told_if_taken(), transaction():
        one = people.enter(SCIM, _facts(said, None), working=said.working is not False)
        _lead_who_waits(one)
        return one


def bring_up_to_date(public_id: str, said: Said, *, expected_version: int) -> Employee:
    """Change a person. Raises NotFound, Changed, BadPerson, ManagerCycle, Taken, BadInput."""
    with told_if_taken(), transaction():
        one = people.locked(public_id, expected_version)
        people.change(one, _facts(said, one), working=said.working, source=SCIM)
        return one


@needs_transaction
def _facts(said: Said, one: Employee | None) -> Facts:
    facts: Facts = {**said.facts}
    if said.team is not None and not (one is not None and _in_team_by_group(one)):
        facts["team_id"] = team_named(said.team).pk if said.team else None
    if said.cost_centre is not None:
        facts["cost_centre_id"] = cost_centre_named(said.cost_centre).pk if said.cost_centre else None
    if said.manager is not None:
        facts["manager_id"] = _manager(said.manager)
        facts["manager_said"] = said.manager[:254] if facts["manager_id"] is None else ""
    return facts


def _in_team_by_group(one: Employee) -> bool:
    return bool(GroupMember.objects.filter(employee=one, group__team__isnull=False).exists())


def _manager(said: str) -> int | None:
    if not said:
        return None
    known = Q(public_id=said) | Q(external_id=said) | Q(user_name__iexact=said) | Q(email__iexact=said)
    # A stranger's own name is never empty, and our ids come first of those that say the same.
    rows = Employee.objects.filter(known, removed_at=None).order_by("state", "pk")
    found = list(rows[:5])
    return next((row.pk for row in found if row.public_id == said), found[0].pk if found else None)


def _lead_who_waits(one: Employee) -> None:
    """HR systems send people in any order: reports may have come before who leads them."""
    names = {name.lower() for name in (one.user_name, one.email, one.external_id) if name}
    waiting = Employee.objects.annotate(low=Lower("manager_said")).filter(low__in=names, removed_at=None)
    for report in waiting.exclude(pk=one.pk).select_for_update(no_key=True).order_by("pk"):
        # Two who each say that the other leads them: the first to come stays without.
        with suppress(ManagerCycle):
            people.change(report, {"manager_id": one.pk, "manager_said": ""})
