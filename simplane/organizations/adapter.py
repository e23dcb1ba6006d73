"""How people sign in: by invitation only, e-mail and password or passkey, then a second factor if they have one."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from simplane.core.addresses import source_ip
from simplane.core.crypto import SecretJSONField
from simplane.organizations.hosts import address_of
from simplane.organizations.models import Membership

_SEALED = SecretJSONField()
SESSION_TENANT = "tenant"
"""Session: the company it was begun for. It is nothing at another company's address."""


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up here: `simplane createsuperuser` and Django's admin make staff, an invitation by mail makes members."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many failed login attempts. Wait 5 minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def pre_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse | None:
        """At a company's address only its members sign in."""
        tenant = getattr(request, "tenant", None)
        if tenant is None:
            found: HttpResponse | None = super().pre_login(request, user, **options)
            return found
        if not Membership.objects.filter(user=user, organization_id=tenant.pk).exists():
            messages.error(request, f"This login has no access to {tenant.name}. Ask an owner there for an invitation.")
            return HttpResponseRedirect(reverse("account_login"))
        return super().pre_login(request, user, **options)  # type: ignore[no-any-return]

    def login(self, request: HttpRequest, user: Any) -> None:
        """After the last factor: only now is there a session to say of for which company it was begun."""
        super().login(request, user)
        tenant = getattr(request, "tenant", None)
        if tenant is not None:
            request.session[SESSION_TENANT] = tenant.pk

    def get_reset_password_from_key_url(self, key: str) -> str:
        """At the address that we know, never at the one that the request names: the link is a key to the account."""
        path = urlsplit(super().get_reset_password_from_key_url(key)).path
        tenant = getattr(context.request, "tenant", None)
        return f"{address_of(tenant.slug) if tenant else settings.SIMPLANE.base_url}{path}"

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        """At a company's address only its members get one; nobody is told which addresses those are."""
        tenant = getattr(self.request, "tenant", None)
        if tenant is None or Membership.objects.filter(user=user, organization_id=tenant.pk).exists():
            name = tenant.name if tenant else "Simplane"
            # Not the name that the request gives itself: the mail says it.
            super().send_password_reset_mail(user, email, {**context, "current_site": SimpleNamespace(name=name)})

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Our staff work in the console, companies on their own pages, everybody else in the hub."""
        if hasattr(request, "tenant"):
            return "/"
        return "/console/" if getattr(request.user, "is_staff", False) else "/hub/"

    def get_client_ip(self, request: HttpRequest) -> str:
        """The person's own address, so that behind our proxy one who guesses locks nobody else out."""
        return source_ip(request.META)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Tries count for an account from one address: somebody who guesses locks its owner out nowhere else."""
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_ip(request)}"

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Who signed in minutes ago is not asked for the password again to set up a second factor."""
        records = get_authentication_records(context.request, context.request.user)
        newest = max((record["at"] for record in records), default=0.0)
        if time.time() - newest < app_settings.REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app))


class StaffMfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticator apps and recovery codes stand encrypted in the database, like every other secret."""

    def encrypt(self, text: str) -> str:
        return _SEALED.get_prep_value(text) or ""

    def decrypt(self, encrypted_text: str) -> str:
        opened = _SEALED.from_db_value(encrypted_text)
        return opened if isinstance(opened, str) else json.dumps(opened)
