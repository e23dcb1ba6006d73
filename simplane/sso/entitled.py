"""Who somebody is here that a provider vouches for, and what they may be: the rules of arrival. Reads only.

What the rules keep apart: a company decides who signs in to it, so its provider is believed about the company's own people.
It is not believed about anybody else: an account of ours, or one that belongs to another organization, is never reached
by naming its address.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from simplane.core import tenancy
from simplane.organizations.models import CompanyRole, Domain, Membership, User
from simplane.sso import break_glass
from simplane.sso.errors import NotLetIn
from simplane.sso.models import Connection, Identity
from simplane.sso.values import Told
from simplane.workforce import groups, logins
from simplane.workforce.models import Employee

STRONGEST_FIRST = tuple(CompanyRole)
PROVE = "the IT manager proves the domain under Settings > Domains, or has the provider say email_verified of members"
OUTSIDE = (
    "have an owner invite you; for everybody with an address of yours the domain is proved under Settings > Domains"
)


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
    user = _user(company, identity, told)
    proved = told.email_verified or _is_ours(company, told.email)
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


def _user(company: int, identity: Identity | None, told: Told) -> User | None:
    """Whose account this is; None: nobody's yet. Outside the scope: accounts are ours."""
    user = User.objects.get(pk=identity.user_id) if identity is not None else _first_time(company, told)
    if user is not None and (user.is_staff or not user.is_active):
        raise NotLetIn("this account is not signed in this way", fix="write to us")
    return user


def _first_time(company: int, told: Told) -> User | None:
    """Whose a subject is that nobody knows. A provider speaks for members, and for addresses that DNS gives to the company.

    `email_verified` is the provider's word, and the company chose the provider: it makes no account and joins nobody.
    """
    _check_address(told)
    ours = _is_ours(company, told.email)
    if not (ours or told.email_verified):
        raise NotLetIn(f"nobody proved that {told.email} is yours", fix=PROVE)
    found = User.objects.filter(email__iexact=told.email).first()
    if found is None:
        is_theirs = ours
    else:
        here = Membership.objects.filter(user=found, organization_id=company).exists()
        elsewhere = Membership.objects.filter(user=found).exclude(organization_id=company).exists()
        is_theirs = (here or ours) and not elsewhere and not found.is_staff
    if not is_theirs:
        # The same words whether that address has an account here or not: it is not the company's to know.
        raise NotLetIn(f"{told.email} does not come in here through this provider", fix=OUTSIDE)
    return found


def _check_address(told: Told) -> None:
    try:
        validate_email(told.email)
    except ValidationError:
        raise NotLetIn(
            "the provider tells no e-mail address", fix="have it send the claim or attribute email"
        ) from None


def _is_ours(company: int, address: str) -> bool:
    """Whether DNS gives the domain of this address to the company."""
    with tenancy.scope(company):
        rows = Domain.objects.filter(for_mail=True, verified_at__isnull=False, host=address.rpartition("@")[2])
        found: bool = rows.exists()
    return found


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
