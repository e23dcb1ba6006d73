"""Access tokens of the OAuth2 client credentials grant (RFC 6749 section 4.4): short-lived keys got with a key.

A token is a row of its own that carries its rights, so whoever looks a secret up need not know the difference. It ends
with the key it was got with (`keys.py`) and shares its rate.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.errors import BadInput, Refusal
from simplane.core.ids import new_id
from simplane.organizations.keys import ALPHABET, SHOWN, allows, hash_of
from simplane.organizations.models import ApiKey, Organization

LIFETIME = timedelta(hours=1)
KEPT = timedelta(days=7)
"""So long an ended token stays, for the audit trail to be followed."""


class InvalidClient(Refusal):
    """The client is unknown, or its secret is not the key."""

    code = "invalid_client"
    status = 401


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, which nobody can read again."""

    secret: str
    scopes: tuple[str, ...]
    seconds: int


def issue_token(client_id: str, client_secret: str, scopes: Sequence[str], *, address: str) -> Token:
    """A token with these scopes of the key (none named: all). Raises InvalidClient, or BadInput for a scope it lacks."""
    with transaction():
        key = _client(client_id, client_secret, address)
        wanted = sorted(set(scopes)) or sorted(key.scopes)
        lacking = [scope for scope in wanted if scope not in key.scopes]
        if lacking:
            raise BadInput(f"the key lacks {' '.join(lacking)}", fix=f"ask for some of {' '.join(sorted(key.scopes))}")
        now = clock.now()
        key.tokens.filter(expires_at__lt=now - KEPT).delete()
        until = min(now + LIFETIME, key.expires_at) if key.expires_at else now + LIFETIME
        secret = _secret(key.organization)
        ApiKey.objects.create(
            organization=key.organization,
            parent=key,
            public_id=new_id("tok"),
            name=key.name,
            prefix=secret[:SHOWN],
            hash=hash_of(secret),
            scopes=wanted,
            allowed_networks=key.allowed_networks,
            rate_per_minute=key.rate_per_minute,
            created_at=now,
            created_by=f"api_key:{key.public_id}",
            expires_at=until,
        )
        return Token(secret, tuple(wanted), int((until - now).total_seconds()))


def _client(client_id: str, client_secret: str, address: str) -> ApiKey:
    """The living key, locked: a revocation at the same moment either comes before, or finds the token."""
    rows = ApiKey.objects.select_for_update(of=("self",)).select_related("organization")
    key = rows.filter(public_id=client_id, parent__isnull=True, revoked_at__isnull=True).first()
    good = key is not None and hmac.compare_digest(bytes(key.hash), hash_of(client_secret))
    if key is None or not good or (key.expires_at is not None and key.expires_at <= clock.now()):
        raise InvalidClient(fix="client_id is the key's id (key_…), client_secret the key itself (sk_…)")
    if not allows(key, address) or key.organization.state != Organization.State.ACTIVE:
        raise InvalidClient(
            "the client may not be used now, or not from this address", fix="look at the key's networks"
        )
    return key


def _secret(owner: Organization) -> str:
    mode = "test" if owner.is_test else "live"
    return f"at_{mode}_" + "".join(secrets.choice(ALPHABET) for _ in range(40))
