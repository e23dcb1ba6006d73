"""Suppliers: what each can do, how it fares, its float, and stopping or starting to buy there."""

from __future__ import annotations

from dataclasses import fields

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.console import figures
from simplane.console.shell import page
from simplane.core import jobs
from simplane.core.db import transaction
from simplane.ordering.models import Unit
from simplane.suppliers import operations, registry
from simplane.suppliers.errors import UnknownVendor
from simplane.suppliers.models import Purchase, Supplier
from simplane.suppliers.values import Capabilities, SupplierOptions
from simplane.ui.outcomes import attempt


@require_safe
def suppliers(request: HttpRequest) -> HttpResponse:
    """All suppliers."""
    inactive = Supplier.objects.filter(active=False).defer("credentials").order_by("name")
    return page(request, "suppliers", "suppliers", {"rows": figures.suppliers(), "inactive": inactive})


@require_safe
def supplier(request: HttpRequest, code: str) -> HttpResponse:
    """One supplier."""
    found = get_object_or_404(Supplier, code=code)
    shown = request.GET.get("state", "")
    purchases = _purchases(found, shown)
    units = Unit.objects.select_related("order").in_bulk({one.unit_id for one in purchases})
    return page(
        request,
        "supplier",
        "suppliers",
        {
            "supplier": found,
            "shown_state": shown,
            "health": figures.health_of(found),
            "capabilities": _capabilities(found),
            "options": _options(found),
            "purchases": [(one, units.get(one.unit_id)) for one in purchases],
            "runs": found.catalog_runs.order_by("-pk")[:5],
            "offers": found.offers.filter(state="active").count(),
            "waiting": found.offers.filter(state="review").count(),
        },
    )


def _purchases(found: Supplier, state: str) -> list[Purchase]:
    rows = found.purchases.select_related("offer")
    if state in Purchase.State.values:
        rows = rows.filter(state=state)
    return list(rows.order_by("-requested_at")[:50])


def _capabilities(found: Supplier) -> list[tuple[str, object]]:
    try:
        can: Capabilities = registry.unshared(found).capabilities
    except UnknownVendor:
        return []
    return [(field.name, getattr(can, field.name)) for field in fields(Capabilities)]


def _options(found: Supplier) -> list[tuple[str, object]]:
    options = SupplierOptions.parse(found.options)
    return [(field.name, getattr(options, field.name)) for field in fields(SupplierOptions) if field.name != "extra"]


@require_POST
def supplier_action(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Pause, resume, or read the catalogue now."""
    found = get_object_or_404(Supplier, code=code)
    if verb == "pause":
        reason, minutes = request.POST.get("reason", ""), request.POST.get("minutes", "")
        attempt(
            request,
            "Nothing more is bought there.",
            lambda: operations.pause(
                code, reason, minutes=int(minutes) if minutes.isdecimal() and minutes != "0" else None
            ),
        )
    elif verb == "resume":
        attempt(request, "It is bought from again.", lambda: operations.resume(code))
    else:
        with transaction():
            jobs.enqueue("catalog.sync_supplier", supplier_id=found.pk, once_key=f"catalog.sync_supplier:{found.pk}")
        attempt(request, "Its catalogue is read now; the result is among its runs.", lambda: None)
    return redirect("console:supplier", code)
