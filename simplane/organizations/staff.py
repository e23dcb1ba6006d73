"""The gate before the pages of our staff: signed in, one of ours, and with a second factor in this very session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django_htmx.http import HttpResponseClientRedirect

from simplane.core import context, tenancy
from simplane.organizations.adapter import SESSION_TENANT
from simplane.organizations.models import User

CONSOLE, ADMIN = "/console/", "/admin/"
STAFF_PAGES = frozenset(("console", "admin"))
ENGLISH = (CONSOLE, ADMIN, "/accounts/", "/hub/")
"""Pages for our staff and for resellers are written in one language, whatever the browser prefers."""
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class StaffGate:
    """Middleware: nothing under /console/ or /admin/ is reached except through here; it also names the actor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(ENGLISH):
            translation.activate("en")
            request.LANGUAGE_CODE = "en"
        if not hasattr(request, "tenant") and SESSION_TENANT in request.session:
            # Begun at a company's address, perhaps by its own identity provider: nothing of ours opens to it.
            request.session.flush()
            request.user = AnonymousUser()
        user = request.user
        if isinstance(user, User):
            with context.acting(f"user:{user.pk} {user.email}"):
                return self._guarded(request, user)
        if _guards(request):
            return _sent_elsewhere(request, redirect_to_login(request.get_full_path()))
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """A second lock: no page of our staff's is shown at an address that this gate does not look after."""
        found = request.resolver_match
        if found is not None and not STAFF_PAGES.isdisjoint(found.app_names) and not _guards(request):
            raise PermissionDenied("this page is for our staff")

    def _guarded(self, request: HttpRequest, user: User) -> HttpResponse:
        if not _guards(request):
            return self._get_response(request)
        if not user.is_staff or (request.path_info.startswith(ADMIN) and not user.is_superuser):
            raise PermissionDenied("this page is for our staff" if not user.is_staff else "this page is for superusers")
        if settings.SIMPLANE.require_mfa and not proved_second_factor(request, user):
            return _sent_elsewhere(request, _second_factor_page(request, user))
        # The console and the raw tables look at all organizations; each page of a company says whose rows it shows.
        with tenancy.everywhere():
            return self._get_response(request)


def proved_second_factor(request: HttpRequest, user: User) -> bool:
    """Whether this session gave a second factor that the user still has (a passkey counts: it checks the person)."""
    records = get_authentication_records(request, user)
    return any(record.get("method") == "mfa" for record in records) and _has_second_factor(user)


def _has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists())


def _second_factor_page(request: HttpRequest, user: User) -> HttpResponseRedirect:
    if _has_second_factor(user):
        # Signed in before the second factor was set up elsewhere: this session never showed it.
        request.session.flush()
        return redirect_to_login(request.get_full_path())
    messages.warning(request, "Set up a second factor to use the console: an authenticator app or a passkey.")
    return HttpResponseRedirect(reverse("mfa_index"))


def _guards(request: HttpRequest) -> bool:
    return request.path_info.startswith((CONSOLE, ADMIN))


def _sent_elsewhere(request: HttpRequest, target: HttpResponseRedirect) -> HttpResponse:
    """A refresh in the background must not put the login form into the middle of a page."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(target.url)
    return target


@receiver(authenticator_added)
def _setting_up_proves_it(*, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Adding an authenticator asks for its code or touch, so this session has shown its second factor."""
    if authenticator.type in SECOND_FACTORS:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)
