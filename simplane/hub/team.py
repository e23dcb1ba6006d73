"""The people of the account: invited by mail, given another role, removed."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.core import clock
from simplane.core.errors import NotFound
from simplane.delivery import mime
from simplane.hub.shell import HubRequest, page, show
from simplane.hub.throttle import limit
from simplane.organizations.invitations import invite, open_ones, send_again, withdraw
from simplane.organizations.members import change_role, members, remove
from simplane.organizations.models import Role
from simplane.organizations.roles import WORDS
from simplane.ui.outcomes import attempt

MOST_AN_HOUR = 30
"""Invitations of one account."""


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.BUYER)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not mime.usable(email):
            raise forms.ValidationError("No mail can be sent to this address.")
        return email


@require_safe
@page("team:manage")
def team(request: HubRequest) -> HttpResponse:
    """Members and open invitations."""
    return _list(request, InviteForm())


@require_POST
@page("team:manage", members_only=True)
def team_invite(request: HubRequest) -> HttpResponse:
    """Send a link."""
    form, hub = InviteForm(request.POST), request.hub
    if not form.is_valid():
        return _list(request, form, status=422)
    email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])

    def send() -> None:
        limit(f"invite:{hub.home.pk}", MOST_AN_HOUR)
        invite(hub.home.pk, email, role, by=hub.user)

    attempt(request, f"A link is on its way to {email}.", send)
    return _back()


@require_POST
@page("team:manage", members_only=True)
def member_role(request: HubRequest, pk: int) -> HttpResponse:
    """Give a member another role."""
    home, role = request.hub.home, request.POST.get("role", "")
    if role not in Role.values or not members(home.pk).filter(pk=pk).exists():
        raise NotFound("there is no such member or role")
    attempt(request, "The role is changed.", lambda: change_role(home.pk, pk, Role(role)))
    return _back()


@require_POST
@page("team:manage", members_only=True)
def member_remove(request: HubRequest, pk: int) -> HttpResponse:
    """Take somebody out of the account."""
    home = request.hub.home
    if not members(home.pk).filter(pk=pk).exists():
        raise NotFound("there is no such member")
    attempt(request, "Removed. API keys that this person made go on working.", lambda: remove(home.pk, pk))
    return _back()


@require_POST
@page("team:manage", members_only=True)
def invitation_action(request: HubRequest, pk: int, verb: str) -> HttpResponse:
    """Send the link once more, or withdraw it."""
    home = request.hub.home
    if not open_ones(home.pk).filter(pk=pk).exists():
        raise NotFound("there is no such open invitation")

    def send() -> None:
        limit(f"invite:{home.pk}", MOST_AN_HOUR)
        send_again(home.pk, pk)

    if verb == "again":
        attempt(request, "Another link is on its way; the one before no longer works.", send)
    else:
        attempt(request, "The link no longer works.", lambda: withdraw(home.pk, pk))
    return _back()


def _list(request: HubRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    home = request.hub.home
    context = {
        "members": members(home.pk),
        "invitations": open_ones(home.pk).order_by("created_at"),
        "now": clock.now(),
        "form": form,
        "roles": [(role, role.label, WORDS[role]) for role in Role],
    }
    return show(request, "team", "team", context, status=status)


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("hub:team"))
