"""Owners who may come in by password though a connection is enforced, for the day it is down; and that it is heard."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from simplane.core import audit, clock, context, tenancy
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.organizations.models import CompanyRole, Membership, User
from simplane.policies.alerting import Raised, raise_alert
from simplane.sso.errors import NotReady
from simplane.sso.models import BreakGlass, Connection

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def may(organization_id: int, user: User) -> bool:
    """Whether this person is named, and still an owner."""
    return able(organization_id).filter(user=user).exists()


def able(organization_id: int) -> QuerySet[Membership]:
    """Those who are named, are owners and have a second factor or passkey. Outside any scope: factors are ours."""
    with tenancy.everywhere():
        named = BreakGlass.objects.filter(organization_id=organization_id).values("user_id")
        has_factor = Authenticator.objects.filter(type__in=SECOND_FACTORS).values("user_id")
        return owners(organization_id).filter(user_id__in=named).filter(user_id__in=has_factor)


def owners(organization_id: int) -> QuerySet[Membership]:
    """Who could be named."""
    return Membership.objects.filter(organization_id=organization_id, role=CompanyRole.OWNER).select_related("user")


def with_factor(organization_id: int) -> frozenset[int]:
    """The ids of users who are owners and have a second factor or passkey."""
    found = owners(organization_id).filter(
        user_id__in=Authenticator.objects.filter(type__in=SECOND_FACTORS).values("user_id")
    )
    return frozenset(found.values_list("user_id", flat=True))


def name(organization_id: int, user_id: int) -> None:
    """Outside any scope. Raises NotFound, and NotReady for one without a second factor."""
    who = owners(organization_id).filter(user_id=user_id).first()
    if who is None:
        raise NotFound("this is no owner", fix="make them an owner first")
    if user_id not in with_factor(organization_id):
        raise NotReady(f"{who.user.email} has no second factor", fix="they add one under Account, then name them again")
    with transaction(), tenancy.scope(organization_id):
        _, made = BreakGlass.objects.get_or_create(
            user_id=user_id, defaults={"named_by": context.actor()[:120], "created_at": clock.now()}
        )
        if made:
            audit.note("break_glass.named", "user", user_id, after={"email": who.user.email})


def unname(organization_id: int, user_id: int) -> None:
    """Outside any scope. Raises NotReady for the last one while a connection is enforced."""
    with transaction():
        keep_one(organization_id, user_id)
        with tenancy.scope(organization_id):
            if BreakGlass.objects.filter(user_id=user_id).delete()[0]:
                audit.note("break_glass.unnamed", "user", user_id)


def check_goes(organization_id: int, user_id: int) -> None:
    """Before an owner becomes something less. Outside any scope. Raises NotReady as `unname`."""
    with transaction():
        keep_one(organization_id, user_id)


@needs_transaction
def keep_one(organization_id: int, without: int) -> None:
    """Raises NotReady when nobody but this user could break the glass, and it may be needed."""
    with tenancy.everywhere():
        held = Connection.objects.select_for_update().filter(organization_id=organization_id).order_by("pk")
        found = next((one for one in held if one.enforced), None)
    left = able(organization_id)
    if found is not None and left.filter(user_id=without).exists() and not left.exclude(user_id=without).exists():
        raise NotReady(
            f"nobody else could come in when {found.name} is down", fix="name another owner, or stop enforcing it"
        )


@needs_transaction
def keep_factor(going: Authenticator) -> None:
    """Before a second factor or passkey is deleted. Outside any scope. Raises NotReady as `unname`."""
    if going.type not in SECOND_FACTORS:
        return
    with tenancy.everywhere():
        named = BreakGlass.objects.filter(user_id=going.user_id).order_by("organization_id")
        companies = list(named.values_list("organization_id", flat=True))
        # Of two factors that go at once the second one waits here, and is the last then.
        list(Connection.objects.select_for_update().filter(organization_id__in=companies).order_by("pk"))
    others = Authenticator.objects.filter(user_id=going.user_id, type__in=SECOND_FACTORS).exclude(pk=going.pk)
    if not others.exists():
        for one in companies:
            keep_one(one, going.user_id)


def broken(organization_id: int, user: User) -> None:
    """Somebody came in by password though a connection is enforced: all owners hear of it."""
    raised = Raised(
        organization_id=organization_id,
        kind="sign_in",
        severity="critical",
        dedupe=f"sign_in:break_glass:{user.pk}",
        title=f"{user.email} signed in without the identity provider",
        text="By password and second factor, as one of the owners named for that. Ask them if they did not tell you.",
    )
    with transaction(), context.acting(f"user:{user.pk} {user.email}"[:120]):
        audit.note("sign_in.break_glass", "user", user.pk, after={"email": user.email}, organization_id=organization_id)
        raise_alert(raised, again=True)
