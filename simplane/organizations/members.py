"""The people of an account: another role, or no member any more. An account never loses its last owner."""

from __future__ import annotations

from django.db.models import QuerySet

from simplane.core import audit
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound, Refusal
from simplane.organizations.models import Membership, Organization, Role


class LastOwner(Refusal):
    """An account needs an owner."""

    code = "last_owner"
    status = 409


def members(organization_id: int) -> QuerySet[Membership]:
    """In the order they came."""
    return (
        Membership.objects.select_related("user").filter(organization_id=organization_id).order_by("created_at", "pk")
    )


def change_role(organization_id: int, membership_id: int, role: Role) -> Membership:
    """Raises NotFound, LastOwner."""
    with transaction():
        found = _locked(organization_id, membership_id)
        before, found.role = found.role, role
        _keep_an_owner(found)
        found.save(update_fields=["role"])
        _note("member.role_changed", found, before=before, after=role)
        return found


def remove(organization_id: int, membership_id: int) -> Membership:
    """From the next request on the person sees nothing of the account. Raises NotFound, LastOwner."""
    with transaction():
        found = _locked(organization_id, membership_id)
        before, found.role = found.role, ""
        _keep_an_owner(found)
        _note("member.removed", found, before=before, after="")
        found.delete()
        return found


@needs_transaction
def _locked(organization_id: int, membership_id: int) -> Membership:
    # Two owners who remove each other at once come one after the other here.
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    found = Membership.objects.select_related("user").filter(organization=organization, pk=membership_id).first()
    if found is None:
        raise NotFound("there is no such member", fix="look at the list again")
    found.organization = organization
    return found


@needs_transaction
def _keep_an_owner(changed: Membership) -> None:
    owners = Membership.objects.filter(organization_id=changed.organization_id, role=Role.OWNER)
    if changed.role != Role.OWNER and not owners.exclude(pk=changed.pk).exists():
        raise LastOwner("this is the last owner", fix="make somebody else an owner first")


def _note(action: str, found: Membership, *, before: str, after: str) -> None:
    audit.note(
        action,
        "organization",
        found.organization.slug,
        before={"email": found.user.email, "role": before},
        after={"role": after} if after else None,
    )
