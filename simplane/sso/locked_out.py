"""Whom enforcing a connection would shut out, as far as that can be known before they try."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet

from simplane.core import tenancy
from simplane.organizations.models import Domain, Membership
from simplane.sso.models import BreakGlass, Connection, Identity


def by(connection: Connection) -> QuerySet[Membership]:
    """Members who never came through it, whose address is of no proved domain, and who may not break the glass.

    Each with `email`, to be asked outside the company's scope.
    """
    company = connection.organization_id
    with tenancy.scope(company):
        known = list(Identity.objects.filter(connection=connection).values_list("user_id", flat=True))
        glass = list(BreakGlass.objects.values_list("user_id", flat=True))
        hosts = Domain.objects.filter(for_mail=True, verified_at__isnull=False).values_list("host", flat=True)
        ours = Q(pk__in=[])
        for host in hosts:
            ours |= Q(user__email__iendswith=f"@{host}")
    rows = Membership.objects.filter(organization_id=company).exclude(user_id__in=[*known, *glass]).exclude(ours)
    return rows.annotate(email=F("user__email"))
