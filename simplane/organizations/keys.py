"""API keys: made, rotated, revoked. The secret is shown once; only its hash stays."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.db.models import Q, QuerySet

from simplane.core import audit, clock, context
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.core.ids import new_id
from simplane.organizations import company_roles, roles
from simplane.organizations.models import ApiKey, CompanyRole, Organization, Role, User

SCOPES = tuple(roles.SCOPES)
"""Of a reseller's keys; those of a company's are in `company_roles.py`."""
Asking = Role | CompanyRole | None
LONGEST_OVERLAP = timedelta(days=30)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SHOWN = 12
FASTEST = 6_000
"""Calls a minute that a key may have at most."""
PORTAL_PREFIX = "portal"
"""Of keys that stand for a person in the portal and that nobody holds (organizations/portal.py): no list shows them."""


class NotApproved(Refusal):
    """The account is not approved yet."""

    code = "account_applied"
    status = 403


class AboveRole(Refusal):
    """The key may do more than the person who asks for it."""

    code = "above_role"
    status = 403


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which nobody can read again."""

    key: ApiKey
    secret: str


def hash_of(secret: str) -> bytes:
    """What is stored and looked up of a key."""
    return hashlib.sha256(secret.encode()).digest()


def create_key(
    organization: Organization,
    name: str,
    *,
    scopes: Sequence[str] | None = None,
    allowed_networks: Sequence[str] = (),
    rate_per_minute: int = 600,
    by: Asking = None,
) -> NewKey:
    """Make a key. `scopes` None: all that such an organization may have; `by`: the role of who asks, None: it is us.

    Raises BadInput for an unknown scope, network or name, NotApproved for a live key of an applicant, AboveRole.
    """
    if organization.state == Organization.State.APPLIED and not organization.is_test:
        raise NotApproved(fix="make a test key, or wait for our mail")
    if not 1 <= rate_per_minute <= FASTEST:
        raise BadInput(f"{rate_per_minute} calls a minute can not be had", fix=f"ask for 1 to {FASTEST}")
    possible = _possible(organization)
    given = _scopes(possible if scopes is None else scopes, possible)
    _within(given, by)
    with transaction():
        made = _new(organization, name, given, _networks(allowed_networks), rate_per_minute)
        after = {"name": name, "scopes": given}
        audit.note("api_key.created", "api_key", made.key.public_id, after=after, organization_id=organization.pk)
        return made


def rotate_key(
    organization_id: int, public_id: str, *, overlap: timedelta = timedelta(hours=24), by: Asking = None
) -> NewKey:
    """A new secret with the same rights; the old one, and its tokens, work until the overlap ends.

    `by`: the role of the member who asks; None: it is us. Raises NotFound, BadInput, AboveRole.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise BadInput("that overlap is too long", fix=f"at most {LONGEST_OVERLAP.days} days")
    with transaction():
        old = _living(organization_id, public_id)
        _within(old.scopes, by)
        made = _new(old.organization, old.name, old.scopes, old.allowed_networks, old.rate_per_minute)
        until = clock.now() + overlap
        old.expires_at = min(old.expires_at, until) if old.expires_at else until
        old.save(update_fields=["expires_at"])
        old.tokens.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=until)).update(expires_at=until)
        after = {"new": made.key.public_id}
        audit.note("api_key.rotated", "api_key", old.public_id, after=after, organization_id=organization_id)
        return made


def revoke_key(organization_id: int, public_id: str) -> None:
    """The key and every token got with it are refused from the next request on. Raises NotFound."""
    with transaction():
        end_key(_living(organization_id, public_id))


@needs_transaction
def end_key(key: ApiKey) -> None:
    """Part of revoking, and of taking a person out: the key and its tokens end now."""
    key.revoked_at = clock.now()
    key.save(update_fields=["revoked_at"])
    key.tokens.filter(revoked_at__isnull=True).update(revoked_at=key.revoked_at)
    audit.note("api_key.revoked", "api_key", key.public_id, organization_id=key.organization_id)


@needs_transaction
def replace_first_keys(organization_id: int) -> NewKey | None:
    """Part of the first owner's coming from elsewhere: whoever applied may be a stranger, so the test keys they were
    given end and another one takes their place. None: there was none.
    """
    rows = ApiKey.objects.select_for_update(of=("self",)).select_related("organization")
    given = rows.filter(organization__twin_of_id=organization_id, parent__isnull=True)
    known = list(living(given).filter(created_by__startswith=applicant("")))
    for key in known:
        end_key(key)
    if not known:
        return None
    first = known[0]
    return _new(first.organization, first.name, first.scopes, first.allowed_networks, first.rate_per_minute)


def keys_of(organization_id: int) -> QuerySet[ApiKey]:
    """The keys that people made, newest first; neither access tokens nor those of the portal."""
    made = ApiKey.objects.filter(organization_id=organization_id, parent__isnull=True)
    return made.exclude(prefix=PORTAL_PREFIX).order_by("-created_at", "-pk")


def keys_made_by(organization_id: int, user: User) -> QuerySet[ApiKey]:
    """What a person made for an organization or its twin and still works: they may know these secrets."""
    before = Q(created_by__iexact=applicant(user.email)) | Q(created_by__iexact=newcomer(user.email))
    mine = Q(created_by__startswith=f"user:{user.pk} ") | before
    rows = ApiKey.objects.filter(Q(organization_id=organization_id) | Q(organization__twin_of_id=organization_id), mine)
    return living(rows.filter(parent__isnull=True)).exclude(prefix=PORTAL_PREFIX).order_by("-created_at", "-pk")


def living(rows: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    """Of some keys those that work now."""
    return rows.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now()), revoked_at__isnull=True)


def living_and_ended(organization_id: int, *, most_ended: int = 20) -> tuple[list[ApiKey], list[ApiKey]]:
    """The keys that work, and the newest of those that do not any more; newest first."""
    working = list(living(keys_of(organization_id)))
    ended = keys_of(organization_id).exclude(pk__in=[one.pk for one in working])
    return working, list(ended[:most_ended])


def applicant(email: str) -> str:
    """Who makes the first test key of an account, as it stands in the audit trail: anybody who wrote this address."""
    return f"applicant {email}"[:120]


def newcomer(email: str) -> str:
    """Who accepts an invitation, as it stands in the audit trail."""
    return f"invited {email}"[:120]


def find_key(secret: str, *, at: datetime) -> ApiKey | None:
    """The key of this secret with its organization, if it is neither revoked nor expired."""
    rows = ApiKey.objects.select_related("organization", "parent").filter(hash=hash_of(secret), revoked_at__isnull=True)
    return rows.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at)).first()


def allows(key: ApiKey, address: str) -> bool:
    """Whether a key may be used from this address. A key without networks may from anywhere."""
    if not key.allowed_networks:
        return True
    try:
        sender = ip_address(address)
    except ValueError:
        return False
    return any(sender in ip_network(one) for one in key.allowed_networks)


def used(key: ApiKey, *, every: timedelta = timedelta(minutes=1)) -> None:
    """Note that a key is in use; written at most once in `every`."""
    now = clock.now()
    if key.last_used_at is None or key.last_used_at <= now - every:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def _living(organization_id: int, public_id: str) -> ApiKey:
    rows = keys_of(organization_id).select_for_update(of=("self",)).select_related("organization")
    key = rows.filter(public_id=public_id, revoked_at__isnull=True).first()
    if key is None:
        raise NotFound("there is no such key", fix="it may be revoked already")
    return key


def _new(
    organization: Organization, name: str, scopes: Sequence[str], networks: Sequence[str], rate_per_minute: int
) -> NewKey:
    if not name.strip() or len(name) > 80:
        raise BadInput("a key needs a name of 1 to 80 characters", fix="say what it is for")
    mode = "test" if organization.is_test else "live"
    secret = f"sk_{mode}_" + "".join(secrets.choice(ALPHABET) for _ in range(32))
    key = ApiKey.objects.create(
        organization=organization,
        public_id=new_id("key"),
        name=name.strip(),
        prefix=secret[:SHOWN],
        hash=hash_of(secret),
        scopes=list(scopes),
        allowed_networks=list(networks),
        rate_per_minute=rate_per_minute,
        created_at=clock.now(),
        created_by=context.actor()[:120],
    )
    return NewKey(key, secret)


def _possible(organization: Organization) -> tuple[str, ...]:
    return company_roles.SCOPES if organization.kind == Organization.Kind.COMPANY else SCOPES


def _scopes(wanted: Sequence[str], possible: Sequence[str]) -> list[str]:
    unknown = sorted(set(wanted) - set(possible))
    if unknown or not wanted:
        raise BadInput(
            f"unknown scopes: {', '.join(unknown) or 'none given'}", fix=f"choose from {', '.join(possible)}"
        )
    return sorted(set(wanted))


def _within(scopes: Iterable[str], by: Asking) -> None:
    if by is None:
        return
    held = roles.scopes_of(by) if isinstance(by, Role) else company_roles.scopes_of(by)
    above = sorted(set(scopes) - set(held))
    if above:
        raise AboveRole(f"your role does not hold {', '.join(above)}", fix="ask an owner of the account")


def _networks(wanted: Sequence[str]) -> list[str]:
    try:
        return [str(ip_network(one.strip())) for one in wanted]
    except ValueError as error:
        raise BadInput(f"not a network: {error}", fix="write 203.0.113.7/32 or 2001:db8::/48") from None
