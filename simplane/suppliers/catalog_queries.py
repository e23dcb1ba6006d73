"""What pages and commands ask of the catalogues."""

from __future__ import annotations

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Greatest

from simplane.suppliers.models import CatalogRun, Offer


def good_runs() -> QuerySet[CatalogRun]:
    """Pulls that were applied, the newest first."""
    return CatalogRun.objects.filter(problem="", finished_at__isnull=False).order_by("-started_at")


def with_last_seen(offers: QuerySet[Offer]) -> QuerySet[Offer]:
    """Offers with `seen_at`: when they stood in their supplier's catalogue last.

    A sync does not write unchanged rows: what still is listed was last seen by the newest good pull.
    """
    newest = Subquery(good_runs().filter(supplier=OuterRef("supplier")).values("started_at")[:1])
    listed = When(state__in=(Offer.State.ACTIVE, Offer.State.REVIEW), then=Greatest("last_seen_at", newest))
    return offers.annotate(seen_at=Case(listed, default=F("last_seen_at")))
