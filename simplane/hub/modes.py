"""Which account the hub shows: another organization of the person, live or test; and the end of seeing it as a reseller."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from simplane.core import audit
from simplane.core.db import transaction
from simplane.core.errors import NotFound
from simplane.hub.shell import HubRequest, page
from simplane.hub.standing import ACTING_FOR, CHOSEN, TEST
from simplane.ui.outcomes import back


@require_POST
@page("orders:read")
def mode(request: HubRequest) -> HttpResponse:
    """Switch between live and test: `test` is 1 or empty."""
    request.session[TEST] = bool(request.POST.get("test"))
    return back(request, reverse("hub:overview"))


@require_POST
@page("orders:read")
def choose(request: HubRequest) -> HttpResponse:
    """Go on as another organization of the same person. 404 for one they do not belong to."""
    wanted = next((one for one in request.hub.others if one.slug == request.POST.get("organization")), None)
    if wanted is None:
        raise NotFound("you do not belong to that organization")
    request.session[CHOSEN] = wanted.pk
    request.session.pop(TEST, None)
    return HttpResponseRedirect(reverse("hub:overview"))


@require_POST
@page("orders:read")
def stop_acting(request: HubRequest) -> HttpResponse:
    """One of our staff is done seeing the hub as this reseller does."""
    if request.session.pop(ACTING_FOR, None) is None:
        return HttpResponseRedirect(reverse("hub:overview"))
    request.session.pop(TEST, None)
    with transaction():
        audit.note("reseller.seen_as_ended", "organization", request.hub.home.slug)
    return HttpResponseRedirect("/console/")
