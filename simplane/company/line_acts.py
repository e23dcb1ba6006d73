"""Doing something with one line or with many: a page says what will happen and to which, a button does it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from simplane.company.deeds import DEEDS, Deed
from simplane.company.line_page import own_line
from simplane.company.reach import within
from simplane.company.shell import CompanyRequest, page, show
from simplane.core import jobs
from simplane.core.db import transaction
from simplane.core.errors import NotFound
from simplane.core.ids import new_id
from simplane.fleet import bulk
from simplane.fleet.models import FleetLine, Operation
from simplane.fleet.possible import hindrance
from simplane.ui.outcomes import attempt

KEY_LENGTH = 40


@require_http_methods(["GET", "HEAD", "POST"])
@page("lines:write")
def line_deed(request: CompanyRequest, public_id: str, name: str) -> HttpResponse:
    """Ask, then do one thing with one line. The page's key makes a double click one deed."""
    found, deed = own_line(request, public_id), _deed(name)
    if request.method != "POST":
        context = {"line": found, "deed": deed, "hindrance": hindrance(found, name), "key": new_id("key")}
        return show(request, "line_deed", "lines", context)
    reason = request.POST.get("reason", "").strip() or "asked for on the line's page"
    key = request.POST.get("key", "")[:KEY_LENGTH]
    attempt(
        request,
        deed.done,
        lambda: deed.verb(found.public_id, asked_by=request.company.actor, reason=reason, key=key),
    )
    return redirect("company:line", found.public_id)


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
    }
    return show(request, "many_ask", "lines", context)


@require_POST
@page("lines:write")
def many_do(request: CompanyRequest) -> HttpResponse:
    """Write down one wish a line; the page of the bulk shows how they go."""
    deed = _deed(request.POST.get("deed", ""))
    able = [one for one in _chosen(request) if not hindrance(one, deed.name)]
    if not able:
        messages.error(request, "Choose lines for which it is possible.")
        return redirect("company:lines")
    asked_by = request.company.actor
    made = bulk.start(deed.name, len(able), asked_by=asked_by)
    reason = request.POST.get("reason", "").strip()
    refused = bulk.run(made, [bulk.Wanted(one.public_id) for one in able], asked_by=asked_by, reason=reason)
    for one in refused[:5]:
        messages.warning(request, f"{one.wanted.subject}: {one.why}")
    return redirect("company:bulk", made.public_id)


@require_safe
@page("lines:read")
def bulk_page(request: CompanyRequest, public_id: str) -> HttpResponse:
    """How far many operations are; it refreshes by itself while something is under way."""
    found = bulk.progress(public_id)
    rows = Operation.objects.filter(bulk=found.bulk).select_related("line__employee", "line__plan")
    shown = within(request.company, rows, team="line__team").order_by("pk")[:200]
    over = found.done + found.failed + found.refused
    context = {
        "found": found,
        "rows": shown,
        "refused": [] if request.company.narrow else found.bulk.rows.exclude(refused="").order_by("number")[:200],
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
