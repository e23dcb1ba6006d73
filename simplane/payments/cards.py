"""Saved cards: Stripe's ids and what a person needs to recognise one."""

from __future__ import annotations

from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.core.ids import new_id
from simplane.payments.errors import CallRefused
from simplane.payments.gateway import Gateway
from simplane.payments.models import AutoTopUp, SavedCard, StripeCustomer
from simplane.payments.seen import CardSeen


@needs_transaction
def remember(account_id: int, organization_id: int, seen: CardSeen) -> SavedCard:
    """The card, kept when it is new. The same card again is the same row."""
    customer = StripeCustomer.objects.get(account_id=account_id, organization_id=organization_id)
    card, fresh = SavedCard.objects.get_or_create(
        stripe_id=seen.stripe_id,
        defaults={
            "customer": customer,
            "organization_id": organization_id,
            "public_id": new_id("card"),
            "brand": seen.brand[:20],
            "last4": seen.last4,
            "exp_month": seen.exp_month,
            "exp_year": seen.exp_year,
            "created_at": clock.now(),
        },
    )
    if fresh:
        audit.note("card.saved", "card", card.public_id, after={"brand": card.brand, "last4": card.last4})
    return card


def card_of(organization_id: int, public_id: str) -> SavedCard:
    """A card that can be charged. Raises NotFound."""
    rows = SavedCard.objects.filter(organization_id=organization_id, removed_at__isnull=True)
    found = rows.select_related("customer__account").filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such card", fix="save it again")
    return found


def remove_card(organization_id: int, public_id: str) -> None:
    """The card is charged no more, automatic top-ups with it stop. Raises NotFound, CallFailed (then it is still there)."""
    card = card_of(organization_id, public_id)
    try:
        Gateway(card.customer.account).detach_card(card.stripe_id)
    except CallRefused as refused:
        if refused.code != "resource_missing":
            raise
    with transaction():
        SavedCard.objects.filter(pk=card.pk).update(removed_at=clock.now())
        AutoTopUp.objects.filter(card=card).update(enabled=False, retry_at=None, problem="its card was removed")
        audit.note("card.removed", "card", card.public_id)
