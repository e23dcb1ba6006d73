"""What Stripe paid out to our bank, matched movement by movement with our ledger: as `simplane payments match` prints it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.console.schedules import ask_worker
from simplane.console.shell import page
from simplane.core.models import DeadLetter
from simplane.core.money import Money
from simplane.payments import matching, queries
from simplane.payments import payouts as payout_work
from simplane.payments.models import Payout, PayoutLine, StripeAccount
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of


@dataclass(frozen=True, slots=True)
class Sums:
    """What the lines of a payout add up to without the payout's own, in minor units."""

    amount: int
    fee: int
    net: int
    booked: int


@require_safe
def payouts(request: HttpRequest) -> HttpResponse:
    """All payouts, newest first, or those that differ (`?differ=1`)."""
    differ = request.GET.get("differ") == "1"
    context = {
        "page": page_of(queries.payouts(with_differences=differ), request.GET, by="created_at"),
        "differ": differ,
        "wrong": queries.payouts(with_differences=True).count(),
        "accounts": StripeAccount.objects.filter(active=True).exists(),
    }
    return page(request, "payouts", "payments", context)


@require_safe
def payout(request: HttpRequest, stripe_id: str) -> HttpResponse:
    """One payout, line by line, the differences first."""
    found = get_object_or_404(Payout.objects.select_related("account"), stripe_id=stripe_id)
    lines = list(found.lines.select_related("top_up__organization").order_by("pk"))
    letter = DeadLetter.objects.filter(kind__in=("payout", "payout_unread"), subject_id=stripe_id)
    context = {
        "payout": found,
        "lines": sorted(lines, key=lambda one: not one.difference),
        "sums": sums_of(lines),
        "letter": letter.filter(resolved_at__isnull=True).first(),
    }
    return page(request, "payout", "payments", context)


@require_safe
def balances(request: HttpRequest) -> HttpResponse:
    """What lies at Stripe beside what our ledger says; asks Stripe, so the list fetches it behind its own back."""
    found = matching.balances()
    silent = StripeAccount.objects.filter(active=True).exclude(key__in=[one["account"] for one in found])
    rows = [
        (one["account"], Money(one["stripe_minor"], one["currency"]), Money(one["ledger_minor"], one["currency"]))
        for one in found
    ]
    context = {"rows": [(*row, row[1] - row[2]) for row in rows], "silent": silent.values_list("name", flat=True)}
    return page(request, "payout_balances", "payments", context)


@require_POST
def payouts_match(request: HttpRequest) -> HttpResponse:
    """Have workers read the payouts of the last week and match what is not matched or differed."""

    def match() -> None:
        matching.match_later()
        ask_worker("payments.catch_up")

    attempt(request, "Workers read and match them now; look again in a moment.", match)
    return redirect("console:payouts")


@require_POST
def payout_match(request: HttpRequest, stripe_id: str) -> HttpResponse:
    """Have one payout matched again."""
    found = get_object_or_404(Payout, stripe_id=stripe_id)
    attempt(request, "A worker matches it now; look again in a moment.", lambda: payout_work.match_again(found.pk))
    return redirect("console:payout_of_stripe", stripe_id)


def sums_of(lines: list[PayoutLine]) -> Sums:
    """Of the movements that a payout paid out."""
    paid = [one for one in lines if one.kind != "payout"]
    return Sums(
        sum(one.amount_minor for one in paid),
        sum(one.fee_minor for one in paid),
        sum(one.net_minor for one in paid),
        sum(one.booked_minor for one in paid),
    )
