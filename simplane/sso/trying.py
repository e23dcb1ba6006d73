"""An owner tries a connection: what came, and what would happen, without anything happening."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from simplane.core import tenancy
from simplane.core.errors import Refusal
from simplane.organizations.models import User
from simplane.sso import connections
from simplane.sso.entitled import Entitled, judge
from simplane.sso.errors import NotBegun
from simplane.sso.landing import tenant_at
from simplane.sso.models import Connection
from simplane.sso.sessions import is_owner
from simplane.sso.values import Told


def shown(request: HttpRequest, connection: Connection, told: Told) -> HttpResponse:
    """The page of a test. It counts when the owner who tests would be let in, as themselves."""
    if not is_owner(request):
        raise NotBegun("you were signed out meanwhile", fix="sign in as an owner, then test again")
    found: Entitled | None = None
    refusal: Refusal | None = None
    try:
        found = judge(connection, told)
    except Refusal as problem:
        refusal = problem
    assert isinstance(request.user, User)
    is_self = found is not None and found.user is not None and found.user.pk == request.user.pk
    if is_self:
        with tenancy.scope(connection.organization_id):
            connections.tested(connection.public_id, by=request.user.email)
    context = {
        "connection": connection,
        "told": told,
        "found": found,
        "refusal": refusal,
        "is_self": is_self,
        "tenant": tenant_at(request),
    }
    return render(request, "sso/tested.html", context)
