"""Addresses of the SCIM server, the same on our host and on a company's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def scim(request: HttpRequest, path: str = "") -> HttpResponse:
    """The server's code is read with its first request: it is half a second of work for every process that has pages."""
    from simplane.api.scim import views

    return views.scim(request, path=path)


app_name = "scim"
urlpatterns: list[URLPattern] = [re_path(r"^scim/v2(?P<path>/.*)?$", scim, name="scim")]
