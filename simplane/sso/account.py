"""Passwords and passkeys at a company's host: refused where a connection is enforced, but for who may break the glass."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from simplane.organizations.adapter import StaffAccountAdapter
from simplane.organizations.models import User
from simplane.sso import break_glass
from simplane.sso.queries import enforced_at
from simplane.sso.sessions import SIGNED_IN_BY, has_left, way_of

LEFT = "You do not work here any more. If you do, ask HR to say so."


class AccountAdapter(StaffAccountAdapter):
    """As everywhere, and as the company at the request's host wants it."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Who may not come by password is answered like a wrong one: nobody learns here whether it was right."""
        user = super().authenticate(request, **credentials)
        return None if user is not None and self._is_closed(request, user) else user

    def pre_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse | None:
        """The last door of every way in: passkeys too come through here."""
        came_by = way_of(request)
        if self._left(request, user):
            messages.error(request, LEFT)
            return HttpResponseRedirect(reverse("account_login"))
        if not came_by and self._is_closed(request, user):
            messages.error(request, self._words(request))
            return HttpResponseRedirect(reverse("account_login"))
        answer: HttpResponse | None = super().pre_login(request, user, **options)
        if answer is None and came_by:
            request.session[SIGNED_IN_BY] = came_by
        elif answer is None:
            request.session.pop(SIGNED_IN_BY, None)
        return answer

    def post_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse:
        """A broken glass is heard."""
        tenant = getattr(request, "tenant", None)
        if tenant is not None and not request.session.get(SIGNED_IN_BY) and enforced_at(tenant.pk):
            break_glass.broken(tenant.pk, user)
        made: HttpResponse = super().post_login(request, user, **options)
        return made

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        """No mail where no password helps; the page says the same to everybody."""
        if not (self._is_closed(self.request, user) or self._left(self.request, user)):
            super().send_password_reset_mail(user, email, context)

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Where a connection is enforced a refused password leads to it."""
        if code in ("email_password_mismatch", "username_password_mismatch") and self._enforced(self.request):
            return ValidationError(self._words(self.request), code=code)
        found: ValidationError = super().validation_error(code, *args)
        return found

    def _left(self, request: HttpRequest, user: User) -> bool:
        tenant = getattr(request, "tenant", None)
        return tenant is not None and has_left(tenant.pk, user)

    def _enforced(self, request: HttpRequest) -> str:
        tenant = getattr(request, "tenant", None)
        found = enforced_at(tenant.pk) if tenant is not None else None
        return found.name if found else ""

    def _is_closed(self, request: HttpRequest, user: User) -> bool:
        return bool(self._enforced(request)) and not break_glass.may(request.tenant.pk, user)  # type: ignore[attr-defined]

    def _words(self, request: HttpRequest) -> str:
        return f"Sign in with {self._enforced(request)}. A password opens only for the owners named for the day it is down."
