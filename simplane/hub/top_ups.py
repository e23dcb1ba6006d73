"""Money into the wallet: the list of top-ups, one top-up, and what a person sets about cards and automatic ones."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from simplane.hub.shell import HubRequest, page, show
from simplane.hub.wallet import chosen
from simplane.ledger.queries import wallets
from simplane.payments import queries
from simplane.payments.models import TopUp
from simplane.ui.frames import is_part
from simplane.ui.paging import page_of

S = TopUp.State
WAITING = (S.CREATED, S.AWAITING, S.PROCESSING)


@require_safe
@page("wallet:read")
def top_ups(request: HubRequest) -> HttpResponse:
    """All top-ups, and the forms that make more."""
    return show_top_ups(request)


def show_top_ups(request: HubRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    """`problem`: why what was asked was not done."""
    hub = request.hub
    state = chosen(request, wallets(hub.organization.pk))
    found = page_of(queries.top_ups(hub.organization.pk), request.GET)
    context: dict[str, Any] = {
        "wallet": state,
        "page": found,
        "takes_cards": queries.takes_cards(hub.organization),
        "pays": hub.may("wallet:topup") and not hub.acting,
        "problem": problem,
        "typed": request.POST,
        "request_key": uuid4().hex,
    }
    if state and context["pays"]:
        context |= {
            "cards": queries.cards(hub.organization.pk),
            "auto": queries.auto_top_up(hub.organization.pk, state.currency),
            "alarm": queries.alarm(hub.organization.pk, state.currency),
        }
    return show(request, "top_ups", "wallet", context, status=status)


@require_safe
@page("wallet:read")
def top_up(request: HubRequest, public_id: str) -> HttpResponse:
    """One top-up; it looks again while money is on its way. `go`: on to the payment page at once."""
    found = queries.top_up(request.hub.organization.pk, public_id)
    pays = request.hub.may("wallet:topup") and not request.hub.acting
    payable = pays and found.state == S.AWAITING and bool(found.url)
    if is_part(request) and request.GET.get("stamp") == found.state:
        return HttpResponse(status=204)
    context = {"top_up": found, "payable": payable, "waiting": found.state in WAITING}
    answer = show(request, "top_up", "wallet", context)
    if payable and request.GET.get("go"):
        # A form may not lead to another site (our policy for scripts and forms), a page may go on to one.
        answer["Refresh"] = f"0; url={found.url}"
    return answer
