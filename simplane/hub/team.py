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
from simplane.organizations.members import change_role, keys_above, members, remove
from simplane.organizations.models import ApiKey, Membership, Role
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
    """Give a member another role; first asks what becomes of keys that are above it."""
    home, wanted = request.hub.home, request.POST.get("role", "")
    if wanted not in Role.values:
        raise NotFound("there is no such role")
    role, found = Role(wanted), _member(home.pk, pk)
    if unasked := _unasked(request, found, role):
        return _ask(request, found, role, unasked)
    revoke = request.POST.getlist("revoke")
    attempt(request, "The role is changed.", lambda: change_role(home.pk, pk, role, revoke=revoke))
    return _back()


@require_POST
@page("team:manage", members_only=True)
def member_remove(request: HubRequest, pk: int) -> HttpResponse:
    """Take somebody out of the account; first asks what becomes of the keys they made."""
    home = request.hub.home
    found = _member(home.pk, pk)
    if unasked := _unasked(request, found, None):
        return _ask(request, found, None, unasked)
    revoke = request.POST.getlist("revoke")
    attempt(request, f"{found.user.email} is removed.", lambda: remove(home.pk, pk, revoke=revoke))
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


def _member(organization_id: int, pk: int) -> Membership:
    found = members(organization_id).filter(pk=pk).first()
    if found is None:
        raise NotFound("there is no such member")
    return found


def _unasked(request: HubRequest, member: Membership, role: Role | None) -> list[ApiKey]:
    """Keys above the new role, when there is one among them that the form did not show."""
    above = keys_above(member, role)
    return above if {key.public_id for key in above} - set(request.POST.getlist("seen")) else []


def _ask(request: HubRequest, member: Membership, role: Role | None, keys: list[ApiKey]) -> HttpResponse:
    return show(request, "team_keys", "team", {"member": member, "role": role, "keys": keys})


def _list(request: HubRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    home = request.hub.home
    context = {
        "members": members(home.pk),
        "invitations": [(one, Role(one.role).label) for one in open_ones(home.pk).order_by("created_at")],
        "writes": not request.hub.acting,
        "now": clock.now(),
        "form": form,
        "roles": [(role, role.label, WORDS[role]) for role in Role],
    }
    return show(request, "team", "team", context, status=status)


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("hub:team"))
