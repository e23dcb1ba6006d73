"""How the install page of the account's eSIMs looks: name, colour, logo, and whom travellers ask."""

from __future__ import annotations

from django import forms
from django.core.validators import URLValidator
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from simplane.core.errors import BadInput
from simplane.hub.shell import HubRequest, page, show
from simplane.organizations.png import MOST_BYTES
from simplane.organizations.profile import LOOK, Look, logo_of, look_of, save_logo, save_look
from simplane.ui.outcomes import attempt


class BrandingForm(forms.Form):
    """All that can be chosen."""

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


@require_http_methods(["GET", "HEAD", "POST"])
@page("branding:manage")
def branding(request: HubRequest) -> HttpResponse:
    """The form, with the logo as it is."""
    home = request.hub.home
    known = look_of(home.pk)
    if request.method == "POST":
        form = BrandingForm(request.POST, request.FILES)
        if form.is_valid() and attempt(
            request, "Saved: install pages look so from now on.", lambda: _save(home.pk, form)
        ):
            return HttpResponseRedirect(reverse("hub:branding"))
        return show(request, "branding", "branding", {"form": form, "known": known}, status=422)
    return show(request, "branding", "branding", {"form": BrandingForm(initial=_initial(known)), "known": known})


@require_safe
@page("branding:manage")
def logo(request: HubRequest) -> HttpResponse:
    """The logo as a picture."""
    return HttpResponse(logo_of(request.hub.home.pk), content_type="image/png")


def _save(organization_id: int, form: BrandingForm) -> None:
    given = form.cleaned_data
    uploaded = given["logo"]
    if uploaded and uploaded.size > MOST_BYTES:
        raise BadInput("the logo is too large", fix=f"{MOST_BYTES // 1024} KB at most")
    if uploaded or given["remove_logo"]:
        save_logo(organization_id, uploaded.read() if uploaded else None)
    save_look(organization_id, **{name: given[name] for name in LOOK})


def _initial(known: Look | None) -> dict[str, str]:
    return {name: getattr(known, name) for name in LOOK} if known else {}
