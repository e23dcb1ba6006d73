"""Top-ups whose payer's bank wants the money back: what Stripe says, until when to answer, and what the wallet lost."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from simplane.console.postings import postings_about
from simplane.console.shell import page
from simplane.core import clock
from simplane.core.models import DeadLetter
from simplane.ledger import queries as ledger
from simplane.ledger.actions.wallet import ledger_of
from simplane.payments.models import Dispute
from simplane.payments.queries import all_disputes, at_stripe
from simplane.payments.states import FINAL_DISPUTES
from simplane.ui.paging import page_of


@require_safe
def disputes(request: HttpRequest) -> HttpResponse:
    """Those that are not over, or with `?state=over` and `?state=all` others, newest first."""
    shown = request.GET.get("state", "open")
    found = all_disputes()
    over = Q(status__in=FINAL_DISPUTES)
    found = found.filter(over) if shown == "over" else found if shown == "all" else found.exclude(over)
    if text := request.GET.get("q", "").strip():
        organization = Q(top_up__organization__name__icontains=text)
        found = found.filter(organization | Q(stripe_id=text) | Q(top_up__public_id=text))
    context = {"page": page_of(found, request.GET), "shown": shown, "now": clock.now()}
    return page(request, "disputes", "payments", context)


@require_safe
def dispute(request: HttpRequest, stripe_id: str) -> HttpResponse:
    """One dispute."""
    rows = Dispute.objects.select_related("top_up__organization__twin_of", "top_up__account")
    found = get_object_or_404(rows, stripe_id=stripe_id)
    top_up = found.top_up
    wallets = ledger.wallets(top_up.organization_id)
    posted = postings_about(top_up.public_id, ledger_of(top_up.organization))
    context = {
        "dispute": found,
        "top_up": top_up,
        "owner": top_up.organization.twin_of or top_up.organization,
        "over": found.status in FINAL_DISPUTES,
        "late": found.answer_by is not None and found.answer_by < clock.now(),
        "dashboard": at_stripe(top_up),
        "wallet": next((one for one in wallets if one.currency == top_up.currency), None),
        "postings": [one for one in posted if one.fact.kind == "dispute" and one.fact.reason == found.stripe_id],
        "letter": DeadLetter.objects.filter(kind="dispute", subject_id=stripe_id, resolved_at__isnull=True).first(),
    }
    return page(request, "dispute", "payments", context)
