"""Who of a company's people somebody is that signs in, and whether they left. Runs inside `tenancy.scope` but where said."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

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


def left() -> Q:
    """Of memberships those of people who only did work here: for `filter`, in the statement that finds the membership.

    As `look` says it, by the login or by its address. In a scope, or in `tenancy.everywhere()`.
    """
    people = Employee.objects.alias(low_email=Lower("email"), low_name=Lower("user_name"))
    address = Lower(OuterRef("user__email"))
    # A name counts while it is taken, which an index knows; this is asked with every page.
    unlinked = Q(user=None) & (Q(low_email=address) | Q(low_name=address, removed_at=None))
    mine = people.filter(Q(user_id=OuterRef("user_id")) | unlinked, organization_id=OuterRef("organization_id"))
    works = Q(removed_at=None) & ~Q(state=Employee.State.LEFT)
    return Q(Exists(mine.filter(~works))) & ~Q(Exists(mine.filter(works)))


@needs_transaction
def link(employee: Employee, user: User) -> None:
    """This login is that person, from now on."""
    if Employee.objects.filter(pk=employee.pk, user=None).update(user=user):
        audit.note("employee.linked", "employee", employee.public_id, after={"login": user.email})
