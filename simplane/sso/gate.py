"""What somebody whom a provider signed in may not touch: passwords, passkeys and second factors of their account.

The company's provider says who comes to the company. The account may come to belong to others too, so what opens it
elsewhere is set up only by who opened it without a provider, or reads its mail.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from simplane.sso.sessions import SIGNED_IN_BY

ACCOUNT_PAGES = ("account_", "mfa_")
OPEN = frozenset(
    {
        "account_login",
        "account_logout",
        "account_inactive",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "mfa_authenticate",
        "mfa_trust",
        "mfa_login_webauthn",
    }
)


class CredentialGate(MiddlewareMixin):
    """Middleware, behind the one that reads the session."""

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Raises PermissionDenied for pages of the account in a session that a provider began."""
        found = request.resolver_match
        name = (found.url_name or "") if found else ""
        if not name.startswith(ACCOUNT_PAGES) or name in OPEN or not request.session.get(SIGNED_IN_BY):
            return None
        raise PermissionDenied("you sign in through your company: passwords and passkeys are set up there")
