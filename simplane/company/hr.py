"""Settings > HR system: the address and the tokens with which it writes people and groups (SCIM)."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.company.settings_tabs import show_settings
from simplane.company.shell import CompanyRequest, page, show
from simplane.core.errors import NotFound, Refusal
from simplane.organizations.hosts import address_of
from simplane.organizations.models import Domain
from simplane.ui.outcomes import attempt
from simplane.workforce.models import Employee, Group
from simplane.workforce.tokens import MOST, create_token, living, revoke_token


class TokenForm(forms.Form):
    """A token's name."""

    name = forms.CharField(max_length=80, help_text="Which system it is for: Entra ID, Okta.")


@require_safe
@page("settings:write")
def hr(request: CompanyRequest) -> HttpResponse:
    """The addresses to paste, the tokens, and what came so far."""
    return _list(request, TokenForm())


@require_POST
@page("settings:write")
def token_new(request: CompanyRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    try:
        made = create_token(form.cleaned_data["name"])
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _list(request, form, status=refusal.status)
    context = {"token": made.token, "secret": made.secret, "addresses": _addresses(request)}
    return show(request, "hr_token", "settings", context)


@require_POST
@page("settings:write")
def token_revoke(request: CompanyRequest, public_id: str) -> HttpResponse:
    """The system with it is refused from the next request on."""
    if not living().filter(public_id=public_id).exists():
        raise NotFound("there is no such token")
    attempt(request, "The token is revoked.", lambda: revoke_token(public_id))
    return redirect("company:hr")


def _list(request: CompanyRequest, form: TokenForm, *, status: int = 200) -> HttpResponse:
    tokens = list(living())
    context = {
        "tokens": tokens,
        "full": len(tokens) >= MOST,
        "form": form,
        "addresses": _addresses(request),
        "people": Employee.objects.filter(source="scim", removed_at=None).count(),
        "groups": Group.objects.count(),
    }
    return show_settings(request, "hr", context, status=status)


def _addresses(request: CompanyRequest) -> list[str]:
    """Ours first, then the proved domains of the company's own."""
    own = Domain.objects.filter(for_pages=True, verified_at__isnull=False).order_by("host")
    ours = address_of(request.company.organization.slug)
    scheme = ours.partition("://")[0]
    return [f"{home}/scim/v2" for home in (ours, *(f"{scheme}://{one.host}" for one in own))]
