"""Links by mail that make their bearer a member: of a team that invites, or of the account somebody applied for.

The secret of a link exists in the mail only: whoever sends it makes it (`fresh_secret`) and keeps its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from simplane.core import audit, clock, events
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.core.events import News
from simplane.core.ids import secret_token
from simplane.organizations.events import ColleagueInvited, Invited
from simplane.organizations.keys import NewKey, replace_first_keys
from simplane.organizations.models import CompanyRole, Invitation, Membership, Organization, Role, User

LIVES = timedelta(days=7)
GONE = "this link was used, withdrawn or has expired"


class AlreadyMember(Refusal):
    """This person is a member already."""

    code = "already_member"
    status = 409


@dataclass(frozen=True, slots=True)
class Accepted:
    """A person who is a member now. `is_new`: with an account made just now. `key`: it took the place of the first one."""

    user: User
    organization: Organization
    is_new: bool
    key: NewKey | None


def invite(organization_id: int, email: str, role: Role | CompanyRole, *, by: User | None) -> Invitation:
    """Have a link sent. An earlier open one to the same address is replaced. Raises NotFound, AlreadyMember."""
    with transaction():
        organization = _locked(organization_id)
        if Membership.objects.filter(organization=organization, user__email__iexact=email).exists():
            raise AlreadyMember(f"{email} is a member already", fix="change their role in the list")
        return write_invitation(organization, email, role, by=by)


@needs_transaction
def write_invitation(
    organization: Organization, email: str, role: Role | CompanyRole, *, by: User | None
) -> Invitation:
    """Part of inviting and of applying: the row, and the news that makes the mail."""
    now = clock.now()
    open_ones(organization.pk).filter(email__iexact=email).update(withdrawn_at=now)
    made = Invitation.objects.create(
        organization=organization,
        email=email.strip().lower(),
        role=role,
        hash=_hash(secret_token()),
        invited_by=by,
        created_at=now,
        expires_at=now + LIVES,
    )
    events.record(_news(made))
    told = {"email": made.email, "role": str(role)}
    audit.note("member.invited", "organization", organization.slug, after=told, organization_id=organization.pk)
    return made


def fresh_secret(invitation_id: int) -> tuple[Invitation, str] | None:
    """For the mail: an open invitation with a new secret; a link sent before no longer works. None: it is not open."""
    secret = secret_token()
    with transaction():
        rows = _open(Invitation.objects.all()).select_for_update(of=("self",))
        found = rows.select_related("organization", "invited_by").filter(pk=invitation_id).first()
        if found is None:
            return None
        found.hash = _hash(secret)
        found.save(update_fields=["hash"])
    return found, secret


def send_again(organization_id: int, invitation_id: int) -> None:
    """Another mail with another link, for another seven days. Raises NotFound."""
    with transaction():
        found = _one(organization_id, invitation_id)
        found.expires_at = clock.now() + LIVES
        found.save(update_fields=["expires_at"])
        events.record(_news(found))
        audit.note("member.invited_again", "organization", found.organization.slug, after={"email": found.email})


def withdraw(organization_id: int, invitation_id: int) -> None:
    """The link works no more. Raises NotFound."""
    with transaction():
        found = _one(organization_id, invitation_id)
        found.withdrawn_at = clock.now()
        found.save(update_fields=["withdrawn_at"])
        audit.note("invitation.withdrawn", "organization", found.organization.slug, after={"email": found.email})


def open_ones(organization_id: int) -> QuerySet[Invitation]:
    """Neither used nor withdrawn; those that expired are among them, for they can be sent again."""
    return Invitation.objects.filter(
        organization_id=organization_id, accepted_at__isnull=True, withdrawn_at__isnull=True
    )


def by_secret(secret: str, *, company_id: int | None = None) -> Invitation:
    """The open invitation of a link: to the company at whose address it was opened, or (None) to a reseller's account.

    Raises NotFound.
    """
    rows = _open(Invitation.objects.select_related("organization", "invited_by")).filter(hash=_hash(secret))
    company = Q(organization__kind=Organization.Kind.COMPANY)
    found = rows.filter(~company if company_id is None else company & Q(organization_id=company_id)).first()
    if found is None:
        raise NotFound(GONE, fix="ask for a new one")
    return found


def person_of(invitation: Invitation) -> User | None:
    """Who has this address already."""
    return User.objects.filter(email__iexact=invitation.email).first()


def accept(secret: str, *, name: str = "", password: str = "", applied: Collection[int] = ()) -> Accepted:
    """Make the bearer a member, once. `name` and `password` are for somebody who has no account yet.

    `applied`: accounts (ids) that the bearer applied for, as far as we know it. The first member of another one gets a
    new test key instead of the one that the applicant has.
    Raises NotFound for a link that is not open, and BadInput for a password that is too weak.
    """
    with transaction():
        found = _open(Invitation.objects.select_for_update(of=("self",))).filter(hash=_hash(secret)).first()
        if found is None:
            raise NotFound(GONE, fix="ask for a new one")
        organization = _locked(found.organization_id)
        known = person_of(found)
        if known is not None and not known.is_active:
            raise NotFound(GONE, fix="write to us")
        user = known or _new_person(found.email, name, password)
        is_first = not Membership.objects.filter(organization=organization).exists()
        Membership.objects.get_or_create(
            organization=organization, user=user, defaults={"role": found.role, "created_at": clock.now()}
        )
        _confirm(user)
        found.accepted_at = clock.now()
        found.save(update_fields=["accepted_at"])
        told = {"email": found.email, "role": found.role}
        audit.note("member.joined", "organization", organization.slug, after=told, organization_id=organization.pk)
        is_stranger = is_first and organization.pk not in applied
        key = replace_first_keys(organization.pk) if is_stranger else None
    return Accepted(user, organization, known is None, key)


def _new_person(email: str, name: str, password: str) -> User:
    try:
        validate_password(password)
    except ValidationError as weak:
        raise BadInput(" ".join(weak.messages), fix="choose another password") from None
    return User.objects.create_user(email, password, name=name.strip()[:120])


def _confirm(user: User) -> None:
    """Whoever opened the link reads the mail of this address."""
    known = EmailAddress.objects.filter(user=user)
    if not known.filter(email__iexact=user.email).update(verified=True):
        first = not known.filter(primary=True).exists()
        EmailAddress.objects.create(user=user, email=user.email.lower(), verified=True, primary=first)


@needs_transaction
def _locked(organization_id: int) -> Organization:
    """Changes of one team come one after the other."""
    return Organization.objects.select_for_update().get(pk=organization_id)


@needs_transaction
def _one(organization_id: int, invitation_id: int) -> Invitation:
    rows = open_ones(organization_id).select_for_update(of=("self",)).select_related("organization")
    found = rows.filter(pk=invitation_id).first()
    if found is None:
        raise NotFound("there is no such open invitation")
    return found


def _open(rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
    return rows.filter(accepted_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=clock.now())


def _news(invitation: Invitation) -> News:
    """Each kind of organization has its own mail."""
    if invitation.organization.kind == Organization.Kind.COMPANY:
        return ColleagueInvited(invitation_id=invitation.pk)
    return Invited(invitation_id=invitation.pk)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
