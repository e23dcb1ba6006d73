"""Orders placed by a person in the portal act by a key, as all others do: one that nobody can send.

So the SQL that decides orders knows one kind of caller. Each person has a key of their own in an organization, and its
public id, which stands in audit and ledger, names them: `portal-<organization>-<user>`.
"""

from __future__ import annotations

import secrets

from simplane.core import clock
from simplane.organizations.keys import PORTAL_PREFIX, hash_of
from simplane.organizations.models import ApiKey, Organization, User

RATE_PER_MINUTE = 6_000
"""A tenth of it at once: a file of 200 travellers is 200 orders with one click."""


def portal_key_hash(organization: Organization, user: User) -> bytes:
    """The hash of the person's key in an organization (or its twin), made at first use. Its secret was thrown away."""
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
    return bytes(found.hash)
