"""Members of a company, changed by its owners: another role, or no member any more. Inside `tenancy.scope`."""

from __future__ import annotations

from datetime import timedelta

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.core.errors import Refusal
from simplane.organizations.invitations import LIVES, open_ones
from simplane.organizations.members import keep_an_owner, locked, note
from simplane.organizations.models import CompanyRole, Membership

MOST_AN_HOUR = 50


class TooManyInvitations(Refusal):
    """A company sends only so many invitations an hour."""

    code = "too_many"
    status = 429


def change_role(membership_id: int, role: CompanyRole) -> Membership:
    """From the next request on. Raises NotFound, LastOwner."""
    with transaction():
        found = locked(tenancy.organization_id(), membership_id)
        before, found.role = found.role, role
        keep_an_owner(found)
        found.save(update_fields=["role"])
        note("member.role_changed", found, before=before, after=role)
        return found


def remove(membership_id: int) -> Membership:
    """From the next request on the person sees nothing of the company. Raises NotFound, LastOwner."""
    with transaction():
        found = locked(tenancy.organization_id(), membership_id)
        before, found.role = found.role, ""
        keep_an_owner(found)
        note("member.removed", found, before=before, after="")
        found.delete()
        return found


def check_pace() -> None:
    """Before an invitation is sent, or sent again. Raises TooManyInvitations."""
    sent_since = clock.now() + LIVES - timedelta(hours=1)
    if open_ones(tenancy.organization_id()).filter(expires_at__gt=sent_since).count() >= MOST_AN_HOUR:
        raise TooManyInvitations(f"{MOST_AN_HOUR} invitations were sent in the last hour", fix="wait an hour")
