"""Which tier of the wholesale price list a reseller's volume leads to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Count

from simplane.catalog.models import Terms, Tier
from simplane.catalog.terms import move_by_volume
from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.schedule import scheduled
from simplane.ordering.models import Unit

COUNTED_DAYS = 30
NOT_BOUGHT = (Unit.State.CANCELLED, Unit.State.REFUNDED, Unit.State.DEAD, Unit.State.FAILED)


@scheduled(
    "ordering.tiers_by_volume", cron="10 3 * * *", title="Resellers in the tier of their volume", most_seconds=600
)
def tiers_by_volume() -> dict[str, int]:
    """Up or down, once a day; a tier that a person pinned stays. Returns how many moved."""
    tiers = list(Tier.objects.order_by("-min_monthly_units"))
    rows = Terms.objects.filter(tier_pinned=False).select_related("tier")
    bought = units_bought(row.organization_id for row in rows)
    moved = 0
    for row in rows:
        many = bought.get(row.organization_id, 0)
        tier = next((one for one in tiers if one.min_monthly_units <= many), None)
        if tier != row.tier:
            with transaction():
                move_by_volume(row.organization_id, tier, reason=f"{many} eSIMs in {COUNTED_DAYS} days")
            moved += 1
    return {"moved": moved}


def units_bought(organization_ids: Iterable[int]) -> dict[int, int]:
    """eSIMs ordered in the last 30 days and not given up, by organization."""
    since = clock.now() - timedelta(days=COUNTED_DAYS)
    rows = Unit.objects.filter(order__organization_id__in=list(organization_ids), order__received_at__gte=since)
    counted = rows.exclude(state__in=NOT_BOUGHT).values_list("order__organization_id").annotate(many=Count("pk"))
    return dict(counted)
