"""Another plan for a line: the page says what its supplier does, what it costs and what the rules say; a button asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from simplane.company.line_page import may_cancel, own_line
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.when import day_of
from simplane.core.errors import NotFound
from simplane.core.ids import new_id
from simplane.fleet.actions import change_plan, take_back
from simplane.fleet.actions.wish import facts_of
from simplane.fleet.models import FleetLine, Operation, Plan
from simplane.fleet.possible import fitting, hindrance
from simplane.policies.actions import check
from simplane.policies.values import Verdict
from simplane.ui.outcomes import attempt

HOW = {
    Plan.Change.NATIVE: "The supplier changes the plan on the same eSIM: there is nothing to install. The old plan ends at that"
    " moment, and what is left of it is lost.",
    Plan.Change.EMULATED: "The new plan is added to the same eSIM: there is nothing to install. If the old plan was never"
    " started it is taken off; one that has begun runs out first, then the new one begins.",
}
KEY_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """A plan that the line may have. `more_minor`: its price above that of the plan now; negative: below."""

    plan: Plan
    verdict: Verdict
    more_minor: int


@require_http_methods(["GET", "HEAD", "POST"])
@page("lines:write")
def line_change(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Choose, then ask. The page's key makes a double click one change."""
    line = own_line(request, public_id)
    if request.method == "POST" and attempt(request, "The change is asked for.", lambda: _ask(request, line)):
        return redirect("company:line", line.public_id)
    why_not = hindrance(line, "change_plan")
    context = {
        "line": line,
        "hindrance": why_not,
        "how": HOW.get(Plan.Change(line.change), ""),
        "rows": [] if why_not else choices(line),
        "key": new_id("key"),
    }
    return show(request, "line_change", "lines", context)


@require_POST
@page("lines:write")
def cancel_planned(request: CompanyRequest, public_id: str, operation: str) -> HttpResponse:
    """What waits for its day is not done. A manager may not keep a line that a rule ends."""
    line = own_line(request, public_id)
    planned = Operation.objects.filter(line=line, public_id=operation).first()
    if planned is None:
        raise NotFound("there is no such operation of this line")
    if not may_cancel(request.company, planned):
        raise PermissionDenied("a rule of the company ends this line: an owner can cancel that")
    attempt(request, "Cancelled.", lambda: take_back(operation, asked_by=request.company.actor))
    return redirect("company:line", line.public_id)


def choices(line: FleetLine) -> list[Choice]:
    """The plans that its supplier has, the cheapest first, and what the rules say to each now."""
    return [
        Choice(plan, check(facts_of(line, plan, "change_plan")), plan.price_minor - line.plan.price_minor)
        for plan in fitting(line)
    ]


def _ask(request: CompanyRequest, line: FleetLine) -> Operation:
    typed = request.POST
    return change_plan(
        line.public_id,
        typed.get("plan", ""),
        asked_by=request.company.actor,
        reason=typed.get("reason", "").strip() or "asked for on the line's page",
        key=typed.get("key", "")[:KEY_LENGTH],
        on=day_of(typed.get("on", "")),
    )
