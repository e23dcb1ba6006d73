"""A person's word on offers that wait for review."""

from __future__ import annotations

from collections.abc import Iterable

from simplane.core import audit
from simplane.core.db import needs_transaction
from simplane.suppliers.models import Offer


@needs_transaction
def lift_review(offer_ids: Iterable[int], *, note: str = "") -> int:
    """Part of a write: take offers out of review, each with its audit line. Returns how many."""
    waiting = list(
        Offer.objects.select_for_update().filter(pk__in=list(offer_ids), state=Offer.State.REVIEW).order_by("pk")
    )
    for offer in waiting:
        before = {"state": offer.state, "reason": offer.review_reason}
        after = {"state": Offer.State.ACTIVE.value, "cost_minor": offer.cost_minor, "currency": offer.currency}
        audit.note("offer.review_approved", "offer", offer.pk, before=before, after=after, reason=note)
    Offer.objects.filter(pk__in=[offer.pk for offer in waiting]).update(state=Offer.State.ACTIVE, review_reason="")
    return len(waiting)
