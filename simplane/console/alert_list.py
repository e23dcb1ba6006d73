"""Alerts: what people were told, and who has taken it on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.alerts import actions
from simplane.alerts.models import Alert
from simplane.console.shell import page
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of


@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    """Open alerts, or with `all=1` the resolved too."""
    found = Alert.objects.all() if request.GET.get("all") else Alert.objects.filter(resolved_at__isnull=True)
    return page(request, "alerts", "alerts", {"page": page_of(found, request.GET, by="last_at")})


@require_POST
def alert_acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a person has it: it is not repeated any more."""
    get_object_or_404(Alert, pk=pk)
    attempt(request, "It is yours; nobody is told again while it is open.", lambda: actions.acknowledge(pk))
    return redirect("console:alerts")
