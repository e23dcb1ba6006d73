"""A test order that asks for a fault gets it from its stand-in supplier, and nobody else's order does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from simplane.lines.models import Line
from simplane.lines.queries import supplier_ref
from simplane.ordering.models import Order
from simplane.suppliers import registry
from simplane.suppliers.models import Purchase, Supplier
from simplane.suppliers.outcomes import Ok, Result
from simplane.suppliers.values import LineRef, UsageReading
from tests.world import World, states

pytestmark = pytest.mark.slow


def buy(world: World, supplier: Supplier, fault: str) -> None:
    world.only(supplier)
    world.buy()
    Order.objects.update(test_fault=fault)
    Supplier.objects.update(is_stand_in=True)


@pytest.mark.parametrize("vendor", ["esimgo", "redtea"])
def test_a_refusal_is_certain_and_buys_nothing(world: World, vendor: str) -> None:
    buy(world, getattr(world, vendor), "refusal")
    world.work(most_seconds=3, until=("waiting", "dead"))

    assert set(Purchase.objects.values_list("state", "outcome")) == {("rejected", "permanent")}
    assert world.bought() == 0
    assert Supplier.objects.filter(paused_reason="").count() == Supplier.objects.count()


def test_a_lost_answer_is_looked_up_and_not_bought_twice(world: World) -> None:
    buy(world, world.redtea, "timeout")
    world.work(most_seconds=6, until=("unknown",))
    assert states() == ["unknown"]
    world.later(60)
    world.work()

    assert (states(), world.bought()) == (["delivered"], 1)


def test_a_late_esim_is_waited_for(world: World) -> None:
    buy(world, world.esimgo, "late")
    world.work(most_seconds=1, until=("pending",))

    assert states() == ["pending"]


@pytest.mark.parametrize("vendor", ["esimgo", "redtea"])
def test_low_data_means_nine_tenths_used(world: World, vendor: str) -> None:
    buy(world, getattr(world, vendor), "low_data")
    world.work()

    assert states() == ["delivered"]
    line = Line.objects.select_related("purchase__supplier", "purchase__offer").get()
    about = supplier_ref(line)
    found = asyncio.run(_usage(line.purchase.supplier, about))
    assert isinstance(found, Ok)
    (reading,) = found.value
    assert reading.total is not None
    assert reading.used / reading.total == pytest.approx(0.9, abs=0.01)


async def _usage(supplier: Supplier, about: LineRef) -> Result[Sequence[UsageReading]]:
    made = registry.unshared(supplier)
    try:
        return await made.fetch_usage([about])
    finally:
        await made.close()


def test_a_supplier_that_is_no_stand_in_hears_nothing_of_it(world: World) -> None:
    buy(world, world.esimgo, "refusal")
    Supplier.objects.update(is_stand_in=False)
    world.work()

    assert states() == ["delivered"]
