"""Matching: which offers may serve which product, proposed by the machine and decided by a person."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.console.shell import page
from simplane.core.errors import BadInput
from simplane.routing import matching as actions
from simplane.routing import queries
from simplane.routing.models import Match
from simplane.ui.outcomes import attempt, back
from simplane.ui.paging import page_of


@require_safe
def matching(request: HttpRequest) -> HttpResponse:
    """Proposals, or with `state` the approved or rejected, or with `stale` the approved whose offer changed."""
    found = page_of(_filtered(request.GET), request.GET)
    return page(
        request,
        "matching",
        "matching",
        {"page": found, "shown": request.GET.get("state", "proposed"), "waiting": queries.to_review()},
    )


def _filtered(query: QueryDict) -> QuerySet[Match]:
    found = Match.objects.select_related("product", "offer__supplier").defer("offer__raw")
    wanted = query.get("state", Match.State.PROPOSED)
    if wanted == "stale":
        found = found.filter(state=Match.State.APPROVED).exclude(offer_hash=F("offer__content_hash"))
    elif wanted in Match.State.values:
        found = found.filter(state=wanted)
    sku = query.get("sku", "").strip()
    if sku:
        found = found.filter(product__sku=sku)
    if query.get("exact"):
        found = found.filter(score=100)
    return found


@require_POST
def matching_decide(request: HttpRequest) -> HttpResponse:
    """Approve or reject the ticked matches, all or none."""
    keys = [int(key) for key in request.POST.getlist("match") if key.isdecimal()]
    note = request.POST.get("note", "").strip()
    if request.POST.get("verdict") == "approve":
        attempt(request, f"{len(keys)} approved.", lambda: actions.approve(_some(keys), note=note))
    else:
        attempt(request, f"{len(keys)} rejected.", lambda: actions.reject(_some(keys), note=note))
    return back(request, reverse("console:matching"))


@require_POST
def matching_propose(request: HttpRequest) -> HttpResponse:
    """Look for offers that fit, for all products, now."""
    attempt(request, "Proposals are up to date.", actions.propose)
    return back(request, reverse("console:matching"))


def _some(keys: list[int]) -> list[int]:
    if not keys:
        raise BadInput("nothing is selected", fix="tick at least one match")
    return keys
