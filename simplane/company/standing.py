"""Who asks on a company's host: a member, in which role, and how far that role reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest

from simplane.organizations.adapter import SESSION_TENANT
from simplane.organizations.company_roles import NARROW, allows
from simplane.organizations.hosts import Tenant
from simplane.organizations.models import CompanyRole, Membership, Organization, User
from simplane.sso.sessions import still_good


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A signed-in member of the company at this host."""

    user: User
    organization: Organization
    role: CompanyRole

    @property
    def narrow(self) -> bool:
        """Whether the role reaches only the teams that this person leads."""
        return self.role in NARROW

    @property
    def actor(self) -> str:
        """As it stands in the audit trail."""
        return f"user:{self.user.pk} {self.user.email}"[:120]

    def is_actor(self, actor: str) -> bool:
        """Whether it was this member, as it stands in the audit trail; their address may be another one since."""
        return actor.split(" ", maxsplit=1)[0] == f"user:{self.user.pk}"

    def may(self, permission: str) -> bool:
        """Whether the role holds the permission."""
        return allows(self.role, permission)


def standing_of(request: HttpRequest) -> Standing | None:
    """The standing of who is signed in here; None for nobody, for strangers, and for a session that ended."""
    user = request.user
    tenant = tenant_of(request)
    if not isinstance(user, User) or request.session.get(SESSION_TENANT) != tenant.pk:
        return None
    rows = Membership.objects.select_related("organization").filter(user=user, organization_id=tenant.pk)
    mine = still_good(rows, request).first()
    if mine is None:
        return None
    return Standing(user=user, organization=mine.organization, role=CompanyRole(mine.role))


def tenant_of(request: HttpRequest) -> Tenant:
    """The company at the request's host; only behind `HostGate`, on a company's host."""
    return cast(Tenant, request.tenant)  # type: ignore[attr-defined]
