"""Settings > Branding, and what it changes: the pages of links, which people without an account see."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from simplane.company.settings_tabs import show_settings
from simplane.company.shell import CompanyRequest, page
from simplane.company.standing import tenant_of
from simplane.core.errors import NotFound
from simplane.organizations.forms import BrandingForm, look_as_chosen
from simplane.organizations.profile import logo_of, look_of
from simplane.ui.contrast import readable_on
from simplane.ui.outcomes import attempt

_STYLE = """.btn-primary {{
  --tblr-btn-bg: {color}; --tblr-btn-hover-bg: {color}; --tblr-btn-active-bg: {color}; --tblr-btn-disabled-bg: {color};
  --tblr-btn-color: {text}; --tblr-btn-hover-color: {text}; --tblr-btn-active-color: {text};
}}
"""


@require_http_methods(["GET", "HEAD", "POST"])
@page("settings:write")
def branding(request: CompanyRequest) -> HttpResponse:
    """The form, with the logo as it is."""
    home = request.company.organization.pk
    form = BrandingForm(request.POST, request.FILES) if request.method == "POST" else None
    if form and form.is_valid() and attempt(request, "Saved: links look so from now on.", lambda: form.save(home)):
        return redirect("company:branding")
    context = {"form": form or BrandingForm(initial=look_as_chosen(home)), "known": look_of(home)}
    return show_settings(request, "branding", context, status=422 if form else 200)


@require_safe
@cache_control(max_age=300)
def logo(request: HttpRequest) -> HttpResponse:
    """The company's logo, for everybody at its address."""
    try:
        return HttpResponse(logo_of(tenant_of(request).pk), content_type="image/png")
    except NotFound as missing:
        raise Http404(str(missing)) from None


@require_safe
@cache_control(max_age=300)
def style(request: HttpRequest) -> HttpResponse:
    """The company's colour, on the buttons of its pages of links."""
    look = look_of(tenant_of(request).pk)
    made = _STYLE.format(color=look.color, text=readable_on(look.color)) if look and look.color else ""
    return HttpResponse(made, content_type="text/css")


def show_outside(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render `company/<template>.html`, a page without a sign-in, in the company's look."""
    tenant = tenant_of(request)
    shared = {"tenant": tenant, "look": look_of(tenant.pk)}
    return render(request, f"company/{template}.html", shared | context, status=status)
