"""API keys of the account, live or test: made, replaced, revoked. A secret is shown once, on the answer that makes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.core import clock
from simplane.core.errors import NotFound, Refusal
from simplane.hub.shell import HubRequest, page, show
from simplane.organizations.keys import (
    FASTEST,
    NewKey,
    create_key,
    keys_of,
    revoke_key,
    rotate_key,
)
from simplane.organizations.models import ApiKey, Role
from simplane.organizations.roles import scopes_of
from simplane.ui.outcomes import attempt

OVERLAPS = (
    ("0", "The old secret stops at once"),
    ("1", "Both work for an hour"),
    ("24", "Both work for a day"),
    ("168", "Both work for a week"),
)
MOST_ENDED = 20


class KeyForm(forms.Form):
    """What a new key may do, and from where."""

    name = forms.CharField(max_length=80, help_text="What it is for: the shop, the app, a partner.")
    scopes = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, help_text="A key may do nothing that your role may not."
    )
    networks = forms.CharField(
        required=False,
        label="Only from these networks",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="203.0.113.7/32, one a line. Empty: from anywhere.",
    )
    rate = forms.IntegerField(label="Calls a minute", min_value=1, max_value=FASTEST, initial=600)

    def __init__(self, role: Role, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = self.fields["scopes"]
        scopes.choices = [(one, one) for one in scopes_of(role)]  # type: ignore[attr-defined]
        scopes.initial = scopes_of(role)


@require_safe
@page("keys:manage")
def keys(request: HubRequest) -> HttpResponse:
    """Those that work, those that ended, and the form for another."""
    return _list(request, KeyForm(request.hub.role))


@require_POST
@page("keys:manage", members_only=True)
def key_new(request: HubRequest) -> HttpResponse:
    """Make a key and show its secret."""
    form = KeyForm(request.hub.role, request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    given = form.cleaned_data
    try:
        made = create_key(
            request.hub.organization,
            given["name"],
            scopes=given["scopes"],
            allowed_networks=given["networks"].split(),
            rate_per_minute=given["rate"],
            by=request.hub.role,
        )
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _list(request, form, status=refusal.status)
    return _shown(request, made)


@require_POST
@page("keys:manage", members_only=True)
def key_rotate(request: HubRequest, public_id: str) -> HttpResponse:
    """Another secret with the same rights; `overlap` says for how many hours the old one works."""
    hours = request.POST.get("overlap", "24")
    known = dict(OVERLAPS)
    overlap = timedelta(hours=int(hours if hours in known else "24"))
    try:
        made = rotate_key(request.hub.organization.pk, public_id, overlap=overlap, by=request.hub.role)
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, f"Refused: {refusal}")
        return HttpResponseRedirect(reverse("hub:keys"))
    return _shown(request, made, before=known.get(hours, known["24"]))


@require_POST
@page("keys:manage")
def key_revoke(request: HubRequest, public_id: str) -> HttpResponse:
    """The key stops at once."""
    if not keys_of(request.hub.organization.pk).filter(public_id=public_id).exists():
        raise NotFound("there is no such key")
    attempt(request, "The key is revoked.", lambda: revoke_key(request.hub.organization.pk, public_id))
    return HttpResponseRedirect(reverse("hub:keys"))


def _list(request: HubRequest, form: KeyForm, *, status: int = 200) -> HttpResponse:
    now, within = clock.now(), set(scopes_of(request.hub.role))
    living: list[ApiKey] = []
    ended: list[ApiKey] = []
    for key in keys_of(request.hub.organization.pk):
        over = key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now)
        (ended if over else living).append(key)
    context: dict[str, Any] = {
        "living": [
            (key, key.created_by.partition(" ")[2] or key.created_by, set(key.scopes) <= within) for key in living
        ],
        "ended": ended[:MOST_ENDED],
        "form": form,
        "overlaps": OVERLAPS,
        "may_create": request.hub.test or request.hub.home.state != "applied",
    }
    return show(request, "keys", "keys", context, status=status)


def _shown(request: HubRequest, made: NewKey, *, before: str = "") -> HttpResponse:
    return show(request, "key_shown", "keys", {"key": made.key, "secret": made.secret, "before": before})
