"""Webhook endpoints of the account and the log of what was sent to them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from simplane.core.errors import Refusal
from simplane.hub.shell import HubRequest, page, show
from simplane.ui.paging import page_of
from simplane.webhooks import actions
from simplane.webhooks.kinds import KINDS, TEST
from simplane.webhooks.models import Delivery, Endpoint
from simplane.webhooks.queries import deliveries, endpoint, endpoints, story
from simplane.webhooks.values import NewSecret

OVERLAPS = (("0", "The old secret stops at once"), ("24", "Both sign for a day"), ("168", "Both sign for a week"))


class EndpointForm(forms.Form):
    """Where to, and what about."""

    url = forms.CharField(label="Address", max_length=1000, widget=forms.TextInput(attrs={"inputmode": "url"}))
    description = forms.CharField(required=False, max_length=200)
    event_types = forms.MultipleChoiceField(
        label="Events",
        required=False,
        choices=[(name, name) for name in KINDS],
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of them, new ones included.",
    )


@require_safe
@page("webhooks:manage")
def webhooks(request: HubRequest) -> HttpResponse:
    """All endpoints, and the form for another."""
    return _list(request, EndpointForm())


@require_POST
@page("webhooks:manage", members_only=True)
def webhook_new(request: HubRequest) -> HttpResponse:
    """Make an endpoint and show its signing secret."""
    form = EndpointForm(request.POST)
    if form.is_valid():
        try:
            return shown(request, actions.create_endpoint(request.hub.organization, **form.cleaned_data))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return _list(request, form, status=422)


@require_safe
@page("webhooks:manage")
def webhook(request: HubRequest, public_id: str) -> HttpResponse:
    """One endpoint: how it stands, what was sent, and everything that can be done with it."""
    found = endpoint(request.hub.organization.pk, public_id)
    return detail(request, found, EndpointForm(initial=initial(found)))


@require_safe
@page("webhooks:manage")
def delivery(request: HubRequest, public_id: str) -> HttpResponse:
    """One delivery with every request, answer and time."""
    found = story(request.hub.organization.pk, public_id)
    return show(request, "delivery", "webhooks", {"story": found})


def detail(request: HubRequest, found: Endpoint, form: EndpointForm, *, status: int = 200) -> HttpResponse:
    """The page of an endpoint, with its form as it was sent."""
    state, kind = request.GET.get("state", ""), request.GET.get("type", "")
    log = deliveries(found.organization_id, endpoint_id=found.public_id, state=state, kind=kind)
    context: dict[str, Any] = {
        "endpoint": found,
        "form": form,
        "page": page_of(log, request.GET),
        "states": Delivery.State.choices,
        "kinds": [*KINDS, TEST],
        "overlaps": OVERLAPS,
    }
    return show(request, "webhook", "webhooks", context, status=status)


def shown(request: HubRequest, made: NewSecret, *, before: str = "") -> HttpResponse:
    """The signing secret, this once."""
    context = {"endpoint": made.endpoint, "secret": made.secret, "before": before}
    return show(request, "webhook_secret", "webhooks", context)


def _list(request: HubRequest, form: EndpointForm, *, status: int = 200) -> HttpResponse:
    context = {"endpoints": endpoints(request.hub.organization.pk), "form": form, "kinds": KINDS}
    return show(request, "webhooks", "webhooks", context, status=status)


def initial(found: Endpoint) -> dict[str, Any]:
    """What the form shows of an endpoint."""
    return {"url": found.url, "description": found.description, "event_types": found.event_types}
