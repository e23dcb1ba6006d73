"""How people sign in: by invitation only, e-mail and password or passkey, then a second factor if they have one."""

from __future__ import annotations

import json
import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from simplane.core.addresses import source_ip
from simplane.core.crypto import SecretJSONField

_SEALED = SecretJSONField()


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up here: `simplane createsuperuser` and Django's admin make staff, an invitation by mail makes members."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many failed login attempts. Wait 5 minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Our staff work in the console, everybody else in the hub."""
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
