"""Orders placed by a person in the portal act by a key, as all others do: one that nobody can send.

So the SQL that decides orders knows one kind of caller. Each person has a key of their own in an organization, and its
public id, which stands in audit and ledger, names them: `portal-<organization>-<user>`.
"""

from __future__ import annotations

import secrets

from simplane.core import clock
from simplane.core.db import needs_transaction
from simplane.organizations.keys import PORTAL_PREFIX, hash_of
from simplane.organizations.models import ApiKey, Membership, Organization, Role, User
from simplane.organizations.roles import allows

RATE_PER_MINUTE = 6_000
"""A tenth of it at once: a file of 200 travellers is 200 orders with one click."""


def portal_key_hash(organization: Organization, user: User) -> bytes:
    """The hash of the person's key in an organization (or its twin), made at first use. Its secret was thrown away.

    A key that ended with a membership lives again with the next one that may order.
    """
    found, _ = ApiKey.objects.get_or_create(
        public_id=f"{PORTAL_PREFIX}-{organization.pk}-{user.pk}",
        defaults={
            "organization": organization,
            "name": user.email[:80],
            "prefix": PORTAL_PREFIX,
            "hash": hash_of(secrets.token_urlsafe(32)),
            "scopes": ["orders:write"],
            "rate_per_minute": RATE_PER_MINUTE,
            "created_at": clock.now(),
            "created_by": f"user:{user.pk} {user.email}"[:120],
        },
    )
    if found.revoked_at is not None and _may_order(organization, user):
        ApiKey.objects.filter(pk=found.pk).update(revoked_at=None)
    return bytes(found.hash)


def company_key_hash(organization: Organization) -> bytes:
    """The hash of the key by which lines of a company are ordered, made at first use. Nobody holds its secret."""
    found, _ = ApiKey.objects.get_or_create(
        public_id=f"{PORTAL_PREFIX}-{organization.pk}",
        defaults={
            "organization": organization,
            "name": "lines of the company",
            "prefix": PORTAL_PREFIX,
            "hash": hash_of(secrets.token_urlsafe(32)),
            "scopes": ["orders:write"],
            "rate_per_minute": RATE_PER_MINUTE,
            "created_at": clock.now(),
            "created_by": "system",
        },
    )
    return bytes(found.hash)


@needs_transaction
def end_portal_keys(organization_id: int, user: User) -> None:
    """Part of taking a person's right to order: nothing is placed by their key any more, live or test."""
    twins = Organization.objects.filter(twin_of_id=organization_id).values_list("pk", flat=True)
    names = [f"{PORTAL_PREFIX}-{pk}-{user.pk}" for pk in (organization_id, *twins)]
    ApiKey.objects.filter(public_id__in=names, revoked_at__isnull=True).update(revoked_at=clock.now())


def _may_order(organization: Organization, user: User) -> bool:
    home = organization.twin_of_id or organization.pk
    mine = Membership.objects.filter(organization_id=home, user=user).first()
    return mine is not None and allows(Role(mine.role), "orders:write")
