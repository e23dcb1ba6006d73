"""Forms that resellers and companies fill in alike: keys, and how install pages look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from babel import Locale
from django import forms
from django.core.validators import URLValidator

from simplane.core import countries
from simplane.core.errors import BadInput
from simplane.organizations.keys import FASTEST
from simplane.organizations.png import MOST_BYTES
from simplane.organizations.profile import LOOK, look_of, save_logo, save_look

OVERLAPS = (
    ("0", "The old secret stops at once"),
    ("1", "Both work for an hour"),
    ("24", "Both work for a day"),
    ("168", "Both work for a week"),
)


def overlap_of(hours: str) -> tuple[timedelta, str]:
    """How long both secrets of a replaced key work, and in words; a day when it is none of `OVERLAPS`."""
    known = dict(OVERLAPS)
    chosen = hours if hours in known else "24"
    return timedelta(hours=int(chosen)), known[chosen]


class KeyForm(forms.Form):
    """What a new key may do, and from where. `scopes`: each with its label."""

    name = forms.CharField(max_length=80, help_text="What it is for: the shop, the app, a partner.")
    scopes = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, help_text="A key may do nothing that your role may not."
    )
    networks = forms.CharField(
        required=False,
        label="Only from these networks",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="203.0.113.7/32, one a line. Empty: from anywhere.",
    )
    rate = forms.IntegerField(label="Calls a minute", min_value=1, max_value=FASTEST, initial=600)

    def __init__(self, scopes: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["scopes"]
        field.choices = scopes  # type: ignore[attr-defined]
        field.initial = [scope for scope, _ in scopes]

    def wanted(self) -> dict[str, Any]:
        """For `create_key`, of a valid form."""
        given = self.cleaned_data
        networks, rate = given["networks"].split(), given["rate"]
        return {"scopes": given["scopes"], "allowed_networks": networks, "rate_per_minute": rate}


class BrandingForm(forms.Form):
    """All that can be chosen of install pages."""

    name = forms.CharField(max_length=60, required=False, help_text="Empty: the account's name.")
    color = forms.CharField(
        label="Colour of buttons",
        required=False,
        max_length=7,
        widget=forms.TextInput(attrs={"placeholder": "#0b57d0", "pattern": "#[0-9a-fA-F]{6}"}),
        help_text="White or black text is chosen so that it can be read.",
    )
    support_email = forms.EmailField(label="E-mail for travellers", required=False)
    support_url = forms.URLField(
        label="Help page for travellers",
        required=False,
        assume_scheme="https",
        validators=[URLValidator(schemes=["https", "http"])],
        widget=forms.TextInput,
    )
    logo = forms.FileField(
        required=False,
        label="Logo",
        help_text=f"PNG, {MOST_BYTES // 1024} KB and 1024 by 1024 pixels at most.",
        widget=forms.FileInput(attrs={"accept": "image/png"}),
    )
    remove_logo = forms.BooleanField(required=False, label="Remove the logo")

    def clean_color(self) -> str:
        return str(self.cleaned_data["color"]).lower()

    def save(self, organization_id: int) -> None:
        """Of a valid form. Raises BadInput."""
        given = self.cleaned_data
        uploaded = given["logo"]
        if uploaded and uploaded.size > MOST_BYTES:
            raise BadInput("the logo is too large", fix=f"{MOST_BYTES // 1024} KB at most")
        if uploaded or given["remove_logo"]:
            save_logo(organization_id, uploaded.read() if uploaded else None)
        save_look(organization_id, **{name: given[name] for name in LOOK})


def look_as_chosen(organization_id: int) -> dict[str, str]:
    """What the form of the look begins with."""
    known = look_of(organization_id)
    return {name: getattr(known, name) for name in LOOK} if known else {}


def country_choices() -> list[tuple[str, str]]:
    """Codes and English names, by name; the first is empty."""
    names = Locale("en").territories
    return [("", ""), *sorted(((code, str(names[code])) for code in countries.known()), key=lambda one: one[1])]
