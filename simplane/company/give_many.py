"""Lines for many at once: a file or ticked people, what it would cost and what the rules say, then one button."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from simplane.company.give_rows import Preview, preview, said_in, ticked
from simplane.company.people_file import uploaded
from simplane.company.reach import within
from simplane.company.shell import CompanyRequest, page, show
from simplane.core import clock
from simplane.core.errors import Refusal
from simplane.core.ids import new_id
from simplane.fleet.bulk import MOST, Wanted, ask
from simplane.fleet.models import Plan
from simplane.policies.budgets import states
from simplane.policies.values import PurchaseFacts
from simplane.ui.outcomes import refused
from simplane.workforce.models import Employee

KEY_LENGTH, NUMBER_LENGTH = 40, 8


@require_http_methods(["GET", "HEAD", "POST"])
@page("lines:write")
def give_many(request: CompanyRequest) -> HttpResponse:
    """Choose people; then what would happen, which is asked for by the next page's button."""
    if request.method != "POST":
        return show(request, "give_file", "lines", {"plans": _plans(), "most": MOST})
    try:
        return _show(request, _previewed(request))
    except Refusal as refusal:
        refused(request, refusal)
        return redirect("company:give_many")


@require_POST
@page("lines:write")
def give_many_do(request: CompanyRequest) -> HttpResponse:
    """Ask for what was shown; a job writes the wishes down, and the bulk's page shows how they go."""
    try:
        found = _previewed(request, denied=_denied(request))
        if found.digest != request.POST.get("digest"):
            messages.warning(request, "People, plans or prices changed meanwhile: look again, then confirm.")
            return _show(request, _previewed(request))
        wanted = [
            Wanted(one.person.public_id, one.plan.public_id, one.person.name, one.said.label)
            for one in found.good
            if one.person and one.plan
        ]
        key = request.POST.get("key", "")[:KEY_LENGTH]
        made = ask("provision", wanted, asked_by=request.company.actor, key=key)
    except Refusal as refusal:
        refused(request, refusal)
        return redirect("company:give_many")
    return redirect("company:bulk", made.public_id)


def _denied(request: CompanyRequest) -> frozenset[int]:
    """Row numbers that were shown as refused by the rules."""
    said = request.POST.get("denied", "").split(",")
    return frozenset(int(one) for one in said if one.isascii() and one.isdigit() and len(one) < NUMBER_LENGTH)


def _previewed(request: CompanyRequest, *, denied: frozenset[int] | None = None) -> Preview:
    """From the form's file, its hidden rows or its boxes. Raises UnreadableFile."""
    people = within(request.company, Employee.objects.all())
    if request.POST.getlist("person"):
        said = ticked(request.POST.getlist("person"))
    elif "rows" in request.POST:
        said = said_in(request.POST["rows"].encode())
    else:
        said = said_in(uploaded(request)[1])
    return preview(said, _plan_id(request), people, denied=denied)


def _plan_id(request: CompanyRequest) -> str:
    """The one chosen; the cheapest of the company's when none was."""
    chosen = request.POST.get("plan", "")
    return chosen or next((one.public_id for one in _plans()), "")


def _plans() -> list[Plan]:
    return list(Plan.objects.filter(active=True).order_by("price_minor", "name"))


def _show(request: CompanyRequest, found: Preview) -> HttpResponse:
    context = {
        "found": found,
        "plans": _plans(),
        "plan_id": _plan_id(request),
        "short": _short(request, found),
        "key": new_id("key"),
    }
    return show(request, "give_preview", "lines", context)


def _short(request: CompanyRequest, found: Preview) -> list[str]:
    """Budgets of the whole company that can not bear all of it together."""
    told = []
    for minor, currency in found.totals:
        facts = PurchaseFacts(
            organization_id=request.company.organization.pk,
            employee_id=None,
            team_id=None,
            cost_centre_id=None,
            line_id=None,
            kind="provision",
            plan_public_id="",
            plan_name="all of them",
            countries=(),
            data_bytes=None,
            amount_minor=minor,
            currency=currency,
            at=clock.now(),
        )
        told += [
            one.name
            for one in states(facts)[0]
            if one.most_minor is not None and one.taken_minor + minor > one.most_minor
        ]
    return told
