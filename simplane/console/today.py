"""Today: is everything all right, and if not, where."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from simplane.alerts.models import Alert
from simplane.console import figures
from simplane.console.causes import described
from simplane.console.shell import page
from simplane.core import clock, queue_stats


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """The first page; it refreshes itself every 15 seconds."""
    groups = figures.stuck()
    return page(
        request,
        "today",
        "today",
        {
            "now": clock.now(),
            "orders": figures.orders(),
            "stuck": described(groups),
            "stuck_total": sum(group.count for group in groups),
            "risk": figures.total_risk(groups),
            "suppliers": figures.suppliers(),
            "proofs": figures.reconciliations(),
            "mail": figures.mail(),
            "queues": queue_stats.depths(),
            "workers": queue_stats.workers(),
            "schedules": figures.troubled_schedules(),
            "alerts": Alert.objects.filter(resolved_at__isnull=True).order_by("-last_at")[:5],
        },
    )
