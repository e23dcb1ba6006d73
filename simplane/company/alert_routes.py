"""Where alerts go: e-mail, Slack and webhooks of the company, for which kinds and from which severity on."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from simplane.company.shell import CompanyRequest, page, show
from simplane.core.errors import NotFound
from simplane.policies import routes
from simplane.policies.alert_models import AlertRoute
from simplane.policies.choices import Severity
from simplane.ui.outcomes import attempt
from simplane.ui.templatetags.show import words


class RouteForm(forms.Form):
    """A new way to be told."""

    channel = forms.ChoiceField(label="By", choices=AlertRoute.Channel.choices)
    target = forms.CharField(
        label="To", max_length=500, help_text="An e-mail address, or the https address of a webhook."
    )
    severity = forms.ChoiceField(label="From", choices=Severity.choices, initial=Severity.WARNING)
    secret = forms.CharField(
        label="Secret", max_length=200, required=False, help_text="Only of a webhook: with it requests are signed."
    )
    kinds = forms.MultipleChoiceField(
        label="Only these (none: all)",
        required=False,
        choices=[(one, words(one)) for one in routes.KINDS],
        widget=forms.CheckboxSelectMultiple,
    )
    approvals = forms.BooleanField(label="Slack: ask for approvals here too, with buttons", required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@page("settings:write")
def alert_routes(request: CompanyRequest) -> HttpResponse:
    """The ways that are there, and a form for another."""
    form = RouteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        where = typed.pop("channel"), typed.pop("target").strip()
        if attempt(
            request,
            "Alerts go there from now on.",
            lambda: routes.add(request.company.organization.pk, *where, **typed),
        ):
            return redirect("company:alert_routes")
    rows = AlertRoute.objects.filter(active=True).order_by("pk")
    return show(request, "alert_routes", "alerts", {"rows": rows, "form": form})


@require_POST
@page("settings:write")
def remove_route(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Nobody is told this way any more."""
    if not AlertRoute.objects.filter(public_id=public_id, active=True).exists():
        raise NotFound("there is no such way to be told")
    attempt(request, "Removed.", lambda: routes.remove(request.company.organization.pk, public_id))
    return redirect("company:alert_routes")
