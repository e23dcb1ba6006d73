"""Who somebody is here that a provider vouches for, and what they may be: the rules of arrival. Reads only.

What the rules keep apart: a company decides who signs in to it, so its provider is believed about the company's own people.
It is not believed about anybody else: an account of ours, or one that belongs to another organization, is never reached
by naming its address.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet

from simplane.core import tenancy
from simplane.organizations.models import CompanyRole, Domain, Membership, User
from simplane.sso import break_glass
from simplane.sso.errors import NotLetIn
from simplane.sso.models import Connection, Identity
from simplane.sso.values import Told
from simplane.workforce import groups, logins
from simplane.workforce.models import Employee

STRONGEST_FIRST = tuple(CompanyRole)
PROVE = "the IT manager proves the domain under Settings > Domains, or has the provider say email_verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitled:
    """What will be true when this person is let in."""

    user: User | None
    """None: an account is made."""
    identity: Identity | None
    """None: this is the first sign-in of this subject."""
    membership: Membership | None
    """None: they become a member."""
    role: CompanyRole
    employee: Employee | None
    last_owner: bool
    """Their groups give less, but the company would have no owner."""


def judge(connection: Connection, told: Told) -> Entitled:
    """Who comes in as what. Call it outside the company's scope. Raises NotLetIn with what to do."""
    company = connection.organization_id
    with tenancy.scope(company):
        identity: Identity | None = Identity.objects.filter(connection=connection, subject=told.subject).first()
        proved = told.email_verified or _is_ours(told.email)
    user = _user(company, identity, told, proved=proved)
    membership = Membership.objects.filter(organization_id=company, user=user).first() if user else None
    if membership is None and not connection.just_in_time:
        raise NotLetIn("you are no member here", fix="ask an owner for an invitation")
    with tenancy.scope(company):
        known = logins.look(user, told.email if proved else "")
        if known.left:
            raise NotLetIn("you do not work here any more", fix="if you do, ask HR to say so")
        role = _role(connection, told, known.employee, membership)
    last_owner = membership is not None and role != CompanyRole.OWNER and _must_stay(connection, membership)
    return Entitled(
        user=user,
        identity=identity,
        membership=membership,
        role=CompanyRole.OWNER if last_owner else role,
        employee=known.employee,
        last_owner=last_owner,
    )


def _user(company: int, identity: Identity | None, told: Told, *, proved: bool) -> User | None:
    """Whose account this is; None: nobody's yet. Outside the scope: accounts are ours."""
    if identity is not None:
        user = User.objects.get(pk=identity.user_id)
    else:
        _check_address(told, proved=proved)
        found = User.objects.filter(email__iexact=told.email).first()
        if found is None:
            _check_free(company, told.email)
            return None
        _check_owner(company, found, told)
        user = found
    if user.is_staff or not user.is_active:
        raise NotLetIn("this account is not signed in this way", fix="write to us")
    return user


def _check_address(told: Told, *, proved: bool) -> None:
    try:
        validate_email(told.email)
    except ValidationError:
        raise NotLetIn(
            "the provider tells no e-mail address", fix="have it send the claim or attribute email"
        ) from None
    if not proved:
        raise NotLetIn(f"nobody proved that {told.email} is yours", fix=PROVE)


def _check_free(company: int, address: str) -> None:
    """No account is made with an address that DNS gives to another company: it would keep its owner from signing in there."""
    with tenancy.everywhere():
        anothers = _proved(address).exclude(organization_id=company).exists()
    if anothers:
        raise NotLetIn(f"{address} belongs to another company here", fix="ask for an invitation to another address")


def _check_owner(company: int, user: User, told: Told) -> None:
    """A first sign-in reaches an account that exists only where no other organization is behind it."""
    elsewhere = Membership.objects.filter(user=user).exclude(organization_id=company)
    if user.is_staff or elsewhere.exists():
        raise NotLetIn(
            f"{told.email} signs in elsewhere here already",
            fix="an owner of this company invites another address of yours, or write to us",
        )
    if not Membership.objects.filter(user=user, organization_id=company).exists():
        with tenancy.scope(company):
            ours = _is_ours(told.email)
        if not ours:
            raise NotLetIn(
                f"{told.email} has an account here already", fix="ask an owner for an invitation, and open it"
            )


def _is_ours(address: str) -> bool:
    return _proved(address).exists()


def _proved(address: str) -> QuerySet[Domain]:
    """Of the companies in view those to whom DNS gives this address, one at most."""
    rows: QuerySet[Domain] = Domain.objects.filter(for_mail=True, verified_at__isnull=False)
    return rows.filter(host=address.rpartition("@")[2])


def _role(connection: Connection, told: Told, employee: Employee | None, membership: Membership | None) -> CompanyRole:
    by_hr = groups.role_of(employee.pk) if employee else ""
    by_claims = {connection.group_roles[one] for one in told.groups if one in connection.group_roles}
    strongest = next((role for role in STRONGEST_FIRST if role in by_claims), "")
    decided = by_hr or strongest
    if membership is not None and not decided and not connection.group_roles:
        return CompanyRole(membership.role)
    given = decided or connection.default_role
    if not given:
        raise NotLetIn("none of your groups may use this", fix="ask your IT manager to put you into one")
    return CompanyRole(given)


def _must_stay(connection: Connection, membership: Membership) -> bool:
    """Whether the company would have no owner, or none who may come in when its only provider is down."""
    company = membership.organization_id
    others = break_glass.owners(company).exclude(pk=membership.pk)
    if membership.role != CompanyRole.OWNER:
        return False
    glass = break_glass.able(company)
    last_glass = connection.enforced and glass.filter(pk=membership.pk).exists() and glass.count() == 1
    return last_glass or not others.exists()
