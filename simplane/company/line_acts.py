"""Doing something with one line or with many: a page says what will happen and to which, a button does it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from simplane.company.deeds import DEEDS, Deed
from simplane.company.line_page import own_line
from simplane.company.reach import within
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.when import day_of
from simplane.core import jobs
from simplane.core.db import transaction
from simplane.core.errors import NotFound, Refusal
from simplane.core.ids import new_id
from simplane.fleet import bulk
from simplane.fleet.models import Bulk, FleetLine, Operation, Plan
from simplane.fleet.possible import hindrance
from simplane.ui.outcomes import attempt, refused

KEY_LENGTH, PLAN_LENGTH = 40, 32


@require_http_methods(["GET", "HEAD", "POST"])
@page("lines:write")
def line_deed(request: CompanyRequest, public_id: str, name: str) -> HttpResponse:
    """Ask, then do one thing with one line. The page's key makes a double click one deed."""
    found, deed = own_line(request, public_id), _deed(name)
    if request.method != "POST":
        context = {"line": found, "deed": deed, "hindrance": hindrance(found, name), "key": new_id("key")}
        return show(request, "line_deed", "lines", context)
    attempt(request, deed.done, lambda: _do(request, deed, found))
    return redirect("company:line", found.public_id)


def _do(request: CompanyRequest, deed: Deed, line: FleetLine) -> Operation:
    typed = request.POST
    asked: dict[str, Any] = {"asked_by": request.company.actor, "key": typed.get("key", "")[:KEY_LENGTH]}
    asked["reason"] = typed.get("reason", "").strip() or "asked for on the line's page"
    if deed.later:
        asked["on"] = day_of(typed.get("on", ""))
    return deed.verb(line.public_id, **asked)


@require_POST
@page("lines:write")
def line_link(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Mail the line's person a fresh install link."""
    found = own_line(request, public_id)
    with transaction():
        jobs.enqueue("fleet.send_link", once_key=f"fleet-link:{found.pk}", line_id=found.pk)
    messages.success(request, "A fresh link is on its way; older ones work no more.")
    return redirect("company:line", found.public_id)


@require_POST
@page("lines:write")
def many_ask(request: CompanyRequest) -> HttpResponse:
    """Which of the chosen lines it is possible for, and why not for the others; nothing is done yet."""
    deed = _deed(request.POST.get("deed", ""))
    chosen = _chosen(request)
    told = [(one, hindrance(one, deed.name)) for one in chosen]
    context = {
        "deed": deed,
        "able": [one for one, why in told if not why],
        "unable": [(one, why) for one, why in told if why],
        "most": bulk.MOST,
        "plans": Plan.objects.filter(active=True).order_by("name") if deed.name == "change_plan" else (),
        "key": new_id("key"),
    }
    return show(request, "many_ask", "lines", context)


@require_POST
@page("lines:write")
def many_do(request: CompanyRequest) -> HttpResponse:
    """Keep one wish a line; a job asks for each, and the page of the bulk shows how they go."""
    deed = _deed(request.POST.get("deed", ""))
    able = [one for one in _chosen(request) if not hindrance(one, deed.name)]
    if not able:
        messages.error(request, "Choose lines for which it is possible.")
        return redirect("company:lines")
    try:
        made = _ask_for_many(request, deed, able)
    except Refusal as refusal:
        refused(request, refusal)
        return redirect("company:lines")
    return redirect("company:bulk", made.public_id)


def _ask_for_many(request: CompanyRequest, deed: Deed, able: list[FleetLine]) -> Bulk:
    typed = request.POST
    plan = typed.get("plan", "")[:PLAN_LENGTH] if deed.name == "change_plan" else ""
    wanted = [bulk.Wanted(one.public_id, plan, note=_name(one)) for one in able]
    return bulk.ask(
        deed.name,
        wanted,
        asked_by=request.company.actor,
        key=typed.get("key", "")[:KEY_LENGTH],
        reason=typed.get("reason", "").strip() or "asked for on the list of lines",
        on=day_of(typed.get("on", "")) if deed.later else None,
    )


def _name(line: FleetLine) -> str:
    return line.employee.name if line.employee else str(line.label or line.public_id)


@require_safe
@page("lines:read")
def bulk_page(request: CompanyRequest, public_id: str) -> HttpResponse:
    """How far many operations are; it refreshes by itself while something is under way. A manager sees their own."""
    found = bulk.progress(public_id)
    if request.company.narrow and not request.company.is_actor(found.bulk.asked_by):
        raise NotFound("there is no such bulk")
    rows = Operation.objects.filter(bulk=found.bulk).select_related("line__employee", "line__plan")
    shown = within(request.company, rows, team="line__team").order_by("pk")[:200]
    over = found.done + found.failed + found.refused + found.planned
    context = {
        "found": found,
        "rows": shown,
        "refused": found.bulk.rows.exclude(refused="").order_by("number")[:200],
        "share": 100 * over // max(1, over + found.open + found.waiting),
    }
    return show(request, "bulk", "lines", context)


def _deed(name: str) -> Deed:
    if name not in DEEDS:
        raise NotFound("there is no such thing to do with a line")
    return DEEDS[name]


def _chosen(request: CompanyRequest) -> list[FleetLine]:
    """The lines of the form's boxes that this member may see, 1,000 at most."""
    rows = within(request.company, FleetLine.objects.all())
    chosen = rows.filter(public_id__in=request.POST.getlist("line")[: bulk.MOST])
    return list(chosen.select_related("employee", "plan").order_by("-pk"))
