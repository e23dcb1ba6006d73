"""The end of a sign-in through a provider, the same for both protocols: who that is here, and their session."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from simplane.core import context
from simplane.organizations.adapter import SESSION_TENANT
from simplane.organizations.models import User
from simplane.organizations.newcomers import BACKEND
from simplane.sso.admission import admit
from simplane.sso.errors import NotBegun
from simplane.sso.journeys import Journey
from simplane.sso.models import Connection
from simplane.sso.sessions import SIGNED_IN_BY, remember_way
from simplane.sso.trying import shown
from simplane.sso.values import Told

METHOD = "sso"
"""In allauth's record of the session. Never `mfa`: what a provider asked for is not our second factor."""


def arrive(request: HttpRequest, connection: Connection, told: Told, journey: Journey) -> HttpResponse:
    """Sign in who came, and lead them to what they asked for; in a test only show what would happen.

    Call it outside the company's scope and outside a transaction, after the proof was checked and `journey` came back.
    Raises NotLetIn (nothing was changed), and NotBegun where nobody is signed in any more.
    """
    if journey.test:
        return shown(request, connection, told)
    if connection.state != Connection.State.ACTIVE:
        raise NotBegun("this way to sign in was closed meanwhile", fix="begin again at the sign-in page")
    with context.acting(f"sign-in:{connection.name} {told.email or told.subject}"[:120]):
        user = admit(connection, told)
    return _begin_session(request, connection, user, _target(request, journey))


def _begin_session(request: HttpRequest, connection: Connection, user: User, target: str) -> HttpResponse:
    """Whoever used this browser before is signed out. Our second factor is asked for unless the company enforces this way."""
    logout(request)
    remember_way(request, connection.public_id)
    record_authentication(request, user, METHOD, connection=connection.public_id)
    if not connection.enforced:
        made: HttpResponse = perform_login(request, user, redirect_url=target)
        return made
    request.session[SESSION_TENANT], request.session[SIGNED_IN_BY] = connection.organization_id, connection.public_id
    login(request, user, backend=BACKEND)
    return HttpResponseRedirect(target)


def _target(request: HttpRequest, journey: Journey) -> str:
    wanted = journey.target
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if safe else "/"
