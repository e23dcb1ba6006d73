"""What every page of a company shares: who may open it, the wall it is made behind, and the frame around it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, cast

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from simplane.company.menu import menu_for
from simplane.company.standing import Standing, standing_of, tenant_of
from simplane.core import context as who
from simplane.core import tenancy
from simplane.core.errors import NotFound
from simplane.organizations.adapter import SESSION_TENANT
from simplane.organizations.company_roles import PERMISSIONS
from simplane.organizations.models import Membership, User
from simplane.sso.sessions import has_left
from simplane.ui.frames import is_part, led_elsewhere, may_of

P = ParamSpec("P")


class CompanyRequest(HttpRequest):
    """A request that passed `page`: it runs in its company's scope."""

    company: Standing


View = Callable[Concatenate[CompanyRequest, P], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a page asks of a person; the tests walk all routes with it."""

    permission: str


class Guarded(Protocol[P]):
    """A view behind `page`."""

    rule: Rule

    def __call__(self, request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase: ...


def page(permission: str, *, walled: bool = True) -> Callable[[View[P]], Guarded[P]]:
    """Only for members whose role holds the permission; the view runs in the company's scope, whole, so it must not stream.

    The view gets `request.company`; NotFound becomes a 404. Rows are narrowed to a manager's teams by the view
    (`company/reach.py`), for only it knows what its rows are. `walled=False`: what the view is about lies out of any
    company's reach (keys, to whom invoices go); it acts for us, and asks by `request.company.organization` only.
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"no permission {permission!r}: add it to organizations/company_roles.py")

    def guard(view: View[P]) -> Guarded[P]:
        @wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            found = standing_of(request)
            if found is None:
                return _to_login(request)
            if tenant_of(request).suspended and request.method not in ("GET", "HEAD"):
                raise PermissionDenied(
                    "the company's account is suspended: it can be looked at, not changed. Write to us"
                )
            if not found.may(permission):
                raise PermissionDenied(f"your role here is {found.role.label.lower()}; an owner can change that")
            asked = cast(CompanyRequest, request)
            asked.company = found
            behind = tenancy.scope(found.organization.pk) if walled else nullcontext()
            with who.acting(found.actor), behind:
                try:
                    made = view(asked, *args, **kwargs)
                except NotFound as missing:
                    raise Http404(str(missing)) from None
            if made.streaming:
                raise RuntimeError("a page of a company must not stream: its rows would be read outside the wall")
            made.headers.setdefault("Cache-Control", "private, no-store")
            return made

        guarded = cast(Guarded[P], answer)
        guarded.rule = Rule(permission)
        return guarded

    return guard


def show(
    request: CompanyRequest, template: str, section: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render `company/<template>.html`; a partial update gets the content without the frame.

    `section` marks the entry of the menu. Templates see `company` (the standing) and `may` (its permissions).
    """
    company = request.company
    shared: dict[str, Any] = {"company": company, "section": section, "may": may_of(PERMISSIONS, company.may)}
    if is_part(request):
        shared["frame"] = "company/fragment.html"
    else:
        shared |= {"frame": "company/frame.html", "menu": menu_for(company)}
    return render(request, f"company/{template}.html", shared | context, status=status)


def _end_session(request: HttpRequest) -> None:
    """Raises PermissionDenied for who is no member or left; a member comes in again the way the company wants now."""
    of_company = Membership.objects.filter(organization_id=tenant_of(request).pk)
    if not (isinstance(request.user, User) and of_company.filter(user=request.user).exists()):
        raise PermissionDenied("you are no member here any more: ask an owner for an invitation")
    if has_left(tenant_of(request).pk, request.user):
        raise PermissionDenied("you do not work here any more: if you do, ask HR to say so")
    logout(request)
    messages.info(request, "Your company changed how people sign in. Sign in again.")


def _to_login(request: HttpRequest) -> HttpResponse:
    if request.session.get(SESSION_TENANT) == tenant_of(request).pk:
        _end_session(request)
    return led_elsewhere(request, redirect_to_login(request.get_full_path()))
