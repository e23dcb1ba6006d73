"""What every page of the hub shares: who may open it, for whom it acts, and the frame around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render

from simplane.core import context as who
from simplane.core.errors import NotFound
from simplane.hub.menu import menu_for
from simplane.hub.standing import Standing, standing_of
from simplane.organizations.models import Organization, User
from simplane.organizations.roles import PERMISSIONS
from simplane.ui.frames import is_part, led_elsewhere, may_of

P = ParamSpec("P")
_SERVICE = frozenset({"orders:write", "wallet:topup", "webhooks:manage", "branding:manage"})
"""What a suspended account only looks at. Its keys, team and data it keeps in order itself."""


class HubRequest(HttpRequest):
    """A request that passed `page`: every query of a view goes through `hub.organization`."""

    hub: Standing


View = Callable[Concatenate[HubRequest, P], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a page asks of a person; the tests walk all routes with it."""

    permission: str
    members_only: bool


class Guarded(Protocol[P]):
    """A view behind `page`."""

    rule: Rule

    def __call__(self, request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase: ...


def page(permission: str, *, members_only: bool = False) -> Callable[[View[P]], Guarded[P]]:
    """Only for people whose role holds the permission. The view gets `request.hub`; NotFound becomes a 404.

    `members_only`: never for our staff who see the hub as a reseller does (secrets, people, money, eSIMs in the hand of others).
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"no permission {permission!r}: add it to organizations/roles.py")

    def guard(view: View[P]) -> Guarded[P]:
        @wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            found = _standing(request)
            if isinstance(found, HttpResponse):
                return found
            _refuse(found, permission, members_only)
            if request.method not in ("GET", "HEAD") and permission in _SERVICE:
                _refuse_suspended(found)
            hub_request = cast(HubRequest, request)
            hub_request.hub = found
            with who.acting(found.actor):
                try:
                    made = view(hub_request, *args, **kwargs)
                except NotFound as missing:
                    raise Http404(str(missing)) from None
            # These pages show an account's data: no cache but the browser's own history may keep them.
            made.headers.setdefault("Cache-Control", "private, no-store")
            return made

        guarded = cast(Guarded[P], answer)
        guarded.rule = Rule(permission, members_only)
        return guarded

    return guard


def show(
    request: HubRequest, template: str, section: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render `hub/<template>.html`; a partial update gets the content without the frame.

    `section` marks the entry of the menu. Templates see `hub` (the standing) and `may` (its permissions).
    """
    hub = request.hub
    shared: dict[str, Any] = {"hub": hub, "section": section, "may": may_of(PERMISSIONS, hub.may)}
    if is_part(request):
        shared["frame"] = "hub/fragment.html"
    else:
        shared |= {"frame": "hub/frame.html", "menu": menu_for(hub)}
    return render(request, f"hub/{template}.html", shared | context, status=status)


def _standing(request: HttpRequest) -> Standing | HttpResponse:
    user = request.user
    if not isinstance(user, User):
        return led_elsewhere(request, redirect_to_login(request.get_full_path()))
    found = standing_of(request, user)
    if found is None and user.is_staff:
        return led_elsewhere(request, HttpResponseRedirect("/console/"))
    if found is None:
        raise PermissionDenied("you belong to no reseller account (any more): ask its owner for an invitation")
    return found


def _refuse(found: Standing, permission: str, members_only: bool) -> None:
    if not found.may(permission):
        raise PermissionDenied(f"your role is {found.role.label.lower()}: ask an owner of {found.home.name}")
    if members_only and found.acting:
        raise PermissionDenied(
            "only members do this: our staff see no secrets, spend nothing, send nothing and change no people"
        )


def _refuse_suspended(found: Standing) -> None:
    if found.organization.state == Organization.State.SUSPENDED:
        raise PermissionDenied("the account is suspended: you may look at everything, for anything else write to us")
