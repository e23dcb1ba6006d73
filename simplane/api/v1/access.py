"""Who calls, and whether they may: API keys and the access tokens that were got with one.

The same rules stand in SQL in `ordering/migrations` for POST /api/v1/orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from simplane.api import limits
from simplane.api.problems import Refused
from simplane.core import clock
from simplane.core.addresses import source_ip
from simplane.organizations.keys import allows, find_key, used
from simplane.organizations.models import ApiKey, Organization

USED_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class Call:
    """What the edge knows of a request before any address is looked at."""

    request_id: str
    key: ApiKey | None
    headers: dict[str, str] = field(default_factory=dict)
    """To be sent with the answer, whatever it is."""


class ApiRequest(HttpRequest):
    """A request that came through the edge (api/v1/edge.py)."""

    call: Call
    auth: Caller


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that calls and the organization it acts for."""

    key: ApiKey

    @property
    def organization(self) -> Organization:
        """Whose data this call may see: its own and nobody else's."""
        return self.key.organization

    @property
    def name(self) -> str:
        """As the audit trail writes it."""
        return f"api_key:{self.key.public_id}"

    @property
    def asker(self) -> str:
        """Who asks for something that a second person may have to decide: the key's maker, so that nobody is their own."""
        made_by = self.key.created_by
        return f"{made_by} by key {self.key.public_id}"[:120] if made_by.startswith("user:") else self.name


class Scope(HttpBearer):
    """Lets a call pass whose key has this scope. Raises Refused."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller:
        assert isinstance(request, HttpRequest)
        call: Call = getattr(request, "call")  # noqa: B009  set by the edge on every request
        key = call.key
        if key is None:
            raise Refused("unauthorized")
        # First: a call that is refused for good costs the key's rate as well.
        _within_rate(call, key)
        if not allows(key, source_ip(request.META)):
            raise Refused("wrong_network")
        self.reach(request, key)
        if self.scope not in key.scopes:
            raise Refused("missing_scope", f"this call needs the scope {self.scope}: use a key that has it")
        if not _served(key.organization, request):
            raise Refused(f"account_{key.organization.state}")
        used(key, every=USED_EVERY)
        return Caller(key)

    def reach(self, request: HttpRequest, key: ApiKey) -> None:
        """Whether the key may ask at this address at all. Raises Refused."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Never called: the edge has looked the key up already."""
        raise NotImplementedError


class TenantScope(Scope):
    """As Scope, at the addresses of a company: only a key of that company finds something there."""

    def reach(self, request: HttpRequest, key: ApiKey) -> None:
        owner, asked = key.organization, request.resolver_match
        slug = asked.kwargs.get("tenant") if asked else None
        if owner.kind != Organization.Kind.COMPANY or slug != owner.slug:
            raise Refused("not_found", "there is no such company, or this key is not its own")


def _served(owner: Organization, request: HttpRequest) -> bool:
    """Whoever is suspended still reads what it bought; it changes and spends nothing."""
    reads = request.method in ("GET", "HEAD") and owner.state == Organization.State.SUSPENDED
    return reads or owner.state == Organization.State.ACTIVE


def _within_rate(call: Call, key: ApiKey) -> None:
    taken, standing = limits.take(key)
    call.headers.update(limits.headers(standing))
    if not taken:
        raise Refused("rate_limited", retry_after=standing.retry_after)


def caller_key(request: HttpRequest) -> ApiKey | None:
    """The living key of the Authorization header; None without one that is good."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        return None
    return find_key(secret.strip(), at=clock.now())
