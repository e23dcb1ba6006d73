"""More data for a company's line: bought once, booked, invoiced as a top-up; a rule may ask for it; what does not fit says so."""

from __future__ import annotations

import pytest

from simplane.core import tenancy
from simplane.fleet import reactions
from simplane.fleet.actions import provision, top_up
from simplane.fleet.errors import NotPossible
from simplane.fleet.models import Operation, Plan, PlanPeriod
from simplane.ledger.models import Wallet
from simplane.suppliers.models import Offer
from simplane.usage.models import Spend
from tests.fleet.firm import OWNER, Firm, firm
from tests.world import World

pytestmark = pytest.mark.slow


def running(world: World) -> Firm:
    """Acme with a line whose supplier adds data."""
    world.only(world.redtea)
    Offer.objects.update(top_up=True)
    world.product.top_up = True
    world.product.save()
    acme = firm(world)
    assert acme.plan.can_top_up
    with tenancy.scope(acme.company.pk):
        provision(acme.plan.public_id, acme.ana.public_id, asked_by=OWNER)
    acme.work()
    return acme


def test_data_is_added_once_and_booked_or_it_is_said_why_not(world: World) -> None:
    acme = running(world)
    before = acme.line()
    company, asked = acme.company.pk, {"asked_by": OWNER, "reason": "more", "key": "t1"}
    with tenancy.scope(company):
        first = top_up(before.public_id, acme.plan.public_id, **asked)
        assert top_up(before.public_id, acme.plan.public_id, **asked).pk == first.pk

    done = acme.work()

    after = acme.line()
    assert (done.kind, done.state, done.problem) == ("top_up", "done", "")
    assert (after.iccid, after.data_total) == (before.iccid, 2 * (before.data_total or 0))
    assert Wallet.objects.get(organization=acme.company).balance_minor == -18_00
    with tenancy.scope(company):
        assert sorted(Spend.objects.values_list("kind", "amount_minor")) == [("provision", 9_00), ("top_up", 9_00)]
        assert PlanPeriod.objects.filter(ended_at=None).count() == 1
        assert PlanPeriod.objects.count() == 2

    reactions.top_up(company, after.pk, acme.plan.public_id, "auto:1", "runs dry")
    reactions.top_up(company, after.pk, acme.plan.public_id, "auto:1", "runs dry")
    assert (acme.work().asked_by, acme.line().data_total) == ("rule:auto_top_up", 3 * (before.data_total or 0))
    with tenancy.scope(company):
        assert Operation.objects.count() == 3

    Offer.objects.update(top_up=False)
    with tenancy.scope(company):
        top_up(after.public_id, acme.plan.public_id, asked_by=OWNER, reason="more")
    failed = acme.work()
    assert (failed.state, "no data can be added" in failed.problem, acme.line().state) == ("failed", True, after.state)
    assert Wallet.objects.get(organization=acme.company).balance_minor == -27_00
    with tenancy.everywhere():
        Plan.objects.update(can_top_up=False)
    with tenancy.scope(company), pytest.raises(NotPossible):
        top_up(after.public_id, acme.plan.public_id, asked_by=OWNER, reason="more")
