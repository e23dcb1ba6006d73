"""Proposing refunds by hand, and deciding on those that a person or the delivery clock proposed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from simplane.channels import refunds
from simplane.channels.models import Refund
from simplane.ordering.models import Order
from simplane.ui.outcomes import attempt


@require_POST
def refund_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or decline one proposal."""
    found = get_object_or_404(Refund.objects.select_related("order"), pk=pk)
    approved = request.POST.get("verdict") == "approve"
    reason = request.POST.get("reason", "").strip()
    attempt(
        request,
        "The money goes back at the shop." if approved else "The refund is declined.",
        lambda: refunds.decide(pk, approve=approved, reason=reason),
    )
    return redirect("console:order", found.order.public_id)


@require_POST
def refund_propose(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose to give back a sum of an order."""
    found = get_object_or_404(Order, public_id=public_id)
    amount, reason = (request.POST.get(name, "").strip() for name in ("amount", "reason"))
    attempt(
        request,
        "The refund is proposed; nothing is paid back before it is approved.",
        lambda: refunds.propose_by_hand(found.pk, amount, reason),
    )
    return redirect("console:order", found.public_id)
