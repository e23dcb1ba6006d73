"""What pages and commands ask of routing. Querysets, so that a page takes the part it shows."""

from __future__ import annotations

from django.db.models import Count, F, Q, QuerySet

from simplane.core import clock
from simplane.routing.models import Match, Receipt, Rule
from simplane.suppliers.models import Offer

State = Match.State


def matches(*, product_id: int | None = None, state: str = "", stale: bool = False) -> QuerySet[Match]:
    """Matches with product, offer and supplier, the best of each product first. `stale`: approved, then content changed."""
    found = Match.objects.select_related("product", "offer__supplier").defer("offer__raw")
    if product_id is not None:
        found = found.filter(product_id=product_id)
    if state:
        found = found.filter(state=state)
    if stale:
        found = found.filter(state=State.APPROVED).exclude(offer_hash=F("offer__content_hash"))
    return found.order_by("product__sku", "-score", "offer__cost_minor", "pk")


def offers_in_review(*, only_matched: bool = True) -> QuerySet[Offer]:
    """Offers that wait for a person, the longest waiting first, with `approved_matches` counted.

    Unmatched ones are left out unless asked for: nothing is sold through them either way.
    """
    counted = Count("matches", filter=Q(matches__state=State.APPROVED))
    found = Offer.objects.filter(state=Offer.State.REVIEW).annotate(approved_matches=counted)
    if only_matched:
        found = found.filter(approved_matches__gt=0)
    return found.select_related("supplier").defer("raw").order_by("changed_at", "pk")


def to_review() -> dict[str, int]:
    """How much waits for a person: proposals, offers in review that are sold, approved matches whose offer changed."""
    return {
        "proposed": Match.objects.filter(state=State.PROPOSED).count(),
        "offers": offers_in_review().count(),
        "stale": matches(stale=True).count(),
    }


def rules_in_force() -> QuerySet[Rule]:
    """Rules that count now, the newest first."""
    running = Q(valid_until__isnull=True) | Q(valid_until__gt=clock.now())
    return Rule.objects.filter(running, active=True).select_related("product", "supplier", "offer").order_by("-pk")


def receipts(*, unit_id: int | None = None, product_id: int | None = None) -> QuerySet[Receipt]:
    """Decisions, the newest first, without their facts."""
    found = Receipt.objects.select_related("product", "chosen__supplier").defer("facts", "chosen__raw")
    if unit_id is not None:
        found = found.filter(unit_id=unit_id)
    if product_id is not None:
        found = found.filter(product_id=product_id)
    return found.order_by("-pk")
