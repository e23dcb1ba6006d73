"""The people of an account: another role, or no member any more. An account never loses its last owner."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from simplane.core import audit
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound, Refusal
from simplane.organizations.keys import end_key, keys_made_by
from simplane.organizations.models import ApiKey, Membership, Organization, Role
from simplane.organizations.portal import end_portal_keys
from simplane.organizations.roles import allows, scopes_of

SEEN = ("organization_id", "role", "created_at", "user__email", "user__name")


class LastOwner(Refusal):
    """An account needs an owner."""

    code = "last_owner"
    status = 409


def members(organization_id: int) -> QuerySet[Membership]:
    """In the order they came; of people what their colleagues may see."""
    rows = Membership.objects.select_related("user").filter(organization_id=organization_id)
    return rows.only(*SEEN).order_by("created_at", "pk")


def keys_above(member: Membership, role: Role | None) -> list[ApiKey]:
    """Living keys a member made that somebody of this role could not have made; None: somebody who is no member."""
    made = list(keys_made_by(member.organization_id, member.user))
    if role is None or not allows(role, "keys:manage"):
        return made
    return [key for key in made if not set(key.scopes) <= set(scopes_of(role))]


def change_role(organization_id: int, membership_id: int, role: Role, *, revoke: Collection[str] = ()) -> Membership:
    """Of the keys that the member made, those of `revoke` (public ids) end. Raises NotFound, LastOwner."""
    with transaction():
        found = locked(organization_id, membership_id)
        before, found.role = found.role, role
        keep_an_owner(found)
        found.save(update_fields=["role"])
        note("member.role_changed", found, before=before, after=role)
        if not allows(role, "orders:write"):
            end_portal_keys(organization_id, found.user)
        _end_keys(found, revoke)
        return found


def remove(organization_id: int, membership_id: int, *, revoke: Collection[str] = ()) -> Membership:
    """From the next request on the person sees nothing of the account and orders nothing in the portal.

    Of the keys that the member made, those of `revoke` (public ids) end. Raises NotFound, LastOwner.
    """
    with transaction():
        found = locked(organization_id, membership_id)
        before, found.role = found.role, ""
        keep_an_owner(found)
        note("member.removed", found, before=before, after="")
        end_portal_keys(organization_id, found.user)
        _end_keys(found, revoke)
        found.delete()
        return found


@needs_transaction
def locked(organization_id: int, membership_id: int) -> Membership:
    """The member, to be changed; changes of one account wait for each other. Raises NotFound."""
    # Two owners who remove each other at once come one after the other here.
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    rows = Membership.objects.select_related("user").only(*SEEN)
    found = rows.filter(organization=organization, pk=membership_id).first()
    if found is None:
        raise NotFound("there is no such member", fix="look at the list again")
    found.organization = organization
    return found


@needs_transaction
def keep_an_owner(changed: Membership) -> None:
    """Raises LastOwner when the change would leave none."""
    owners = Membership.objects.filter(organization_id=changed.organization_id, role=Role.OWNER)
    if changed.role != Role.OWNER and not owners.exclude(pk=changed.pk).exists():
        raise LastOwner("this is the last owner", fix="make somebody else an owner first")


@needs_transaction
def _end_keys(member: Membership, revoke: Collection[str]) -> None:
    rows = keys_made_by(member.organization_id, member.user).filter(public_id__in=revoke)
    for key in rows.select_for_update(of=("self",)):
        end_key(key)


def note(action: str, found: Membership, *, before: str, after: str) -> None:
    """What happened to a member, in the history; roles before and after, empty: none."""
    audit.note(
        action,
        "organization",
        found.organization.slug,
        before={"email": found.user.email, "role": before},
        after={"role": after} if after else None,
    )
