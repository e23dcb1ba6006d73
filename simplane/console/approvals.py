"""What waits for a second person: prices below their margin, wallet corrections, bank transfers, refunds; and applicants."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.catalog.models import PriceProposal
from simplane.catalog.scopes import Scope
from simplane.console.shell import page
from simplane.ledger.actions.adjust import decide_adjustment
from simplane.ledger.models import Adjustment
from simplane.organizations.models import Organization, User
from simplane.payments.bank import decide_bank_top_up
from simplane.payments.models import BankTopUp
from simplane.payments.queries import bank_top_ups_to_decide, refunds_to_decide
from simplane.routing import pricing
from simplane.ui.outcomes import attempt, back, given

MOST = 200


@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """Everything that waits, the oldest first."""
    proposals = PriceProposal.objects.filter(state=PriceProposal.State.WAITING)
    corrections = Adjustment.objects.filter(state=Adjustment.State.WAITING)
    applicants = Organization.objects.filter(
        kind=Organization.Kind.RESELLER, is_test=False, state=Organization.State.APPLIED
    )
    mine = f"user:{request.user.pk} "
    context = {
        "proposals": [
            (one, Scope(one.tier, one.organization), one.proposed_by.startswith(mine))
            for one in proposals.select_related("product", "tier", "organization").order_by("pk")[:MOST]
        ],
        "corrections": [
            (one, one.proposed_by.startswith(mine))
            for one in corrections.select_related("wallet__organization").order_by("pk")[:MOST]
        ],
        "transfers": [(one, one.proposed_by_id == request.user.pk) for one in bank_top_ups_to_decide()[:MOST]],
        "refunds": [(one, one.proposed_by.startswith(mine)) for one in refunds_to_decide()[:MOST]],
        "applicants": applicants.order_by("created_at")[:MOST],
    }
    return page(request, "approvals", "approvals", context)


@require_POST
def price_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """A colleague's word on a price below the least margin."""
    get_object_or_404(PriceProposal, pk=pk)
    approve, reason = _verdict(request)
    attempt(
        request,
        "The price holds from now on." if approve else "The price is declined.",
        lambda: pricing.decide(pk, approve=approve, reason=reason),
    )
    return back(request, reverse("console:approvals"))


@require_POST
def adjustment_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """A colleague's word on a wallet correction."""
    get_object_or_404(Adjustment, pk=pk)
    approve, reason = _verdict(request)
    attempt(
        request,
        "The correction is posted." if approve else "The correction is declined.",
        lambda: decide_adjustment(pk, approve=approve, reason=reason),
    )
    return back(request, reverse("console:approvals"))


@require_POST
def transfer_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """A colleague's word on a bank transfer."""
    get_object_or_404(BankTopUp, top_up__public_id=public_id)
    approve, reason = _verdict(request)
    assert isinstance(request.user, User)
    by = request.user
    attempt(
        request,
        "The money is in the wallet." if approve else "The transfer is rejected.",
        lambda: decide_bank_top_up(public_id, approve=approve, by=by, note=given(reason)),
    )
    return redirect("console:approvals")


def _verdict(request: HttpRequest) -> tuple[bool, str]:
    return request.POST.get("verdict") == "approve", request.POST.get("reason", "").strip()
