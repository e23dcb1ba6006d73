"""Who may sign in to the company's pages, in which role: invited by mail, given another role, removed."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.company.shell import CompanyRequest, page, show
from simplane.core import clock, tenancy
from simplane.core.errors import NotFound
from simplane.delivery import mime
from simplane.organizations import colleagues
from simplane.organizations.company_roles import WORDS
from simplane.organizations.invitations import invite, open_ones, send_again, withdraw
from simplane.organizations.members import members as members_of
from simplane.organizations.models import CompanyRole, Membership
from simplane.sso import break_glass
from simplane.sso.queries import came_by
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField(choices=CompanyRole.choices, initial=CompanyRole.EMPLOYEE)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not mime.usable(email):
            raise forms.ValidationError("No mail can be sent to this address.")
        return email


@require_safe
@page("settings:read")
def members(request: CompanyRequest) -> HttpResponse:
    """Members and open invitations."""
    return _list(request, InviteForm())


@require_POST
@page("settings:write")
def member_invite(request: CompanyRequest) -> HttpResponse:
    """Send a link."""
    form, company = InviteForm(request.POST), request.company
    if not form.is_valid():
        return _list(request, form)
    email, role = form.cleaned_data["email"], CompanyRole(form.cleaned_data["role"])

    def send() -> None:
        colleagues.check_pace()
        invite(company.organization.pk, email, role, by=company.user)

    attempt(request, f"A link is on its way to {email}.", send)
    return redirect("company:members")


@require_POST
@page("settings:write", walled=False)
def member_role(request: CompanyRequest, number: str) -> HttpResponse:
    """Give a member another role."""
    wanted = request.POST.get("role", "")
    if wanted not in CompanyRole.values:
        raise NotFound("there is no such role")
    _change(request, number, "The role is changed.", lambda found: colleagues.change_role(found, CompanyRole(wanted)))
    return redirect("company:members")


@require_POST
@page("settings:write", walled=False)
def member_remove(request: CompanyRequest, number: str) -> HttpResponse:
    """Take somebody out; what they did stays in the history."""
    _change(request, number, "Removed: this person sees nothing here any more.", colleagues.remove)
    return redirect("company:members")


@require_POST
@page("settings:write")
def invitation_deed(request: CompanyRequest, number: str, name: str) -> HttpResponse:
    """`again`: another mail with another link; `withdraw`: the link works no more."""
    company_id, found = _invitation(request, number)

    def send() -> None:
        colleagues.check_pace()
        send_again(company_id, found)

    if name == "again":
        attempt(request, "Another link is on its way; the one before no longer works.", send)
    elif name == "withdraw":
        attempt(request, "The link no longer works.", lambda: withdraw(company_id, found))
    else:
        raise NotFound("there is no such deed")
    return redirect("company:members")


def _change(request: CompanyRequest, number: str, done: str, verb: Callable[[int], object]) -> None:
    """Outside the wall: whether somebody is the last who may break the glass is known by their second factors."""
    company, found = request.company.organization.pk, _member(request, number)

    def change() -> None:
        break_glass.check_goes(company, found.user_id)
        with tenancy.scope(company):
            verb(found.pk)

    attempt(request, done, change)


def _list(request: CompanyRequest, form: InviteForm) -> HttpResponse:
    home = request.company.organization
    shown = page_of(members_of(home.pk), request.GET, by="created_at", ascending=True)
    ways = came_by([one.user_id for one in shown.rows])
    for one in shown.rows:
        one.came = ways.get(one.user_id)  # type: ignore[attr-defined]
    context = {
        "members": shown.rows,
        "page": shown,
        "invitations": [(one, CompanyRole(one.role).label) for one in open_ones(home.pk).order_by("created_at")],
        "now": clock.now(),
        "form": form,
        "roles": [(role, role.label, WORDS[role]) for role in CompanyRole],
    }
    return show(request, "members", "members", context)


def _member(request: CompanyRequest, number: str) -> Membership:
    found = members_of(request.company.organization.pk).filter(pk=_key(number)).first()
    if found is None:
        raise NotFound("there is no such member")
    return found


def _invitation(request: CompanyRequest, number: str) -> tuple[int, int]:
    company_id = request.company.organization.pk
    found = open_ones(company_id).filter(pk=_key(number)).first()
    if found is None:
        raise NotFound("there is no such open invitation")
    return company_id, found.pk


def _key(number: str) -> int:
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        raise NotFound("there is nobody of this number")
    return int(number)
