"""What joiners get and when leavers' lines end: part of the page of the rules' settings."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from simplane.company.shell import CompanyRequest, page
from simplane.core.errors import BadInput
from simplane.fleet import people_rules
from simplane.fleet.models import JoinerPlan, Plan
from simplane.ui.outcomes import attempt
from simplane.workforce.models import Team

DIGITS = 4


@require_POST
@page("settings:write")
def leaver_rule(request: CompanyRequest) -> HttpResponse:
    """So many days after somebody left, their lines end."""
    attempt(request, "Saved: for everybody who leaves from now on.", lambda: _days(request.POST.get("days", "")))
    return redirect("company:rule_settings")


@require_POST
@page("settings:write")
def joiner_rule(request: CompanyRequest) -> HttpResponse:
    """Who joins a team gets a plan; an empty plan: nothing."""
    team, plan = request.POST.get("team", ""), request.POST.get("plan", "")
    attempt(request, "Saved: for everybody who joins from now on.", lambda: people_rules.set_joiner_plan(team, plan))
    return redirect("company:rule_settings")


def shown() -> dict[str, Any]:
    """What the page shows of it."""
    rules = JoinerPlan.objects.select_related("team", "plan").order_by("team__name")
    return {
        "leaver_days": people_rules.leaver_days(),
        "most_days": people_rules.MOST_DAYS,
        "joiner_plans": rules,
        "plans": Plan.objects.filter(active=True).order_by("name"),
        "teams": Team.objects.order_by("name"),
    }


def _days(typed: str) -> None:
    if not (typed.isascii() and typed.isdigit() and len(typed) <= DIGITS):
        raise BadInput("this is no number of days", fix=f"write 0 (at once) to {people_rules.MOST_DAYS}")
    people_rules.change_leaver_days(int(typed))
