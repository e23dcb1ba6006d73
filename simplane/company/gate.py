"""The first question to a request: whose host is this? Ours, a company's, or nobody's."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host

from simplane.organizations import hosts

REFUSED = "There is nothing at this address. Check how the name is spelled.\n"


class HostGate:
    """Middleware: a company's host gets the company's pages (`request.tenant`) and nothing of ours; others are refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host, _ = split_domain_port(request.META.get("HTTP_HOST") or request.META["SERVER_NAME"])
        if host and validate_host(host, settings.OWN_HOSTS):
            return self._get_response(request)
        tenant = hosts.tenant_of(host) if host else None
        if tenant is None:
            return HttpResponse(REFUSED, status=421 if host else 400, content_type="text/plain")
        request.tenant = tenant  # type: ignore[attr-defined]
        request.urlconf = "simplane.company.urls"
        return self._get_response(request)
