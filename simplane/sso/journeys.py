"""Sign-ins under way to a provider and back, kept in the browser's own session: each comes back once, in ten minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from simplane.core import clock
from simplane.sso.errors import NotBegun
from simplane.sso.models import Connection
from simplane.sso.values import Way

SESSION_KEY = "sso_journeys"
LASTS_SECONDS = 600
MOST = 5
"""At once in a browser: the oldest is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A sign-in that came back. `test`: an owner looks what would happen, nobody is signed in."""

    kept: Mapping[str, str]
    target: str
    """The page that was asked for, as a path; empty: none."""
    test: bool


def set_out(request: HttpRequest, connection: Connection, way: Way, *, target: str = "", test: bool = False) -> None:
    """Remember a sign-in that leaves for the provider by `way`."""
    known = _known(request)
    begun = {"connection": connection.public_id, "at": _now(), "kept": dict(way.kept), "target": target, "test": test}
    request.session[SESSION_KEY] = {**dict(list(known.items())[1 - MOST :]), way.key: begun}


def come_back(request: HttpRequest, connection: Connection, key: str) -> Journey:
    """The sign-in of this browser that left by `key`, which ends with this. Raises NotBegun."""
    known = _known(request)
    begun = known.pop(key, None)
    if begun is None or begun["connection"] != connection.public_id or begun["at"] < _now() - LASTS_SECONDS:
        raise NotBegun(fix="begin again at the sign-in page")
    request.session[SESSION_KEY] = known
    return Journey(kept=begun["kept"], target=begun["target"], test=begun["test"])


def _known(request: HttpRequest) -> dict[str, dict[str, Any]]:
    return dict(request.session.get(SESSION_KEY, {}))


def _now() -> int:
    return int(clock.now().timestamp())
