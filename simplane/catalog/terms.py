"""What we agree with a reseller, and the steps of the wholesale price list."""

from __future__ import annotations

from typing import Any

from simplane.catalog.errors import BadPrice
from simplane.catalog.models import Terms, Tier
from simplane.core import audit
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound


def save_tier(name: str, min_monthly_units: int, *, tier_id: int | None = None) -> Tier:
    """A new tier, or (with `tier_id`) another name or volume. Raises BadPrice, NotFound."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= 40 or ":" in name:
        raise BadPrice("a tier needs a name of 1 to 40 characters without a colon")
    if not 0 <= min_monthly_units < 2**31:
        raise BadPrice("the volume is a whole number of zero or more")
    with transaction():
        found = Tier.objects.select_for_update().filter(pk=tier_id).first() if tier_id else Tier()
        if found is None:
            raise NotFound("there is no such tier")
        others = Tier.objects.exclude(pk=found.pk)
        if others.filter(name__iexact=name).exists() or others.filter(min_monthly_units=min_monthly_units).exists():
            raise BadPrice("another tier has this name or volume", fix="choose another one, or change that tier")
        before = {"name": found.name, "min_monthly_units": found.min_monthly_units} if tier_id else None
        found.name, found.min_monthly_units = name, min_monthly_units
        found.save()
        after = {"name": name, "min_monthly_units": min_monthly_units}
        audit.note("tier.changed" if tier_id else "tier.created", "tier", name, before=before, after=after)
        return found


def set_terms(
    organization_id: int, *, tier: Tier | None, pinned: bool, max_order_minor: int | None, reason: str = ""
) -> Terms:
    """Choose a reseller's tier, whether volume may change it, and its largest order. Raises NotFound, BadPrice."""
    if max_order_minor is not None and not 0 < max_order_minor <= 10**15:
        raise BadPrice("the largest order is an amount above zero", fix="leave it empty for no limit")
    with transaction():
        wanted = {"tier": tier, "tier_pinned": pinned, "max_order_minor": max_order_minor}
        return _change(organization_id, "terms.changed", wanted, reason)


@needs_transaction
def move_by_volume(organization_id: int, tier: Tier | None, *, reason: str) -> Terms:
    """The tier that a reseller's volume leads to."""
    return _change(organization_id, "terms.tier_by_volume", {"tier": tier}, reason)


@needs_transaction
def _change(organization_id: int, action: str, wanted: dict[str, Any], reason: str) -> Terms:
    rows = Terms.objects.select_for_update(of=("self",)).select_related("organization", "tier")
    found = rows.filter(organization_id=organization_id).first()
    if found is None:
        raise NotFound("this reseller has no terms", fix="a test twin uses those of its live side")
    before = {name: _plain(getattr(found, name)) for name in wanted}
    for name, value in wanted.items():
        setattr(found, name, value)
    found.save(update_fields=list(wanted))
    after = {name: _plain(value) for name, value in wanted.items()}
    if before != after:
        audit.note(action, "organization", found.organization.slug, before=before, after=after, reason=reason)
    return found


def _plain(value: Any) -> Any:
    return value.name if isinstance(value, Tier) else value
