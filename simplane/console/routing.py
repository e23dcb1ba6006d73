"""Routing: rules of people, decisions with their receipts, and what would be decided now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.catalog.models import Product
from simplane.console.routing_forms import ExplainForm, RuleForm
from simplane.console.shell import page
from simplane.core.errors import Refusal
from simplane.ordering.models import Unit
from simplane.routing import actions, queries, rules
from simplane.routing.models import Receipt, Rule
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of


@require_safe
def routing(request: HttpRequest) -> HttpResponse:
    """Rules in force, rules that ended, and the last decisions."""
    return _routing_page(request, RuleForm())


def _routing_page(request: HttpRequest, form: RuleForm, *, status: int = 200) -> HttpResponse:
    found = page_of(
        Receipt.objects.select_related("product", "chosen__supplier").defer("facts", "candidates"), request.GET
    )
    units = Unit.objects.select_related("order").in_bulk({one.unit_id for one in found.rows if one.unit_id})
    context = {
        "rules": queries.rules_in_force(),
        "ended": Rule.objects.filter(active=False).select_related("product", "supplier", "offer").order_by("-pk")[:20],
        "form": form,
        "page": found,
        "receipts": [(one, units.get(one.unit_id) if one.unit_id else None) for one in found.rows],
    }
    return page(request, "routing", "routing", context, status=status)


@require_POST
def rule_add(request: HttpRequest) -> HttpResponse:
    """Put a rule in force."""
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _routing_page(request, form, status=422)
    attempt(request, "The rule is in force.", lambda: rules.add_rule(form.spec()))
    return redirect("console:routing")


@require_POST
def rule_expire(request: HttpRequest, pk: int) -> HttpResponse:
    """End a rule."""
    reason = request.POST.get("reason", "").strip()
    attempt(request, "The rule has ended.", lambda: rules.expire_rule(pk, reason=reason))
    return redirect("console:routing")


@require_safe
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """One decision; with `replay=1` beside the same facts ranked again now."""
    found = get_object_or_404(Receipt.objects.select_related("product", "chosen__supplier"), pk=pk)
    unit = Unit.objects.select_related("order").filter(pk=found.unit_id).first() if found.unit_id else None
    again = actions.replay(pk) if request.GET.get("replay") else None
    return page(request, "receipt", "routing", {"receipt": found, "unit": unit, "replay": again})


@require_safe
def explain(request: HttpRequest) -> HttpResponse:
    """What would be decided for a SKU now, at its list price or another."""
    form = ExplainForm(request.GET or None)
    context: dict[str, Any] = {
        "form": form,
        "skus": Product.objects.order_by("sku").values_list("sku", flat=True)[:2000],
    }
    if form.is_bound and form.is_valid():
        try:
            context["found"] = actions.explain(form.cleaned_data["sku"].strip(), form.money())
        except Refusal as refusal:
            form.add_error("sku", str(refusal))
    return page(request, "explain", "routing", context)
