"""eSIMs: where each stands on its three axes, what it used, and its install links."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.console.order_list import ICCID
from simplane.console.shell import page
from simplane.delivery import links
from simplane.delivery.models import InstallLink
from simplane.lines import actions
from simplane.lines.models import Line, PlanState, ProfileState
from simplane.lines.queries import without_confirmation_code
from simplane.ordering.models import Unit
from simplane.ui.outcomes import attempt, given
from simplane.ui.paging import page_of


@require_safe
def lines(request: HttpRequest) -> HttpResponse:
    """All eSIMs, newest first."""
    found = page_of(_filtered(request.GET).select_related("supplier"), request.GET)
    return page(
        request,
        "lines",
        "lines",
        {"page": found, "profiles": ProfileState.choices, "plans": PlanState.choices},
    )


def _filtered(query: QueryDict) -> QuerySet[Line]:
    found = Line.objects.all()
    digits = query.get("q", "").replace(" ", "")
    if digits:
        found = found.filter(iccid=digits) if ICCID.fullmatch(digits) else found.filter(iccid__startswith=digits)
    if query.get("code") == "missing":
        found = found.filter(pk__in=without_confirmation_code().values("pk"))
    if query.get("profile") in ProfileState.values:
        found = found.filter(profile_state=query["profile"])
    if query.get("plan") in PlanState.values:
        found = found.filter(plan_state=query["plan"])
    return found


@require_safe
def line(request: HttpRequest, pk: int) -> HttpResponse:
    """One eSIM."""
    found = get_object_or_404(Line.objects.select_related("supplier", "purchase__offer"), pk=pk)
    units = Unit.objects.select_related("order__customer", "product")
    unit = units.filter(pk=found.unit_id).first() if found.unit_id else None
    used = found.data_used if found.data_used is not None else None
    share = min(100, used * 100 // found.data_total) if used is not None and found.data_total else None
    install_links = InstallLink.objects.filter(line=found).order_by("-pk")
    return page(
        request,
        "line",
        "lines",
        {
            "line": found,
            "unit": unit,
            "share": share,
            "left": max(0, found.data_total - used) if found.data_total and used is not None else None,
            "events": found.events.order_by("-at", "-pk")[:200],
            "links": [(link, links.address_of_unit(link.token)) for link in install_links],
        },
    )


@require_POST
def confirmation_code(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the confirmation code that a supplier told by phone or mail."""
    found = get_object_or_404(Line.objects.only("pk"), pk=pk)
    attempt(
        request,
        "Kept; the install page shows it now. Send the mail again so that the buyer knows.",
        lambda: actions.keep_confirmation_code(found.pk, request.POST.get("code", "")),
    )
    return redirect("console:line", pk)


@require_POST
def link_action(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Withdraw an install link, with or without a new one."""
    found = get_object_or_404(InstallLink, pk=pk)
    reason = request.POST.get("reason", "").strip()
    if verb == "rotate":
        attempt(request, "The old link is dead; the new one is below.", lambda: links.rotate(pk, reason=given(reason)))
    else:
        attempt(request, "The link is dead.", lambda: links.revoke(pk, reason=given(reason)))
    return redirect("console:line", found.line_id) if found.line_id else redirect("console:lines")
