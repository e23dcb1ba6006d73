"""Every address of the hub with what its page asks, for tests that walk them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from simplane.hub.shell import Rule

ARGUMENTS = {"pk": 1, "public_id": "x_1", "secret": "x"}
VERBS = {"invitation_action": "again", "webhook_action": "test"}
OPEN = frozenset({"join", "invited"})
"""Pages of people who are not signed in yet."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address, with arguments that lead to nothing."""

    name: str
    address: str
    rule: Rule


def guarded_routes() -> list[Route]:
    """All routes of the hub but the open ones."""
    return [_route(one) for one in all_routes() if one.name not in OPEN]


def all_routes() -> list[URLPattern]:
    """As Django knows them."""
    found: list[URLPattern] = []
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and entry.namespace == "hub":
            found += [one for one in entry.url_patterns if isinstance(one, URLPattern)]
    return found


def _route(pattern: URLPattern) -> Route:
    known = ARGUMENTS | {"verb": VERBS.get(str(pattern.name), "")}
    wanted = {key: known[key] for key in pattern.pattern.regex.groupindex}
    return Route(str(pattern.name), reverse(f"hub:{pattern.name}", kwargs=wanted), cast(Any, pattern.callback).rule)


def ask(client: Client, address: str) -> Any:
    """GET, or an empty POST where only that is taken."""
    answer = client.get(address)
    return client.post(address) if answer.status_code == 405 else answer
