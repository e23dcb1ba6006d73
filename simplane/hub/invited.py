"""Behind the link of a mail: the bearer becomes a member. Opening the page does nothing, for mail scanners open links."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from simplane.core import context
from simplane.core.errors import BadInput, NotFound
from simplane.hub.join import APPLIED
from simplane.hub.standing import CHOSEN, TEST
from simplane.organizations.invitations import Accepted, accept, by_secret, person_of
from simplane.organizations.keys import NewKey, newcomer, revoke_key
from simplane.organizations.models import Invitation, Role
from simplane.organizations.newcomers import PersonForm, sign_in
from simplane.organizations.roles import WORDS
from simplane.webhooks.actions import disable_endpoint
from simplane.webhooks.queries import endpoints


@require_http_methods(["GET", "HEAD", "POST"])
def invited(request: HttpRequest, secret: str) -> HttpResponse:
    """What the invitation is about, with one button."""
    try:
        invitation = by_secret(secret)
    except NotFound as gone:
        return _private(render(request, "hub/invited_gone.html", {"why": gone}, status=gone.status))
    known = person_of(invitation) is not None
    form = None if known else PersonForm(request.POST or None)
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            given = form.cleaned_data if form else {}
            accepted = _accept(invitation, secret, given | {"applied": request.session.get(APPLIED, [])})
            if accepted.key is not None:
                _silence(accepted.key)
            return _inside(request, accepted)
        except BadInput as refusal:
            assert form is not None
            form.add_error("password", str(refusal))
        except NotFound as gone:
            return _private(render(request, "hub/invited_gone.html", {"why": gone}, status=gone.status))
    role = Role(invitation.role)
    shown = {"invitation": invitation, "role": role, "words": WORDS[role], "form": form}
    return _private(render(request, "hub/invited.html", shown))


def _accept(invitation: Invitation, secret: str, given: dict[str, Any]) -> Accepted:
    with context.acting(newcomer(invitation.email)):
        return accept(secret, **given)


def _inside(request: HttpRequest, accepted: Accepted) -> HttpResponse:
    """A new person is signed in; one who has an account shows their password or passkey as always."""
    if accepted.is_new:
        sign_in(request, accepted.user)
    if request.user == accepted.user:
        request.session[CHOSEN] = accepted.organization.pk
        request.session.pop(TEST, None)
        if accepted.key is not None:
            shown = {"organization": accepted.organization, "secret": accepted.key.secret}
            return _private(render(request, "hub/first_key.html", shown))
    else:
        if accepted.key is not None:
            revoke_key(accepted.key.key.organization_id, accepted.key.key.public_id)
            messages.warning(request, "The test key of whoever applied has ended. Make another one under API keys.")
        messages.success(
            request, f"You are a member of {accepted.organization.name}. Sign in as {accepted.user.email}."
        )
        return HttpResponseRedirect(reverse("account_login") + "?next=" + reverse("hub:overview"))
    return HttpResponseRedirect(reverse("hub:overview"))


def _silence(key: NewKey) -> None:
    """Endpoints that the holder of the first key may have made hear nothing more; the owner may switch them on."""
    twin = key.key.organization
    for health in endpoints(twin.pk):
        disable_endpoint(twin.pk, health.endpoint.public_id)


def _private(answer: HttpResponse) -> HttpResponse:
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
