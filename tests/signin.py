"""Signing in for tests: a second factor whose codes we can make, and a session that has shown it."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from simplane.organizations.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def add_authenticator_app(user: User) -> Authenticator:
    """Give the user an authenticator app with a known secret."""
    made: Authenticator = totp.TOTP.activate(user, SECRET).instance
    return made


def code_now(secret: str = SECRET) -> str:
    """The six digits that the authenticator app shows now."""
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30)))


def session_of(user: User, *, second_factor: Authenticator | None) -> str:
    """A new session of the user, with or without a second factor shown; the value of its cookie."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = _BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    records: list[dict[str, Any]] = [{"method": "password", "at": time.time()}]
    if second_factor is not None:
        records.append({"method": "mfa", "at": time.time(), "id": second_factor.pk, "type": second_factor.type})
    session[AUTHENTICATION_METHODS_SESSION_KEY] = records
    session["account_authentication_methods_user"] = user_id_to_str(user)
    session.create()
    assert session.session_key is not None
    return str(session.session_key)


def client_of(user: User, *, second_factor: Authenticator | None) -> Client:
    """A browser without pictures, signed in."""
    client = Client()
    client.cookies["sessionid"] = session_of(user, second_factor=second_factor)
    return client
