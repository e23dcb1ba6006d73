"""What can be done with a webhook endpoint: changed, tested, switched, given another secret, told again."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from simplane.core import clock
from simplane.core.errors import Refusal
from simplane.hub.hooks import OVERLAPS, EndpointForm, detail, initial, shown
from simplane.hub.shell import HubRequest, page
from simplane.ui.outcomes import attempt
from simplane.webhooks import actions
from simplane.webhooks.queries import endpoint, story

VERBS = {
    "test": ("The test event is on its way.", actions.send_test),
    "enable": ("Switched on. What it missed can be sent again below.", actions.enable_endpoint),
    "disable": ("Switched off: nothing is sent to it.", actions.disable_endpoint),
    "delete": ("Deleted, with its log.", actions.delete_endpoint),
}


class ReplayForm(forms.Form):
    """Since when."""

    hours = forms.IntegerField(min_value=1, max_value=30 * 24, initial=24)
    all = forms.BooleanField(required=False)

    def since(self) -> datetime:
        return clock.now() - timedelta(hours=self.cleaned_data["hours"])


@require_POST
@page("webhooks:manage", members_only=True)
def webhook_change(request: HubRequest, public_id: str) -> HttpResponse:
    """Another address, other events."""
    organization_id = request.hub.organization.pk
    found, form = endpoint(organization_id, public_id), EndpointForm(request.POST)
    if form.is_valid():
        try:
            actions.update_endpoint(organization_id, public_id, **form.cleaned_data)
            return _to(public_id)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return detail(request, found, form, status=422)


@require_POST
@page("webhooks:manage")
def webhook_action(request: HubRequest, public_id: str, verb: str) -> HttpResponse:
    """One of VERBS."""
    organization_id = request.hub.organization.pk
    endpoint(organization_id, public_id)
    done, action = VERBS[verb]
    attempt(request, done, partial(action, organization_id, public_id))
    return HttpResponseRedirect(reverse("hub:webhooks")) if verb == "delete" else _to(public_id)


@require_POST
@page("webhooks:manage", members_only=True)
def webhook_rotate(request: HubRequest, public_id: str) -> HttpResponse:
    """Another signing secret; `overlap` says for how many hours both sign."""
    known, hours = dict(OVERLAPS), request.POST.get("overlap", "24")
    hours = hours if hours in known else "24"
    organization_id = request.hub.organization.pk
    made = actions.rotate_secret(organization_id, public_id, overlap=timedelta(hours=int(hours)))
    return shown(request, made, before=known[hours])


@require_POST
@page("webhooks:manage")
def webhook_replay(request: HubRequest, public_id: str) -> HttpResponse:
    """Send again what the endpoint missed in the last hours, or everything."""
    organization_id, form = request.hub.organization.pk, ReplayForm(request.POST)
    found = endpoint(organization_id, public_id)
    if not form.is_valid():
        return detail(request, found, EndpointForm(initial=initial(found)), status=422)
    again = partial(
        actions.replay_since, organization_id, public_id, form.since(), delivered_too=form.cleaned_data["all"]
    )
    attempt(request, "On its way again: see the log.", again)
    return _to(public_id)


@require_POST
@page("webhooks:manage")
def delivery_replay(request: HubRequest, public_id: str) -> HttpResponse:
    """Send one delivery again."""
    organization_id = request.hub.organization.pk
    story(organization_id, public_id)
    attempt(request, "On its way again.", lambda: actions.replay_delivery(organization_id, public_id))
    return HttpResponseRedirect(reverse("hub:delivery", args=[public_id]))


def _to(public_id: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("hub:webhook", args=[public_id]))
