"""API keys of the account, live or test: made, replaced, revoked. A secret is shown once, on the answer that makes it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.core.errors import NotFound, Refusal
from simplane.hub.shell import HubRequest, page, show
from simplane.organizations.forms import OVERLAPS, KeyForm, overlap_of
from simplane.organizations.keys import NewKey, create_key, keys_of, living_and_ended, revoke_key, rotate_key
from simplane.organizations.roles import scopes_of
from simplane.ui.outcomes import attempt


@require_safe
@page("keys:manage")
def keys(request: HubRequest) -> HttpResponse:
    """Those that work, those that ended, and the form for another."""
    return _list(request, _form(request))


@require_POST
@page("keys:manage", members_only=True)
def key_new(request: HubRequest) -> HttpResponse:
    """Make a key and show its secret."""
    form = _form(request, request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    try:
        made = create_key(request.hub.organization, form.cleaned_data["name"], **form.wanted(), by=request.hub.role)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _list(request, form, status=refusal.status)
    return _shown(request, made)


@require_POST
@page("keys:manage", members_only=True)
def key_rotate(request: HubRequest, public_id: str) -> HttpResponse:
    """Another secret with the same rights; `overlap` says for how many hours the old one works."""
    overlap, before = overlap_of(request.POST.get("overlap", ""))
    try:
        made = rotate_key(request.hub.organization.pk, public_id, overlap=overlap, by=request.hub.role)
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, f"Refused: {refusal}")
        return HttpResponseRedirect(reverse("hub:keys"))
    return _shown(request, made, before=before)


@require_POST
@page("keys:manage")
def key_revoke(request: HubRequest, public_id: str) -> HttpResponse:
    """The key stops at once."""
    if not keys_of(request.hub.organization.pk).filter(public_id=public_id).exists():
        raise NotFound("there is no such key")
    attempt(request, "The key is revoked.", lambda: revoke_key(request.hub.organization.pk, public_id))
    return HttpResponseRedirect(reverse("hub:keys"))


def _list(request: HubRequest, form: KeyForm, *, status: int = 200) -> HttpResponse:
    living, ended = living_and_ended(request.hub.organization.pk)
    within = set(scopes_of(request.hub.role))
    context: dict[str, Any] = {
        "living": [(key, ", ".join(key.scopes), set(key.scopes) <= within) for key in living],
        "ended": ended,
        "form": form,
        "overlaps": OVERLAPS,
        "may_replace": not request.hub.acting,
        "none": f"No {'test' if request.hub.test else 'live'} key yet.",
        "may_create": request.hub.test or request.hub.home.state != "applied",
    }
    return show(request, "keys", "keys", context, status=status)


def _form(request: HubRequest, *given: Any) -> KeyForm:
    return KeyForm([(one, one) for one in scopes_of(request.hub.role)], *given)


def _shown(request: HubRequest, made: NewKey, *, before: str = "") -> HttpResponse:
    return show(request, "key_shown", "keys", {"key": made.key, "secret": made.secret, "before": before})
