"""What a person does about money coming in: pay, save and remove cards, automatic top-ups, the alarm."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.core.money import Money, parse
from simplane.hub.shell import HubRequest, page
from simplane.hub.top_ups import S, show_top_ups
from simplane.hub.wallet import chosen
from simplane.ledger.queries import wallets
from simplane.payments import actions
from simplane.payments.errors import CallFailed
from simplane.payments.models import TopUp
from simplane.payments.step import step


@require_POST
@page("wallet:topup", members_only=True)
def pay(request: HubRequest) -> HttpResponse:
    """Start a top-up: on the payment page, or from a saved card (`card`). The same form again is the same top-up."""
    try:
        made = _started(request)
    except Refusal as refusal:
        return show_top_ups(request, problem=str(refusal), status=422)
    address = reverse("hub:top_up", args=[made.public_id])
    go = "?go=1" if made.method == TopUp.Method.CHECKOUT and made.state in (S.CREATED, S.AWAITING) else ""
    return HttpResponseRedirect(address + go)


def _started(request: HubRequest) -> TopUp:
    organization, card = request.hub.organization, request.POST.get("card", "")
    money, key = _amount(request, "amount"), request.POST.get("request_key", "")[:64] or None
    if card:
        return actions.charge_card(organization, money, card, request_key=key)
    back = _address("hub:top_ups", currency=money.currency)
    save = bool(request.POST.get("save_card"))
    return actions.start_checkout(
        organization, money, success_url=back, cancel_url=back, save_card=save, request_key=key
    )


@require_POST
@page("wallet:topup", members_only=True)
def card_save(request: HubRequest) -> HttpResponse:
    """Save a card without paying: on to the payment service's page."""
    back = _address("hub:top_ups")
    try:
        made = actions.start_saving_card(request.hub.organization, success_url=back, cancel_url=back)
    except Refusal as refusal:
        return show_top_ups(request, problem=str(refusal), status=422)
    if not made.url:
        return show_top_ups(request, problem="the payment service does not answer: try again soon", status=422)
    answer = render(request, "hub/leaving.html", {"url": made.url})
    answer["Refresh"] = f"0; url={made.url}"
    return answer


@require_POST
@page("wallet:topup", members_only=True)
def card_remove(request: HubRequest, public_id: str) -> HttpResponse:
    """A saved card is charged no more."""
    return _done(request, "The card is removed.", lambda: actions.remove_card(request.hub.organization.pk, public_id))


@require_POST
@page("wallet:topup", members_only=True)
def auto_set(request: HubRequest) -> HttpResponse:
    """Charge a card when the wallet falls below a threshold; or stop (`stop`)."""
    organization = request.hub.organization
    if request.POST.get("stop"):
        currency = _currency(request)
        return _done(request, "Automatic top-ups are off.", lambda: actions.stop_auto_top_up(organization, currency))

    def set_it() -> None:
        below, amount, cap = (_amount(request, name) for name in ("below", "amount", "cap"))
        actions.set_auto_top_up(
            organization,
            amount.currency,
            card=request.POST.get("card", ""),
            threshold_minor=below.minor,
            amount_minor=amount.minor,
            cap_minor=cap.minor,
        )

    return _done(request, "Automatic top-ups are on.", set_it)


@require_POST
@page("wallet:topup", members_only=True)
def auto_again(request: HubRequest) -> HttpResponse:
    """Charge now what the automatic top-up was declined."""
    try:
        made = actions.try_again(request.hub.organization.pk, _currency(request))
    except NotFound:
        raise
    except Refusal as refusal:
        return show_top_ups(request, problem=str(refusal), status=422)
    step(made.pk)
    return redirect("hub:top_up", made.public_id)


@require_POST
@page("wallet:topup", members_only=True)
def alarm_set(request: HubRequest) -> HttpResponse:
    """Tell when the wallet falls below an amount; an empty one: never."""

    def set_it() -> None:
        below = _amount(request, "below").minor if request.POST.get("below", "").strip() else None
        actions.set_alarm(request.hub.organization, _currency(request), below)

    return _done(request, "Saved.", set_it)


def _done(request: HubRequest, said: str, verb: Callable[[], object]) -> HttpResponse:
    try:
        verb()
    except NotFound:
        raise
    except Refusal as refusal:
        return show_top_ups(request, problem=str(refusal), status=422)
    except CallFailed:
        return show_top_ups(request, problem="the payment service did not do it: try again soon", status=422)
    messages.success(request, said)
    return redirect(_address("hub:top_ups", currency=_currency(request), local=True))


def _amount(request: HubRequest, name: str) -> Money:
    """What was typed into a field, in the wallet's currency. Raises BadMoney."""
    return parse(request.POST.get(name, "").strip().replace(",", "."), _currency(request))


def _currency(request: HubRequest) -> str:
    """Of the wallet that the form names. Raises BadInput when there is none."""
    states = wallets(request.hub.organization.pk)
    named = next((one for one in states if one.currency == request.POST.get("currency")), None)
    found = named or chosen(request, states)
    if found is None:
        raise BadInput("there is no wallet yet", fix="write to us")
    return found.currency


def _address(name: str, *, local: bool = False, **query: str) -> str:
    path = reverse(name) + (f"?{urlencode(query)}" if query else "")
    return path if local else settings.SIMPLANE.base_url.rstrip("/") + path
