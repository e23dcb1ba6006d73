"""The account's data for us: contact, country, VAT number, website."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from simplane.hub.shell import HubRequest, page, show
from simplane.organizations.forms import country_choices
from simplane.organizations.profile import PROFILE, save_profile
from simplane.ui.outcomes import attempt


class ProfileForm(forms.Form):
    """What an account may change of itself."""

    contact_email = forms.EmailField(
        label="E-mail for notices", required=False, help_text="About the account. Empty: to its owners."
    )
    country = forms.ChoiceField(label="Country of the company")
    vat_id = forms.RegexField(
        r"^[A-Za-z0-9 .\-/]*$", label="VAT number", required=False, max_length=20, help_text="As it stands on invoices."
    )
    website = forms.URLField(max_length=200, required=False, assume_scheme="https", widget=forms.TextInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = country_choices()  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
@page("profile:manage")
def profile(request: HubRequest) -> HttpResponse:
    """The form."""
    home = request.hub.home
    form = ProfileForm(request.POST or None, initial={name: getattr(home, name) for name in PROFILE})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if attempt(request, "Saved.", lambda: save_profile(home.pk, **given)):
            return HttpResponseRedirect(reverse("hub:profile"))
    return show(request, "profile", "profile", {"form": form}, status=422 if request.method == "POST" else 200)
