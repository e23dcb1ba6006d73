"""Tokens of HR systems: made and revoked by the company, found by us before anybody's scope is entered."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from simplane.core import audit, clock, context, tenancy
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.organizations.keys import ALPHABET, SHOWN, hash_of
from simplane.workforce.models import ScimToken

USED_EVERY = timedelta(minutes=1)
MOST = 10
"""Living tokens a company."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token and its secret, which nobody can read again."""

    token: ScimToken
    secret: str


def create_token(name: str) -> NewToken:
    """Make a token of the company in whose scope we are. Raises BadInput."""
    if not 1 <= len(name.strip()) <= 80:
        raise BadInput("a token needs a name of 1 to 80 characters", fix="say which system it is for")
    secret = "scim_" + "".join(secrets.choice(ALPHABET) for _ in range(32))
    with transaction():
        if living().count() >= MOST:
            raise BadInput(f"there are {MOST} tokens already", fix="revoke one that nobody uses")
        made: ScimToken = ScimToken.objects.create(
            public_id=new_id("tok"),
            name=name.strip(),
            prefix=secret[:SHOWN],
            hash=hash_of(secret),
            created_at=clock.now(),
            created_by=context.actor()[:120],
        )
        audit.note("scim_token.created", "scim_token", made.public_id, after={"name": made.name})
    return NewToken(made, secret)


def revoke_token(public_id: str) -> None:
    """From the next request on it is refused. Raises NotFound."""
    with transaction():
        changed = living().filter(public_id=public_id).update(revoked_at=clock.now())
        if not changed:
            raise NotFound("there is no such token", fix="it may be revoked already")
        audit.note("scim_token.revoked", "scim_token", public_id)


def living() -> QuerySet[ScimToken]:
    """Tokens that work, newest first."""
    rows: QuerySet[ScimToken] = ScimToken.objects.filter(revoked_at=None).order_by("-pk")
    return rows


def find_token(secret: str) -> ScimToken | None:
    """The living token of this secret, whosever it is; the caller then enters its company's scope. Notes that it is used."""
    with tenancy.everywhere():
        found: ScimToken | None = living().select_related("organization").filter(hash=hash_of(secret)).first()
        if found is not None and (found.last_used_at is None or found.last_used_at <= clock.now() - USED_EVERY):
            living().filter(pk=found.pk).update(last_used_at=clock.now())
    return found
