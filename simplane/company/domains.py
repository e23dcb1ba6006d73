"""Settings > Domains: the company's own domains, what to write into DNS, and whether it stands there."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from simplane.company.settings_tabs import show_settings
from simplane.company.shell import CompanyRequest, page
from simplane.organizations import dns_proof, domains
from simplane.organizations.models import Domain
from simplane.ui.outcomes import attempt


class DomainForm(forms.Form):
    """A domain that is to be proved."""

    host = forms.CharField(label="Domain", max_length=253, help_text="For example esim.example.com, or example.com.")
    for_pages = forms.BooleanField(label="These pages are served at this domain", required=False)
    for_mail = forms.BooleanField(
        label="For single sign-on",
        required=False,
        help_text="A sign-in through your provider is believed about addresses of this domain.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page("settings:write")
def domain_list(request: CompanyRequest) -> HttpResponse:
    """All domains with their records, and a form for another."""
    form = DomainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        written = typed.pop("host")
        if attempt(request, "Added. Now write its record into DNS.", lambda: domains.add(written, **typed)):
            return redirect("company:domains")
    rows = [(one, dns_proof.record_name(one.host)) for one in Domain.objects.order_by("host")]
    return show_settings(request, "domains", {"rows": rows, "form": form})


@require_POST
@page("settings:write")
def verify_domain(request: CompanyRequest, name: str) -> HttpResponse:
    """Ask DNS now."""
    attempt(request, f"{name} is proved.", lambda: domains.verify(name))
    return redirect("company:domains")


@require_POST
@page("settings:write")
def remove_domain(request: CompanyRequest, name: str) -> HttpResponse:
    """It is no longer the company's."""
    attempt(request, f"{name} is removed.", lambda: domains.remove(name))
    return redirect("company:domains")
