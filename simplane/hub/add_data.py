"""Adding data to an eSIM: what fits it and costs what, asked of its supplier when the page is opened, and the order for it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from simplane.catalog.shelf import Priced
from simplane.core import context as who
from simplane.core.addresses import source_ip
from simplane.core.batches import NotDone
from simplane.core.errors import Refusal
from simplane.core.ids import new_id
from simplane.hub.order_acts import own_unit
from simplane.hub.placement import REFUSALS, problem
from simplane.hub.shell import HubRequest, page, show
from simplane.ordering import topping_up
from simplane.ordering.models import Unit
from simplane.ordering.placing import LineWanted, OrderWanted, Placed
from simplane.ordering.topping_up import Topping
from simplane.organizations.portal import portal_key_hash


@require_http_methods(["GET", "HEAD", "POST"])
@page("orders:write", members_only=True)
def add_data(request: HubRequest, public_id: str) -> HttpResponse:
    """The page, and the one POST that spends. The same form again is answered with the same order."""
    unit = own_unit(request, public_id)
    if request.method != "POST":
        return _shown(request, unit)
    try:
        placed = topping_up.order(Topping(unit, _wanted(request, unit), counted=False))
    except Refusal as refusal:
        return _shown(request, unit, f"Nothing was ordered: {refusal}", status=refusal.status)
    except NotDone:
        return _shown(request, unit, REFUSALS["unavailable"], status=503)
    if placed.status != 201:
        code = json.loads(placed.body).get("code", placed.code) if placed.body else placed.code
        return _shown(request, unit, problem(placed, code), status=422)
    return _done(request, placed)


def _shown(request: HubRequest, unit: Unit, refused: str = "", *, status: int = 200) -> HttpResponse:
    choices: list[Priced] = []
    why_none = ""
    try:
        choices = topping_up.choices(unit)
    except Refusal as refusal:
        why_none = str(refusal)
    shown: dict[str, Any] = {
        "unit": unit,
        "choices": choices,
        "why_none": why_none,
        "refused": refused,
        "token": request.POST.get("token") if refused and status == 503 else new_id("fil"),
    }
    return show(request, "add_data", "orders", shown, status=status)


def _wanted(request: HubRequest, unit: Unit) -> OrderWanted:
    """At most at the price that the form showed."""
    hub, sent = request.hub, request.POST
    sku, _, most = sent.get("choice", "").rpartition("@")
    token = sent.get("token", "")[:40]
    return OrderWanted(
        key_hash=portal_key_hash(hub.organization, hub.user),
        address=source_ip(request.META) or "0.0.0.0",  # noqa: S104  no address is known on a socket file
        idempotency_key=f"portal-{token}",
        request_hash=hashlib.sha256(f"{unit.public_id}\n{sku}\n{most}".encode()).digest(),
        public_id=new_id("ord"),
        lines=(LineWanted(sku, 1, int(most) if most.isdecimal() and len(most) < 15 else 0),),
        request_id=who.request_id(),
    )


def _done(request: HubRequest, placed: Placed) -> HttpResponse:
    messages.success(request, "The data is ordered; it is on the eSIM in a moment.")
    return redirect("hub:order", topping_up.order_id(placed))
