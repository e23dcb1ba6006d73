"""What others ask about organizations."""

from __future__ import annotations

from django.db.models.functions import Coalesce

from simplane.core import clock
from simplane.organizations.models import Membership, Organization


def operator() -> Organization:
    """The one organization that runs this platform; made at first use."""
    found, _ = Organization.objects.get_or_create(
        kind=Organization.Kind.OPERATOR,
        is_test=False,
        defaults={"slug": "operator", "name": "Operator", "created_at": clock.now()},
    )
    return found


def has_member(organization_id: int, email: str) -> bool:
    """Whether somebody who opened a link in our mail to this address acts for the organization, or for its live side."""
    live = Organization.objects.filter(pk=organization_id).values(side=Coalesce("twin_of_id", "pk"))
    members = Membership.objects.filter(organization_id__in=live, user__is_active=True)
    return members.filter(user__email__iexact=email.strip()).exists()
