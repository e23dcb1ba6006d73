"""A reseller's volume leads to its tier, unless a person pinned it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.catalog.models import Terms, Tier
from simplane.core import clock
from simplane.core.models import AuditEntry
from simplane.ordering.models import Unit
from simplane.ordering.tiers import tiers_by_volume
from simplane.organizations.models import Organization
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def _bought(owner: Organization, many: int, *, days_ago: int = 1, state: str = Unit.State.DELIVERED) -> None:
    order = factories.order(organization=owner, received_at=clock.now() - timedelta(days=days_ago))
    for _ in range(many):
        factories.unit(order=order, state=state, due_at=None)


def _reseller(tier: Tier | None, *, pinned: bool = False) -> Organization:
    owner = factories.organization(kind="reseller")
    Terms.objects.create(organization=owner, currency="EUR", tier=tier, tier_pinned=pinned)
    return owner


def test_volume_moves_a_reseller_up_and_down_but_not_one_that_is_pinned() -> None:
    silver, gold = (Tier.objects.create(name=name, min_monthly_units=least) for name, least in (("S", 2), ("G", 4)))
    up, down, pinned, fallen = _reseller(silver), _reseller(gold), _reseller(gold, pinned=True), _reseller(silver)
    _bought(up, 4)
    _bought(down, 2)
    _bought(down, 5, days_ago=31)
    _bought(down, 5, state=Unit.State.DEAD)

    assert tiers_by_volume() == {"moved": 3}
    assert tiers_by_volume() == {"moved": 0}

    found = dict(Terms.objects.values_list("organization_id", "tier__name"))
    assert found == {up.pk: "G", down.pk: "S", pinned.pk: "G", fallen.pk: None}
    note = AuditEntry.objects.get(entity_id=up.slug)
    assert (note.action, note.before, note.reason) == ("terms.tier_by_volume", {"tier": "S"}, "4 eSIMs in 30 days")
