"""How people sign in to the console: by invitation only, e-mail and password or passkey, then a second factor."""

from __future__ import annotations

import json

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from simplane.core.crypto import SecretJSONField

_SEALED = SecretJSONField()


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by himself; `simplane createsuperuser` and Django's admin make accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False


class StaffMfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticator apps and recovery codes stand encrypted in the database, like every other secret."""

    def encrypt(self, text: str) -> str:
        return _SEALED.get_prep_value(text) or ""

    def decrypt(self, encrypted_text: str) -> str:
        opened = _SEALED.from_db_value(encrypted_text)
        return opened if isinstance(opened, str) else json.dumps(opened)
