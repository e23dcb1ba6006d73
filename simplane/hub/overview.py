"""The first page: money, orders of today, what needs attention, and the first steps of a new account."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from simplane.hub.shell import HubRequest, page, show


@require_safe
@page("orders:read")
def overview(request: HubRequest) -> HttpResponse:
    """How the account stands."""
    return show(request, "overview", "overview", {})
