"""How the company's rules count time and wait for people, and whose presses in Slack count."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from simplane.company import people_rules
from simplane.company.shell import CompanyRequest, page, show
from simplane.organizations.models import Membership
from simplane.policies import company_settings
from simplane.policies.models import SlackPerson
from simplane.policies.reading import settings_of
from simplane.ui.outcomes import attempt


class SettingsForm(forms.Form):
    """An empty secret stays as it is."""

    time_zone = forms.CharField(
        label="Time zone", max_length=64, help_text="Where days and months begin, such as Europe/Berlin"
    )
    approval_hours = forms.IntegerField(label="A question expires after, in hours", min_value=1, max_value=720)
    escalate_hours = forms.IntegerField(label="Others are asked too after, in hours", min_value=1, max_value=720)
    slack_signing_secret = forms.CharField(
        label="Signing secret of your Slack app",
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="For its buttons; empty: as it is.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page("settings:write")
def rule_settings(request: CompanyRequest) -> HttpResponse:
    """The settings, and each member's Slack id."""
    company = request.company.organization.pk
    known = settings_of(company)
    names = ("time_zone", "approval_hours", "escalate_hours")
    form = SettingsForm(request.POST or None, initial={name: getattr(known, name) for name in names})
    if request.method == "POST" and form.is_valid():
        typed: dict[str, Any] = {**form.cleaned_data}
        typed["slack_signing_secret"] = typed["slack_signing_secret"].strip() or None
        if attempt(request, "Saved.", lambda: company_settings.change(company, **typed)):
            return redirect("company:rule_settings")
    in_slack = dict(SlackPerson.objects.values_list("user_id", "slack_id"))
    members = Membership.objects.filter(organization_id=company).only("organization_id", "user__id", "user__email")
    context = {
        "form": form,
        "people": people_rules.shown(),
        "secret": bool(known.slack_signing_secret),
        "members": [(one, in_slack.get(one.user_id, "")) for one in members.select_related("user").order_by("pk")],
    }
    return show(request, "rule_settings", "rules", context)


@require_POST
@page("settings:write")
def know_in_slack(request: CompanyRequest) -> HttpResponse:
    """This member is that one in Slack; an empty id: nobody."""
    user, slack_id = request.POST.get("user", ""), request.POST.get("slack_id", "").strip()
    user_id = int(user) if user.isdecimal() and len(user) < 19 else 0
    company = request.company.organization.pk
    attempt(request, "Saved.", lambda: company_settings.know_in_slack(company, user_id, slack_id))
    return redirect("company:rule_settings")
