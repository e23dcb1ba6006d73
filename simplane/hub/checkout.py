"""Confirming a cart: the one POST that spends. What the form sealed is ordered, at most at the prices it showed."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from simplane.core.addresses import source_ip
from simplane.core.errors import BadInput
from simplane.hub import cart
from simplane.hub.basket import opened
from simplane.hub.cart_pages import show_cart
from simplane.hub.placement import Outcome, place_all
from simplane.hub.recipient import RecipientForm
from simplane.hub.shell import HubRequest, page


@require_POST
@page("orders:write", members_only=True)
def checkout(request: HubRequest) -> HttpResponse:
    """Place the orders of the sealed cart. The same form again is answered with the same orders."""
    hub = request.hub
    try:
        basket = opened(request.POST.get("basket", ""), hub.organization.pk)
        if not basket.orders:
            raise BadInput("the cart is empty", fix="choose something from the catalogue")
    except BadInput as refusal:
        messages.error(request, f"Nothing was ordered: {refusal}.")
        return redirect("hub:cart")
    form = RecipientForm(request.POST, basket=basket)
    if not form.is_valid():
        return show_cart(request, form=form, status=422)
    address = source_ip(request.META)
    outcomes = place_all(basket, hub.organization, hub.user, form.recipient(), address)
    fresh = [key for one in outcomes if one.fresh for key in one.order.keys]
    if fresh:
        cart.take_out(request.session, hub.organization.pk, fresh)
    return _told(request, outcomes, form)


def _told(request: HubRequest, outcomes: Sequence[Outcome], form: RecipientForm) -> HttpResponse:
    placed = [one for one in outcomes if one.public_id]
    refused = tuple(dict.fromkeys(one.problem for one in outcomes if one.problem))
    if refused:
        if placed:
            messages.success(
                request, f"{len(placed)} of {len(outcomes)} orders are placed; the others stay in the cart."
            )
        return show_cart(request, form=form, problems=refused, status=422)
    if len(placed) == 1:
        messages.success(request, "The order is placed.")
        return redirect("hub:order", placed[0].public_id)
    messages.success(request, f"{len(placed)} orders are placed.")
    return redirect("hub:orders")
