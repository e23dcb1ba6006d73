"""Who of a company's people somebody is that signs in. Everything here runs inside `tenancy.scope`."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from simplane.core import audit
from simplane.core.db import needs_transaction
from simplane.organizations.models import User
from simplane.workforce.models import Employee


@dataclass(frozen=True, slots=True)
class Known:
    """`employee`: whom they are among those who work here. `left`: they only did."""

    employee: Employee | None
    left: bool


def look(user: User | None, address: str) -> Known:
    """By their login, or by an address that was proved for them (empty: none was), if that person has no login yet."""
    mine = Q(user=user) if user is not None else Q(pk__in=[])
    if address:
        mine |= Q(user=None) & (Q(email__iexact=address) | Q(user_name__iexact=address))
    rows = sorted(Employee.objects.filter(mine), key=lambda one: (one.user_id is None, one.email.lower() != address))
    here = [one for one in rows if one.removed_at is None and one.state != Employee.State.LEFT]
    return Known(here[0] if here else None, left=bool(rows) and not here)


@needs_transaction
def link(employee: Employee, user: User) -> None:
    """This login is that person, from now on."""
    if Employee.objects.filter(pk=employee.pk, user=None).update(user=user):
        audit.note("employee.linked", "employee", employee.public_id, after={"login": user.email})
