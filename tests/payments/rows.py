"""Payments as rows, for pages that only show them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simplane.core import clock
from simplane.payments.models import Dispute, Payout, PayoutLine, StripeAccount, TopUp
from tests import factories


def account() -> StripeAccount:
    """A live account that is asked nothing: it is not active."""
    fields = {"name": "Stripe", "is_test": False, "credentials": {}, "active": False, "created_at": clock.now()}
    return StripeAccount.objects.get_or_create(key="live", defaults=fields)[0]


def top_up(**given: Any) -> TopUp:
    """One that is in the wallet."""
    number = factories.number()
    fields = {
        "public_id": f"top_{number}", "account": account(), "method": "checkout", "state": "succeeded",
        "amount_minor": 50_00, "currency": "EUR", "created_at": clock.now(), "created_by": "user:1 ana@acme.example",
        "credited_at": clock.now(), "intent_id": f"pi_{number}", "charge_id": f"ch_{number}",
        "fee_minor": 1_00, "settled_currency": "EUR",
    }  # fmt: skip
    if "organization" not in given:
        given["organization"] = factories.organization(kind="reseller")
    return TopUp.objects.create(**fields | given)


def dispute(**given: Any) -> Dispute:
    """One that waits for our answer."""
    fields = {
        "stripe_id": f"du_{factories.number()}", "status": "needs_response", "reason": "product_not_received",
        "amount_minor": 50_00, "taken_minor": 50_00, "fee_minor": 20_00, "created_at": clock.now(),
        "answer_by": clock.now() + timedelta(days=7),
    }  # fmt: skip
    return Dispute.objects.create(**fields | {"top_up": given.pop("top_up", None) or top_up(state="disputed")} | given)


def payout(**given: Any) -> Payout:
    """One that is on our bank account, with a line that matches and one that differs."""
    number = factories.number()
    fields = {
        "account": account(), "stripe_id": f"po_{number}", "status": "paid", "amount_minor": 60_57, "currency": "EUR",
        "automatic": True, "created_at": clock.now(), "arrives_on": clock.now().date(), "matched_at": clock.now(),
        "differences": 1,
    }  # fmt: skip
    made = Payout.objects.create(**fields | given)
    lines = (
        ("charge", top_up(), 50_00, 1_00, 49_00, ""),
        ("charge", None, 12_00, 43, 0, "Stripe says 11.57 EUR, our ledger 0.00 EUR"),
    )
    for index, (kind, row, amount, fee, booked, difference) in enumerate(lines):
        PayoutLine.objects.create(
            payout=made, stripe_id=f"txn_{number}_{index}", kind=kind, source=f"ch_{number}_{index}", top_up=row,
            amount_minor=amount, fee_minor=fee, net_minor=amount - fee, booked_minor=booked, difference=difference,
        )  # fmt: skip
    return made
