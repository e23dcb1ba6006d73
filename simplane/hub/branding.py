"""How the install page of the account's eSIMs looks: name, colour, logo, and whom travellers ask."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from simplane.hub.shell import HubRequest, page, show
from simplane.organizations.forms import BrandingForm, look_as_chosen
from simplane.organizations.profile import logo_of, look_of
from simplane.ui.outcomes import attempt


@require_http_methods(["GET", "HEAD", "POST"])
@page("branding:manage")
def branding(request: HubRequest) -> HttpResponse:
    """The form, with the logo as it is."""
    home = request.hub.home
    known = look_of(home.pk)
    if request.method == "POST":
        form = BrandingForm(request.POST, request.FILES)
        if form.is_valid() and attempt(
            request, "Saved: install pages look so from now on.", lambda: form.save(home.pk)
        ):
            return HttpResponseRedirect(reverse("hub:branding"))
        return show(request, "branding", "branding", {"form": form, "known": known}, status=422)
    return show(
        request, "branding", "branding", {"form": BrandingForm(initial=look_as_chosen(home.pk)), "known": known}
    )


@require_safe
@page("branding:manage")
def logo(request: HubRequest) -> HttpResponse:
    """The logo as a picture."""
    return HttpResponse(logo_of(request.hub.home.pk), content_type="image/png")
