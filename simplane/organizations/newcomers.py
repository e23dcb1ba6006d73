"""Somebody behind the link of an invitation: what they say about themselves, and their first sign-in."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from django import forms
from django.contrib.auth import login
from django.http import HttpRequest

from simplane.organizations.models import User
from simplane.organizations.names import mailable

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class PersonForm(forms.Form):
    """Somebody who has no account yet."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Password",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="12 characters or more. A passkey or an authenticator app can be added afterwards.",
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not mailable(name):
            # It stands in mails to people whom this person invites.
            raise forms.ValidationError("Write your name, without an address.")
        return name


def sign_in(request: HttpRequest, user: User) -> None:
    """Begin the session of somebody who just chose their password."""
    login(request, user, backend=BACKEND)
    record_authentication(request, user, "password", email=user.email)
