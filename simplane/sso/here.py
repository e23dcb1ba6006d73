"""Our own addresses of a connection, as its provider must know them."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from simplane.sso.models import Connection


def address(request: HttpRequest, connection: Connection, page: str) -> str:
    """The page `sso:<page>` of the connection at the host of the request, which is the company's own."""
    scheme = urlsplit(settings.SIMPLANE.base_url).scheme
    return f"{scheme}://{request.get_host()}{reverse(f'sso:{page}', args=[connection.public_id])}"
