"""What every address of a sign-in through a provider shares: whose connection, how often, and a page for a refusal."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from simplane.core import audit, ratelimit, tenancy
from simplane.core.addresses import source_ip
from simplane.core.db import transaction
from simplane.core.errors import Refusal
from simplane.organizations.hosts import Tenant
from simplane.sso.errors import NotBegun, TooManyTries
from simplane.sso.models import Connection

P = ParamSpec("P")
A_MINUTE = 60
"""Requests to these pages from one address; an office shares one."""
NOTED_AN_HOUR = 20
"""Refusals of a connection that stand in the company's log: enough to see what is wrong, not to bury the rest."""
View = Callable[Concatenate[HttpRequest, Connection, P], HttpResponse]


def of_connection(view: View[P]) -> Callable[..., HttpResponse]:
    """The view of one connection of the company at this host (404 for others, and for one that is switched off).

    It runs outside the company's scope. A Refusal becomes a page that says what to do, and a line in the company's log.
    """

    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, public_id: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        connection = _connection(request, public_id)
        try:
            _check_pace(request)
            made = view(request, connection, *args, **kwargs)
        except Refusal as refusal:
            _note(connection, refusal)
            made = refused(request, connection, refusal)
        made.headers["Referrer-Policy"] = "no-referrer"
        return made

    return cast(Callable[..., HttpResponse], answer)


def refused(request: HttpRequest, connection: Connection, refusal: Refusal) -> HttpResponse:
    """The page that says why nobody was signed in, and what to do."""
    shown = {"connection": connection, "refusal": refusal, "tenant": tenant_at(request)}
    return render(request, "sso/refused.html", shown, status=refusal.status)


def tenant_at(request: HttpRequest) -> Tenant:
    """The company at the request's host. Raises Http404 on a host of ours."""
    found = getattr(request, "tenant", None)
    if found is None:
        raise Http404("only companies sign in through their own providers")
    return cast(Tenant, found)


def _connection(request: HttpRequest, public_id: str) -> Connection:
    with tenancy.scope(tenant_at(request).pk):
        rows = Connection.objects.filter(public_id=public_id).exclude(state=Connection.State.OFF)
        found: Connection | None = rows.first()
    if found is None:
        raise Http404("there is no such way to sign in")
    return found


def _check_pace(request: HttpRequest) -> None:
    wait = -ratelimit.take(f"sign-in:{source_ip(request.META)}", per_second=A_MINUTE / 60, burst=A_MINUTE)
    if wait > 0:
        raise TooManyTries(fix=f"wait {int(wait) + 1} seconds")


def _note(connection: Connection, refusal: Refusal) -> None:
    """What anybody can cause without having begun here is not worth a line."""
    if isinstance(refusal, NotBegun | TooManyTries):
        return
    if ratelimit.take(f"refused:{connection.pk}", per_second=NOTED_AN_HOUR / 3600, burst=NOTED_AN_HOUR) < 0:
        return
    told: dict[str, Any] = {"through": connection.name, "code": refusal.code}
    with transaction():
        audit.note(
            "sign_in.refused",
            "connection",
            connection.public_id,
            after=told,
            reason=str(refusal)[:500],
            organization_id=connection.organization_id,
        )
