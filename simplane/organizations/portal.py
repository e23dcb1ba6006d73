"""Orders placed by a person in the portal act by a key, as all others do: one that nobody can send.

So the SQL that decides orders knows one kind of caller. Each person has a key of their own in an organization, and its
public id, which stands in audit and ledger, names them: `portal-<organization>-<user>`.
"""

from __future__ import annotations

import secrets

from simplane.core import clock
from simplane.organizations.keys import PORTAL_PREFIX, hash_of
from simplane.organizations.models import ApiKey, Organization, User

PREFIX = PORTAL_PREFIX
"""Of the public ids and of what a list shows."""


def portal_key_hash(organization: Organization, user: User) -> bytes:
    """The hash of the person's key in an organization (or its twin), made at first use. Its secret was thrown away."""
    found, _ = ApiKey.objects.get_or_create(
        public_id=f"{PREFIX}-{organization.pk}-{user.pk}",
        defaults={
            "organization": organization,
            "name": user.email[:80],
            "prefix": PREFIX,
            "hash": hash_of(secrets.token_urlsafe(32)),
            "scopes": ["orders:write"],
            "created_at": clock.now(),
            "created_by": f"user:{user.pk} {user.email}"[:120],
        },
    )
    return bytes(found.hash)
