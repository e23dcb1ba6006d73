"""Letting somebody in whom a provider vouches for: account, membership, role and identity in one transaction."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import IntegrityError

from simplane.core import audit, clock, tenancy
from simplane.core.db import needs_transaction, transaction
from simplane.organizations.members import note
from simplane.organizations.models import Membership, Organization, User
from simplane.organizations.names import mailable
from simplane.policies.alerting import Raised, raise_alert
from simplane.sso.entitled import Entitled, judge
from simplane.sso.models import Connection, Identity
from simplane.sso.values import Told
from simplane.workforce import logins


def admit(connection: Connection, told: Told) -> User:
    """Bring accounts and roles to what the rules of arrival say now. Outside any scope. Raises NotLetIn."""
    try:
        return _admit(connection, told)
    except IntegrityError:
        # An account of this address was made elsewhere meanwhile: now it is found and judged.
        return _admit(connection, told)


def _admit(connection: Connection, told: Told) -> User:
    with transaction():
        # Changes of one company's members come one after the other: nobody takes its last owner away meanwhile.
        home = Organization.objects.select_for_update().get(pk=connection.organization_id)
        found = judge(connection, told)
        is_new = found.user is None
        user = found.user or _new_account(told)
        with tenancy.scope(home.pk):
            _settle_membership(home, user, found)
            _settle_identity(connection, user, found, told)
            if found.employee is not None:
                logins.link(found.employee, user)
            if found.last_owner:
                _tell_of_last_owner(connection, user)
            after = {"email": user.email, "through": connection.name, "role": str(found.role), "first": is_new}
            audit.note("sign_in.done", "connection", connection.public_id, after=after)
    return user


@needs_transaction
def _new_account(told: Told) -> User:
    """Without a password: a provider is believed about who comes, not about who may choose one."""
    name = told.name[:120] if mailable(told.name) else ""
    user = User.objects.create_user(told.email, None, name=name)
    EmailAddress.objects.create(user=user, email=user.email.lower(), verified=False, primary=True)
    return user


@needs_transaction
def _settle_membership(home: Organization, user: User, found: Entitled) -> None:
    mine = found.membership
    if mine is None:
        mine = Membership.objects.create(organization=home, user=user, role=found.role, created_at=clock.now())
        after = {"email": user.email, "role": str(found.role)}
        audit.note("member.joined", "organization", home.slug, after=after, reason="first sign-in through the provider")
    elif mine.role != found.role:
        before, mine.role = mine.role, found.role
        mine.save(update_fields=["role"])
        mine.organization, mine.user = home, user
        note("member.role_changed", mine, before=before, after=found.role)


@needs_transaction
def _settle_identity(connection: Connection, user: User, found: Entitled, told: Told) -> None:
    now = clock.now()
    if found.identity is not None:
        Identity.objects.filter(pk=found.identity.pk).update(signed_in_at=now)
        return
    Identity.objects.create(connection=connection, subject=told.subject, user=user, created_at=now, signed_in_at=now)
    audit.note("identity.linked", "connection", connection.public_id, after={"email": user.email})


@needs_transaction
def _tell_of_last_owner(connection: Connection, user: User) -> None:
    raised = Raised(
        organization_id=connection.organization_id,
        kind="sign_in",
        severity="warning",
        dedupe=f"sign_in:last_owner:{user.pk}",
        title="The last owner keeps a role that their groups do not give",
        text=f"{user.email} came through {connection.name}. Make somebody else an owner, or put them into a group of owners.",
    )
    raise_alert(raised)
