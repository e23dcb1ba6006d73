"""Play money for the test wallet, by one click."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.money import Money, parse
from simplane.hub.shell import HubRequest, page
from simplane.hub.wallet import chosen
from simplane.ledger.actions import pay_in_play_money
from simplane.ledger.queries import wallets
from simplane.organizations.models import Organization
from simplane.ui.outcomes import attempt

MOST = 100_000
"""Whole units of the currency at once."""


@require_POST
@page("wallet:topup")
def play_money(request: HubRequest) -> HttpResponse:
    """Put `amount` into the test wallet; the same form again puts it once. 404 in live mode."""
    state = chosen(request, wallets(request.hub.organization.pk))
    if not request.hub.test or state is None:
        raise NotFound("play money is for test mode")
    typed, key = request.POST.get("amount", ""), request.POST.get("request_key", "")
    attempt(
        request,
        "The play money is there.",
        lambda: fund(request.hub.organization, parse(typed.strip().replace(",", "."), state.currency), key),
    )
    return redirect("hub:wallet")


def fund(twin: Organization, money: Money, key: str) -> None:
    """Pay play money in, once a key. Raises BadInput, KeyReused."""
    if not 0 < money.decimal() <= MOST:
        raise BadInput(f"{money} can not be put in", fix=f"more than nothing, at most {MOST:,}")
    with transaction():
        pay_in_play_money(twin, money, key)
