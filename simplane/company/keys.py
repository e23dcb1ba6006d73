"""Settings > API keys: made, replaced, revoked. A secret is shown once, on the answer that makes it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.company.settings_tabs import show_settings
from simplane.company.shell import CompanyRequest, page, show
from simplane.core.errors import NotFound, Refusal
from simplane.organizations.company_roles import SCOPE_WORDS, scopes_of
from simplane.organizations.forms import OVERLAPS, KeyForm, overlap_of
from simplane.organizations.keys import NewKey, create_key, keys_of, living_and_ended, revoke_key, rotate_key
from simplane.ui.outcomes import attempt


@require_safe
@page("settings:write", walled=False)
def keys(request: CompanyRequest) -> HttpResponse:
    """Those that work, those that ended, and the form for another."""
    return _list(request, _form(request))


@require_POST
@page("settings:write", walled=False)
def key_new(request: CompanyRequest) -> HttpResponse:
    """Make a key and show its secret."""
    form = _form(request, request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    company = request.company
    try:
        made = create_key(company.organization, form.cleaned_data["name"], **form.wanted(), by=company.role)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _list(request, form, status=refusal.status)
    return _shown(request, made)


@require_POST
@page("settings:write", walled=False)
def key_rotate(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Another secret with the same rights; `overlap` says for how many hours the old one works."""
    _own(request, public_id)
    overlap, before = overlap_of(request.POST.get("overlap", ""))
    company = request.company
    try:
        made = rotate_key(company.organization.pk, public_id, overlap=overlap, by=company.role)
    except Refusal as refusal:
        messages.error(request, f"Refused: {refusal}")
        return redirect("company:keys")
    return _shown(request, made, before=before)


@require_POST
@page("settings:write", walled=False)
def key_revoke(request: CompanyRequest, public_id: str) -> HttpResponse:
    """The key stops at once."""
    _own(request, public_id)
    attempt(request, "The key is revoked.", lambda: revoke_key(request.company.organization.pk, public_id))
    return redirect("company:keys")


def _own(request: CompanyRequest, public_id: str) -> None:
    if not keys_of(request.company.organization.pk).filter(public_id=public_id).exists():
        raise NotFound("there is no such key")


def _list(request: CompanyRequest, form: KeyForm, *, status: int = 200) -> HttpResponse:
    organization = request.company.organization
    living, ended = living_and_ended(organization.pk)
    within = set(scopes_of(request.company.role))
    context = {
        "living": [(key, _in_words(key.scopes), set(key.scopes) <= within) for key in living],
        "ended": ended,
        "form": form,
        "overlaps": OVERLAPS,
        "address": f"{settings.SIMPLANE.base_url}/api/v1/tenants/{organization.slug}/",
    }
    return show_settings(request, "keys", context, status=status)


def _form(request: CompanyRequest, *given: Any) -> KeyForm:
    return KeyForm([(one, SCOPE_WORDS[one].capitalize()) for one in scopes_of(request.company.role)], *given)


def _in_words(scopes: list[str]) -> str:
    return ", ".join(SCOPE_WORDS.get(one, one) for one in scopes)


def _shown(request: CompanyRequest, made: NewKey, *, before: str = "") -> HttpResponse:
    return show(request, "key_shown", "settings", {"key": made.key, "secret": made.secret, "before": before})
