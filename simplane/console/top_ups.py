"""Money that resellers paid in: the list, one top-up with all that became of it, looking again, giving it back."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.console.postings import postings_about
from simplane.console.reseller_forms import amount
from simplane.console.shell import page
from simplane.core.errors import Refusal
from simplane.core.money import Money
from simplane.ledger import queries as ledger
from simplane.ledger.actions.wallet import ledger_of
from simplane.payments import actions
from simplane.payments.models import RefundProposal, TopUp
from simplane.payments.queries import all_top_ups, at_stripe
from simplane.payments.refunds import check_refundable
from simplane.payments.step import want_look
from simplane.ui.outcomes import attempt, back, given
from simplane.ui.paging import page_of


@require_safe
def top_ups(request: HttpRequest) -> HttpResponse:
    """All of them, newest first; with `?tests=1` those of play money."""
    found = page_of(filtered(request.GET), request.GET)
    context = {
        "page": found,
        "states": TopUp.State.choices,
        "methods": TopUp.Method.choices,
        "tests": request.GET.get("tests") == "1",
    }
    return page(request, "top_ups", "payments", context)


def filtered(query: QueryDict) -> QuerySet[TopUp]:
    """Top-ups that the filters let through; unknown filters count as absent."""
    found = all_top_ups(tests=query.get("tests") == "1")
    if text := query.get("q", "").strip():
        named = Q(organization__name__icontains=text) | Q(organization__slug__icontains=text)
        found = found.filter(
            named | Q(public_id=text) | Q(intent_id=text) | Q(charge_id=text) | Q(bank__reference__icontains=text)
        )
    if query.get("state") in TopUp.State.values:
        found = found.filter(state=query["state"])
    if query.get("method") in TopUp.Method.values:
        found = found.filter(method=query["method"])
    return found


@require_safe
def top_up(request: HttpRequest, public_id: str) -> HttpResponse:
    """One top-up: what Stripe says, refunds, disputes, and what is posted about it."""
    found = _found(public_id)
    left = found.amount_minor - found.refunded_minor
    wallets = ledger.wallets(found.organization_id)
    context: dict[str, Any] = {
        "top_up": found,
        "owner": found.organization.twin_of or found.organization,
        "dashboard": at_stripe(found),
        "refunds": found.refunds.order_by("pk"),
        "disputes": found.disputes.order_by("pk"),
        "proposals": found.refund_proposals.order_by("pk"),
        "postings": postings_about(found.public_id, ledger_of(found.organization)),
        "refusal": _refusal(found, left),
        "left": Money(left, found.currency),
        "wallet": next((one for one in wallets if one.currency == found.currency), None),
    }
    return page(request, "top_up", "payments", context)


@require_POST
def top_up_look(request: HttpRequest, public_id: str) -> HttpResponse:
    """Have Stripe asked again what became of it."""
    found = _found(public_id)
    attempt(request, "Stripe is asked again; what it says is here in a moment.", lambda: want_look(found.pk))
    return back(request, reverse("console:top_up", args=[found.public_id]))


@require_POST
def refund_propose(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose to give a sum back."""
    found, form = _found(public_id), request.POST

    def propose() -> None:
        money = amount(form.get("amount", ""), found.currency)
        actions.propose_refund(found.public_id, money.minor, reason=form.get("reason", ""))

    attempt(request, "The refund waits for a colleague; nothing has moved yet.", propose)
    return redirect("console:top_up", public_id)


@require_POST
def refund_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """A colleague's word on a refund."""
    get_object_or_404(RefundProposal, pk=pk)
    approve, reason = request.POST.get("verdict") == "approve", request.POST.get("reason", "").strip()
    attempt(
        request,
        "The money has left the wallet; Stripe pays it back." if approve else "The refund is declined.",
        lambda: actions.decide_refund(pk, approve=approve, reason=given(reason)),
    )
    return back(request, reverse("console:approvals"))


def _found(public_id: str) -> TopUp:
    rows = TopUp.objects.select_related("organization__twin_of", "account", "card", "bank__proposed_by")
    return get_object_or_404(rows, public_id=public_id)


def _refusal(row: TopUp, left: int) -> str:
    """Why nothing of it can be given back, or empty."""
    try:
        check_refundable(row, max(left, 1))
    except Refusal as refusal:
        return str(refusal)
    return ""
