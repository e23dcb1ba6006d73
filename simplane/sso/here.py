"""Our own addresses of a connection, as its provider must know them."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from simplane.organizations.hosts import address_of
from simplane.organizations.models import Domain
from simplane.sso.models import Connection


def home(slug: str, connection: Connection, page: str) -> str:
    """The page at the address that every company has."""
    return f"{address_of(slug)}{_path(connection, page)}"


def addresses(slug: str, connection: Connection, page: str) -> list[str]:
    """The page at `home` and at the company's own proved domains. Inside its scope."""
    proved = Domain.objects.filter(for_pages=True, verified_at__isnull=False).order_by("host")
    own = [f"{_scheme()}://{host}{_path(connection, page)}" for host in proved.values_list("host", flat=True)]
    return [home(slug, connection, page), *own]


def address(request: HttpRequest, connection: Connection, page: str) -> str:
    """The page `sso:<page>` of the connection at the host of the request, which is the company's own."""
    return f"{_scheme()}://{request.get_host()}{_path(connection, page)}"


def _scheme() -> str:
    return urlsplit(settings.SIMPLANE.base_url).scheme


def _path(connection: Connection, page: str) -> str:
    return reverse(f"sso:{page}", urlconf="simplane.company.urls", args=[connection.public_id])
