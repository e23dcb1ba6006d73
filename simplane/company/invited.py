"""Behind the link of an invitation to a company. Opening it does nothing, for mail scanners open links; its button does."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from simplane.company.look import show_outside
from simplane.company.standing import tenant_of
from simplane.core import context
from simplane.core.errors import BadInput, NotFound
from simplane.organizations.adapter import SESSION_TENANT
from simplane.organizations.company_roles import WORDS
from simplane.organizations.invitations import Accepted, accept, by_secret, person_of
from simplane.organizations.keys import newcomer
from simplane.organizations.models import CompanyRole, Invitation
from simplane.organizations.newcomers import PersonForm, sign_in


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invited(request: HttpRequest, secret: str) -> HttpResponse:
    """Who invites to what, with one button; somebody new chooses a password."""
    tenant = tenant_of(request)
    try:
        invitation = by_secret(secret, company_id=tenant.pk)
        form = None if person_of(invitation) else PersonForm(request.POST or None)
        if request.method == "POST" and (form is None or form.is_valid()):
            try:
                return _inside(request, _accepted(invitation, secret, form))
            except BadInput as weak:
                assert form is not None
                form.add_error("password", str(weak))
    except NotFound:
        return show_outside(request, "invited", {}, status=404)
    role = CompanyRole(invitation.role)
    shown = {"invitation": invitation, "role": role, "words": WORDS[role], "form": form}
    answer = show_outside(request, "invited", shown)
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def _accepted(invitation: Invitation, secret: str, form: PersonForm | None) -> Accepted:
    given = form.cleaned_data if form else {}
    with context.acting(newcomer(invitation.email)):
        return accept(secret, **given)


def _inside(request: HttpRequest, accepted: Accepted) -> HttpResponse:
    """Somebody new is signed in; one who has an account shows their password or passkey as always."""
    if accepted.is_new:
        sign_in(request, accepted.user)
        request.session[SESSION_TENANT] = accepted.organization.pk
        return HttpResponseRedirect(reverse("company:overview"))
    messages.success(request, f"You may work for {accepted.organization.name}. Sign in as {accepted.user.email}.")
    return HttpResponseRedirect(reverse("account_login"))
