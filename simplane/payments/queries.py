"""What pages and the API ask about payments. Everything is scoped by organization, except what our staff sees."""

from __future__ import annotations

from django.db.models import QuerySet

from simplane.core.errors import NotFound
from simplane.organizations.models import Organization
from simplane.payments.models import (
    AutoTopUp,
    BankTopUp,
    Dispute,
    Payout,
    RefundProposal,
    SavedCard,
    StripeAccount,
    TopUp,
    WalletAlarm,
)

DASHBOARD = "https://dashboard.stripe.com"


def top_ups(organization_id: int) -> QuerySet[TopUp]:
    """All top-ups of an organization, newest first, with their card."""
    return TopUp.objects.filter(organization_id=organization_id).select_related("card", "bank").order_by("-id")


def top_up(organization_id: int, public_id: str) -> TopUp:
    """One of them. Raises NotFound."""
    found = top_ups(organization_id).filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such top-up")
    return found


def cards(organization_id: int) -> list[SavedCard]:
    """Cards that can be charged, newest first."""
    rows = SavedCard.objects.filter(organization_id=organization_id, removed_at__isnull=True)
    return list(rows.order_by("-created_at"))


def auto_top_up(organization_id: int, currency: str) -> AutoTopUp | None:
    """The rule of a wallet, on or off."""
    rows = AutoTopUp.objects.select_related("card")
    return rows.filter(organization_id=organization_id, currency=currency).first()


def alarm(organization_id: int, currency: str) -> WalletAlarm | None:
    """Below what the owner wants to be told."""
    return WalletAlarm.objects.filter(organization_id=organization_id, currency=currency).first()


def takes_cards(organization: Organization) -> bool:
    """Whether card payments are set up for this organization's mode."""
    return StripeAccount.objects.filter(is_test=organization.is_test, active=True).exists()


def bank_top_ups_to_decide() -> QuerySet[BankTopUp]:
    """Transfers that wait for a second person, oldest first (staff)."""
    rows = BankTopUp.objects.filter(approved__isnull=True).select_related("top_up__organization", "proposed_by")
    return rows.order_by("top_up_id")


def refunds_to_decide() -> QuerySet[RefundProposal]:
    """Refunds that wait for a second person, oldest first (staff)."""
    rows = RefundProposal.objects.filter(state=RefundProposal.State.WAITING)
    return rows.select_related("top_up__organization").order_by("pk")


def all_top_ups(*, tests: bool = False) -> QuerySet[TopUp]:
    """Of everybody, those of real money or those of play money (staff)."""
    rows = TopUp.objects.filter(organization__is_test=tests)
    return rows.select_related("organization__twin_of", "card", "bank")


def all_disputes() -> QuerySet[Dispute]:
    """Of everybody, won and lost ones too (staff)."""
    return Dispute.objects.select_related("top_up__organization__twin_of")


def at_stripe(row: TopUp) -> str:
    """Where our staff sees a payment at Stripe; empty: nowhere (a bank transfer, a stand-in, not paid yet)."""
    if row.account is None or row.account.api_url or not row.intent_id:
        return ""
    return f"{DASHBOARD}/{'test/' if row.account.is_test else ''}payments/{row.intent_id}"


def payouts(*, with_differences: bool = False) -> QuerySet[Payout]:
    """Payouts, newest first (staff)."""
    rows = Payout.objects.select_related("account").order_by("-created_at")
    return rows.filter(differences__gt=0) if with_differences else rows
