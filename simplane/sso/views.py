"""Sign-in through a company's provider: away, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from simplane.sso import journeys, oidc, saml
from simplane.sso.arrival import arrive
from simplane.sso.landing import of_connection
from simplane.sso.models import Connection
from simplane.sso.sessions import is_owner
from simplane.sso.values import Way

WAYS: Mapping[str, Callable[[HttpRequest, Connection], Way]] = {
    Connection.Protocol.OIDC: oidc.way_out,
    Connection.Protocol.SAML: saml.way_out,
}
"""Of each protocol: the way to the provider."""


@require_safe
@of_connection
def start(request: HttpRequest, connection: Connection) -> HttpResponse:
    """To the provider. With `?test` an owner looks what comes back; a connection that is being set up does only that."""
    test = "test" in request.GET
    if test and not is_owner(request):
        raise Http404("only owners test a connection")
    if not test and connection.state != Connection.State.ACTIVE:
        raise Http404("there is no such way to sign in")
    way = WAYS[connection.protocol](request, connection)
    journeys.set_out(request, connection, way, target=request.GET.get("next", ""), test=test)
    return HttpResponseRedirect(way.url)


@require_safe
@of_connection
def oidc_return(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Back from an OpenID provider."""
    if connection.protocol != Connection.Protocol.OIDC:
        raise Http404("this provider speaks SAML")
    journey = journeys.come_back(request, connection, request.GET.get("state", ""))
    return arrive(request, connection, oidc.who_came(request, connection, journey), journey)
