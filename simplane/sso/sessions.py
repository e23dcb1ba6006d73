"""How a session on a company's host began, and whether the company still takes that."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from simplane.core import tenancy
from simplane.organizations.adapter import SESSION_TENANT
from simplane.organizations.models import CompanyRole, Membership, User
from simplane.sso.models import BreakGlass, Connection
from simplane.workforce import logins

SIGNED_IN_BY = "signed_in_by"
"""Session: the public id of the connection somebody came through; missing: password or passkey."""


def still_good(rows: QuerySet[Membership], request: HttpRequest) -> QuerySet[Membership]:
    """Of memberships at the request's host those for which its session counts, in the same statement.

    A session that came through a connection ends when that is switched off; every other one ends when a connection is
    enforced, but for those who may break the glass. Every one ends when HR says that the person left, but for the same.
    """
    came_by = request.session.get(SIGNED_IN_BY)
    here = {"organization_id": OuterRef("organization_id")}
    with tenancy.everywhere():
        active = Connection.objects.filter(**here, state=Connection.State.ACTIVE)
        enforced = active.filter(enforced=True)
        rows = rows.filter(~logins.left() | _named())
        if came_by:
            other = enforced.exclude(public_id=came_by)
            return rows.filter(Exists(active.filter(public_id=came_by)), ~Exists(other))
        return rows.filter(~Exists(enforced) | _named())


def has_left(organization_id: int, user: User) -> bool:
    """Whether HR says that this member left. Never of an owner named for the day the provider is down. Outside any scope."""
    with tenancy.everywhere():
        rows = Membership.objects.filter(organization_id=organization_id, user=user)
        return rows.filter(logins.left() & ~_named()).exists()


def _named() -> Q:
    """Of memberships those of owners who may break the glass."""
    here = {"organization_id": OuterRef("organization_id"), "user_id": OuterRef("user_id")}
    return Q(Exists(BreakGlass.objects.filter(**here))) & Q(role=CompanyRole.OWNER)


def remember_way(request: HttpRequest, public_id: str) -> None:
    """The sign-in that this request makes comes through this connection."""
    request._sso_way = public_id  # type: ignore[attr-defined]


def way_of(request: HttpRequest) -> str:
    """The connection that the sign-in of this request comes through; empty: none, it is password or passkey."""
    return str(getattr(request, "_sso_way", ""))


def is_owner(request: HttpRequest) -> bool:
    """Whether an owner of the company at the request's host asks."""
    user, tenant = request.user, getattr(request, "tenant", None)
    if not isinstance(user, User) or tenant is None or request.session.get(SESSION_TENANT) != tenant.pk:
        return False
    rows = Membership.objects.filter(user=user, organization_id=tenant.pk, role=CompanyRole.OWNER)
    return still_good(rows, request).exists()
