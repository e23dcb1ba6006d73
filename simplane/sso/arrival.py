"""The end of a sign-in through a provider, the same for both protocols: who that is here, and their session."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from simplane.sso.journeys import Journey
from simplane.sso.models import Connection
from simplane.sso.values import Told


def arrive(request: HttpRequest, connection: Connection, told: Told, journey: Journey) -> HttpResponse:
    """Sign in who came, and lead them to what they asked for; in a test only show what would happen.

    Call it outside the company's scope and outside a transaction, after the proof was checked and `journey` came back.
    Raises NotLetIn (nothing was changed).
    """
    raise NotImplementedError
