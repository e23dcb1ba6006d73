"""Between the provider's POST, which brings no session of ours (SameSite), and the page that has one."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import IntegrityError

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.sso.errors import BadAnswer, NotBegun
from simplane.sso.models import Connection, SeenAssertion
from simplane.sso.values import Told

if TYPE_CHECKING:
    # Workers come by here for `forget_old` and need no XML for that.
    from simplane.sso.saml import Proved

KEPT_SECONDS = 120


def keep(connection: Connection, answer: Proved) -> str:
    """The key under which the browser fetches its answer, once. Raises BadAnswer when the assertion was used before."""
    _use_once(connection, answer)
    key = secrets.token_urlsafe(32)
    value = {"told": asdict(answer.told), "in_response_to": answer.in_response_to}
    cache.set(_name(connection, key), value, KEPT_SECONDS)
    return key


def take(connection: Connection, key: str) -> tuple[Told, str]:
    """What was kept, and which request it answers. Of two who ask one gets it. Raises NotBegun."""
    name = _name(connection, key)
    kept = cache.get(name)
    if kept is None or not cache.delete(name):
        raise NotBegun(fix="begin again at the sign-in page")
    said = dict(kept["told"])
    return Told(**{**said, "groups": tuple(said["groups"])}), str(kept["in_response_to"])


def forget_old() -> int:
    """Delete assertions that nobody could use any more; how many."""
    with tenancy.everywhere(), transaction():
        gone, _ = SeenAssertion.objects.filter(expires_at__lt=clock.now()).delete()
    return int(gone)


def _use_once(connection: Connection, answer: Proved) -> None:
    used = {"connection": connection, "assertion_id": answer.assertion_id, "expires_at": answer.expires_at}
    try:
        with tenancy.scope(connection.organization_id), transaction():
            SeenAssertion.objects.create(**used)
    except IntegrityError:
        raise BadAnswer("this answer was used already", fix="begin again at the sign-in page") from None


def _name(connection: Connection, key: str) -> str:
    return f"saml:{connection.pk}:{key}"
