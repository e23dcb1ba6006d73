"""The addresses of SAML: where providers post answers, where browsers finish with them, and our metadata."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from simplane.sso import saml, saml_finish, saml_settings
from simplane.sso.arrival import arrive
from simplane.sso.errors import BadAnswer
from simplane.sso.journeys import come_back
from simplane.sso.landing import of_connection
from simplane.sso.models import Connection


class SeeOther(HttpResponseRedirect):
    """Go there by GET, whatever this was."""

    status_code = 303


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@of_connection
def acs(request: HttpRequest, connection: Connection) -> HttpResponse:
    """The provider's answer. Where it wants the browser to go afterwards (RelayState) is not read: the session knows."""
    _only_saml(connection)
    encoded = request.POST.get("SAMLResponse", "")
    if not encoded:
        raise BadAnswer("no answer came by POST", fix="set your provider to the HTTP POST binding, then begin again")
    key = saml_finish.keep(connection, saml.proved(request, connection, encoded))
    return SeeOther(reverse("sso:finish", args=[connection.public_id, key]))


@require_safe
@of_connection
def finish(request: HttpRequest, connection: Connection, key: str) -> HttpResponse:
    """The same browser that began signs in with the answer."""
    _only_saml(connection)
    told, in_response_to = saml_finish.take(connection, key)
    journey = come_back(request, connection, in_response_to)
    return arrive(request, connection, told, journey)


@require_safe
@of_connection
def metadata(request: HttpRequest, connection: Connection) -> HttpResponse:
    """For the provider."""
    _only_saml(connection)
    return HttpResponse(saml_settings.metadata(request, connection), content_type="application/samlmetadata+xml")


def _only_saml(connection: Connection) -> None:
    if connection.protocol != Connection.Protocol.SAML:
        raise Http404("this connection does not use SAML")
