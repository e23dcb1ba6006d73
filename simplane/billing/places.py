"""Where a customer sits for tax. Its own word that it moved counts only when we confirmed it: else it would choose its tax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

from simplane.billing import reading
from simplane.billing.models import BillingProfile
from simplane.billing.tax import treatment
from simplane.billing.values import Party, Treatment
from simplane.billing.vat_checks import unknown_to_its_state
from simplane.ledger.statements import following

UNCONFIRMED = "It gave {new} as its country instead of {old} on {day}: look at the proof and confirm it under Invoices."


def counts_from(profile: BillingProfile) -> date | None:
    """The first day that is taxed at the new place once its move is confirmed; None: it never moved.

    The first of a month: no document may hold what is outside our tax beside what is not (EN 16931, BR-O-11).
    """
    return following(profile.moved_on) if profile.moved_on else None


def stays(profile: BillingProfile, day: date) -> bool:
    """Whether a move changes nothing for that day: it is not confirmed, or counts later."""
    begins = counts_from(profile)
    return begins is not None and (profile.move_confirmed_at is None or day < begins)


def buyer_on(profile: BillingProfile, day: date) -> Party:
    """As it is taxed for that day: where it sat before a move that we have not confirmed, or that came later."""
    now = reading.buyer_party(profile)
    if not stays(profile, day) or not profile.moved_from_country:
        return now
    return replace(now, country=profile.moved_from_country, vat_id=profile.moved_from_vat_id)


def taxes(profile: BillingProfile) -> Callable[[date], Treatment]:
    """The tax of each day. What it returns raises TaxUndecided, BadVatId."""
    seller = reading.seller_party(profile.seller)

    @cache
    def unknown(buyer: Party) -> bool:
        return unknown_to_its_state(profile.organization_id, seller.country, buyer.country, buyer.vat_id)

    def tax_on(day: date) -> Treatment:
        buyer = buyer_on(profile, day)
        return treatment(seller, buyer, day, vat_unknown=unknown(buyer))

    return tax_on


def unconfirmed(profile: BillingProfile) -> list[str]:
    """Why nothing of this customer may be issued yet, in words; none: its place is known."""
    if profile.moved_on is None or profile.move_confirmed_at is not None:
        return []
    old = profile.moved_from_country or "none"
    return [UNCONFIRMED.format(new=profile.country, old=old, day=profile.moved_on)]


def moves(most: int) -> list[tuple[BillingProfile, date | None]]:
    """Customers whose move waits for us, the oldest first, and from when on it will count."""
    rows = BillingProfile.objects.filter(moved_on__isnull=False, move_confirmed_at=None)
    found = rows.select_related("organization").order_by("moved_on", "pk")[:most]
    return [(one, counts_from(one)) for one in found]
