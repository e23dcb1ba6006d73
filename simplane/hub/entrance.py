"""The bare address of the site."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect


def start(request: HttpRequest) -> HttpResponse:
    """Our staff to the console, everybody else to the hub, which asks who they are."""
    return HttpResponseRedirect("/console/" if getattr(request.user, "is_staff", False) else "/hub/")
