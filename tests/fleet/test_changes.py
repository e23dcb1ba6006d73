"""Another plan on the same eSIM, a new profile for a new phone, and wishes for a later day: each done once, or said why not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from simplane.catalog.models import Product
from simplane.core import clock, tenancy
from simplane.core.errors import BadInput
from simplane.fleet import plans
from simplane.fleet.actions import carry_out, change_plan, provision, reactivate, replace, suspend, take_back, terminate
from simplane.fleet.errors import AgainstPolicy, LineBusy, NotPossible
from simplane.fleet.models import FleetLine, InstallLink, Operation, Plan, PlanPeriod
from simplane.fleet.possible import fitting
from simplane.ledger.models import Wallet
from simplane.lines.models import Line
from simplane.policies import budget_acts, rule_acts
from simplane.policies.alert_models import Alert
from simplane.policies.models import BudgetPeriod, Policy, Stop
from simplane.suppliers.models import Offer, Supplier
from simplane.usage.models import Spend
from tests import factories, standins
from tests.contracts.vendors import ONE
from tests.fleet.firm import OWNER, Firm, firm
from tests.world import World

pytestmark = pytest.mark.slow
WHY: Any = {"asked_by": OWNER, "reason": "travels more"}


@pytest.fixture(scope="module")
def oneglobal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[standins.Standin]:
    with standins.start("oneglobal", tmp_path_factory.mktemp("one")) as made:
        made.settings(**ONE.settings)
        yield made


def served(world: World, supplier: Supplier, small: str, big: str) -> tuple[Firm, Plan]:
    """Acme with a line on a small plan of this supplier only, and a bigger plan that it has too."""
    world.only(supplier)
    larger = factories.product(sku="ESIM-ES-BIG", name="Spain big / 30 days")
    factories.price(product=larger, amount_minor=15_00)
    sell(world.product, supplier, small)
    sell(larger, supplier, big)
    acme = firm(world)
    other = plans.offer(acme.company, larger)
    with tenancy.scope(acme.company.pk):
        provision(acme.plan.public_id, acme.ana.public_id, asked_by=OWNER)
    assert acme.work(most_seconds=40).state == "done"
    return acme, other


def sell(product: Product, supplier: Supplier, code: str) -> None:
    known = Offer.objects.filter(supplier=supplier, code=code).update(top_up=True)
    if not known:
        made = factories.offer(supplier=supplier, code=code, top_up=True, cost_minor=100, supplier_price="1.00")
        factories.match(product=product, offer=made, state="approved", offer_hash=made.content_hash)
    Product.objects.filter(pk=product.pk).update(top_up=True)


def at_oneglobal(world: World, standin: standins.Standin) -> tuple[Firm, Plan]:
    given = {"code": "oneglobal", "vendor": "oneglobal", "upstream_group": "oneglobal", "base_url": standin.url}
    one = factories.supplier(**given, credentials=dict(ONE.credentials), options={**ONE.options, "per_second": 200})
    return served(world, one, ONE.offer, ONE.other)


def told(acme: Firm) -> tuple[str, str | None, int]:
    """The plan, the plan that is wanted, and what the company owes."""
    line = acme.line()
    return line.plan.name, line.wanted_plan.name if line.wanted_plan else None, -Wallet.objects.get().balance_minor


def bought(standin: standins.Standin) -> list[Any]:
    return list(standin.books()["orders"])


def test_a_plan_is_changed_natively_once_even_when_the_answer_is_lost_and_a_new_phone_costs_nothing(
    world: World, oneglobal: standins.Standin
) -> None:
    acme, big = at_oneglobal(world, oneglobal)
    line, small = acme.line(), acme.plan.name
    assert (line.change, line.can_swap) == ("native", True)
    with tenancy.scope(acme.company.pk):
        assert fitting(line) == [big]
        with pytest.raises(NotPossible, match="on this plan"):
            change_plan(line.public_id, acme.plan.public_id, **WHY)
        oneglobal.fault("order", "drop_after")
        first = change_plan(line.public_id, big.public_id, **WHY, key="c")
        assert change_plan(line.public_id, big.public_id, **WHY, key="c").pk == first.pk
        with pytest.raises(LineBusy):
            suspend(line.public_id, **WHY)
    assert told(acme) == (small, big.name, 9_00)

    done = acme.work(most_seconds=40)

    assert (done.kind, done.state, done.problem) == ("change_plan", "done", "")
    assert told(acme) == (big.name, None, 24_00)
    assert (acme.line().iccid, len(bought(oneglobal))) == (line.iccid, 2)
    with tenancy.scope(acme.company.pk):
        assert sorted(Spend.objects.values_list("kind", "amount_minor")) == [
            ("change_plan", 15_00),
            ("provision", 9_00),
        ]
        assert list(PlanPeriod.objects.filter(ended_at=None).values_list("plan", "price_minor")) == [(big.pk, 15_00)]
        assert PlanPeriod.objects.count() == 2
        replace(line.public_id, asked_by=OWNER, reason="new phone")
    swapped = acme.work()
    assert (swapped.state, acme.line().line_id, acme.line().profile) == ("done", line.line_id, "released")
    assert (acme.line().iccid != line.iccid, len(bought(oneglobal)), told(acme)[2]) == (True, 2, 24_00)
    with tenancy.scope(acme.company.pk):
        assert InstallLink.objects.count() == 2
        suspend(line.public_id, **WHY)
    acme.work()
    with tenancy.scope(acme.company.pk), pytest.raises(NotPossible, match="suspended"):
        change_plan(line.public_id, acme.plan.public_id, **WHY)


def test_where_the_supplier_can_not_a_plan_is_added_and_the_unused_old_one_ends(world: World) -> None:
    world.only(world.esimgo)
    acme, big = served(world, world.esimgo, "esim_1GB_7D_ES_V2", "esim_2GB_15D_ES_V2")
    line = acme.line()
    assert (line.change, line.can_swap, acme.plan.change) == ("emulated", False, "emulated")
    with tenancy.scope(acme.company.pk):
        change_plan(line.public_id, big.public_id, **WHY)

    done = acme.work()

    assert (done.state, done.problem, told(acme)) == ("done", "", (big.name, None, 24_00))
    assert (acme.line().iccid, Line.objects.get().plan_offer_code) == (line.iccid, "esim_2GB_15D_ES_V2")
    address, key = (
        f"{world.go.url}/v2.5/esims/{line.iccid}/bundles?includeUsed=true",
        world.esimgo.credentials["api_key"],
    )
    shown = httpx2.get(address, headers={"X-API-Key": key}, trust_env=False).json()["bundles"]
    states = {one["name"]: one["assignments"][0]["bundleState"] for one in shown}
    assert states.pop("esim_1GB_7D_ES_V2") == "revoked"
    assert set(states) == {"esim_2GB_15D_ES_V2"}


def test_wishes_for_a_later_day_wait_are_taken_back_and_begin_on_their_day(world: World) -> None:
    acme, big = served(world, world.esimgo, "esim_1GB_7D_ES_V2", "esim_2GB_15D_ES_V2")
    line, company = acme.line().public_id, acme.company.pk
    today = clock.now().date()
    with tenancy.scope(company):
        amounts = budget_acts.Amounts(limit_minor=40_00, hard=True)
        budget_acts.make(company, "Lines", amounts, currency="EUR")
        with pytest.raises(BadInput):
            terminate(line, **WHY, on=date(2001, 1, 1))
        change_plan(line, big.public_id, **WHY, on=today + timedelta(days=2))
        change = Operation.objects.get(kind="change_plan")
        ending = terminate(line, **WHY, on=today + timedelta(days=3))
        back = reactivate(line, **WHY, on=today + timedelta(days=1))
        with pytest.raises(LineBusy, match="planned"):
            terminate(line, **WHY, on=today + timedelta(days=5))
        assert (change.state, ending.state, acme.line().wanted) == ("scheduled", "scheduled", "active")
        assert policy_left(acme) == 25_00
        take_back(change.public_id, asked_by=OWNER)
        assert (policy_left(acme), acme.line().wanted_plan) == (40_00, None)
        with pytest.raises(NotPossible):
            take_back(change.public_id, asked_by=OWNER)
        stopped = Stop(fleet_line_id=acme.line().pk, policy=cap(company), words="x", stopped_at=clock.now())
        stopped.save()
    assert carry_out.sweep() == 0

    world.later(86_400)
    asyncio.run(carry_out.advance(back.pk))
    with tenancy.scope(company):
        back.refresh_from_db()
        assert (back.state, "a rule stopped it" in back.problem, Alert.objects.get().dedupe.partition(":")[0]) == (
            "failed", True, "planned",
        )  # fmt: skip
    world.later(2 * 86_400)
    acme.work(until=("done", "cancelled", "failed"))

    with tenancy.scope(company):
        ending.refresh_from_db()
    assert (ending.state, acme.line().wanted, acme.line().service) == ("done", "terminated", "terminated")
    with tenancy.scope(company), pytest.raises(NotPossible, match="ended"):
        change_plan(line, big.public_id, **WHY)


def cap(organization_id: int) -> Policy:
    """A rule that may stop lines."""
    return rule_acts.make(organization_id, "data_cap", {"cap_bytes": 10**12, "hard": True})


def policy_left(acme: Firm) -> int:
    """What the only budget has left."""
    found = BudgetPeriod.objects.first()
    return 40_00 if found is None else found.most_minor - found.reserved_minor - found.spent_minor


def test_a_change_that_nobody_may_pay_or_serve_is_refused_before_anything_is_asked(world: World) -> None:
    acme, big = served(world, world.esimgo, "esim_1GB_7D_ES_V2", "esim_2GB_15D_ES_V2")
    line, company = acme.line().public_id, acme.company.pk
    with tenancy.scope(company):
        amounts = budget_acts.Amounts(limit_minor=10_00, hard=True)
        budget_acts.make(company, "Lines", amounts, currency="EUR")
        with pytest.raises(AgainstPolicy):
            change_plan(line, big.public_id, **WHY)
    with tenancy.everywhere():
        Plan.objects.filter(pk=big.pk).update(suppliers=["another"])
    with tenancy.scope(company), pytest.raises(NotPossible, match="does not have this plan"):
        change_plan(line, big.public_id, **WHY)
    with tenancy.everywhere():
        FleetLine.objects.update(change="no")
    with tenancy.scope(company), pytest.raises(NotPossible, match="can not change its plan"):
        change_plan(line, big.public_id, **WHY)
    with tenancy.scope(company):
        assert (Operation.objects.count(), acme.line().wanted_plan) == (1, None)
    plans.refresh_all()
    with tenancy.everywhere():
        assert (Plan.objects.get(pk=big.pk).suppliers, FleetLine.objects.get().change) == (["esimgo"], "emulated")
