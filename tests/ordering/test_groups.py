"""Units that go together: a bad one among them, a worker that dies among them, and a backlog of them."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connection

from simplane.core import clock, schedule
from simplane.core.db import in_thread
from simplane.ordering.actions import accept_order, advance
from simplane.ordering.actions.begin import begin
from simplane.ordering.models import Order, Unit
from simplane.suppliers.models import Purchase
from tests.ordering import incoming
from tests.world import World, purchases, states

pytestmark = pytest.mark.slow


def ordered(world: World, count: int) -> list[int]:
    """Orders of one eSIM each; the keys of their units."""
    for _ in range(count):
        accept_order(incoming.order(incoming.line(world.product)))
    return list(Unit.objects.order_by("pk").values_list("pk", flat=True))


def together(unit_ids: list[int]) -> list[BaseException | None]:
    async def all_of_them() -> list[BaseException | None]:
        return await asyncio.gather(*[advance(pk) for pk in unit_ids], return_exceptions=True)

    return asyncio.run(all_of_them())


def test_a_unit_that_can_not_be_reckoned_with_spoils_no_other(world: World) -> None:
    world.only(world.esimgo)
    good, bad, other = ordered(world, 3)
    Unit.objects.filter(pk=bad).update(currency="ZZZ")
    results = together([good, bad, other])
    assert [type(one).__name__ for one in results] == ["NoneType", "BadMoney", "NoneType"]
    assert (states(), purchases(), world.bought()) == (["ready", "waiting", "ready"], ["bought", "bought"], 2)


def test_a_unit_that_two_jobs_work_on_at_once_is_bought_once(world: World) -> None:
    """eSIM Go knows no idempotency key: two orders of one unit would be two eSIMs."""
    world.only(world.esimgo)
    one, other = ordered(world, 2)
    assert together([one, other, one, one, other]) == [None] * 5
    assert (states(), purchases(), world.bought()) == (["ready", "ready"], ["bought", "bought"], 2)


def test_a_unit_with_a_forgotten_purchase_goes_on_with_that_one(world: World) -> None:
    world.only(world.esimgo)
    units = ordered(world, 3)
    Purchase.objects.create(
        unit_id=units[1],
        supplier=world.esimgo,
        offer=world.go_offer,
        reference="forgotten",
        cost_minor=105,
        currency="USD",
        requested_at=clock.now(),
        sent_at=clock.now(),
    )
    together(units)
    assert states() == ["ready", "buying", "ready"]
    assert Unit.objects.get(pk=units[1]).purchase == Purchase.objects.get(reference="forgotten")
    assert world.bought() == 2


def test_units_of_one_order_and_of_a_held_one_go_together(world: World) -> None:
    world.only(world.esimgo)
    world.buy(2)
    held = world.buy()
    Order.objects.filter(pk=held.pk).update(state="held")
    together(list(Unit.objects.order_by("pk").values_list("pk", flat=True)))
    assert states() == ["ready", "ready", "waiting"]
    world.work(most_seconds=5, until=("delivered", "waiting"))
    assert states() == ["delivered", "delivered", "waiting"]
    assert Order.objects.order_by("pk").first().state == "done"  # type: ignore[union-attr]


def test_a_worker_killed_after_the_intents_bought_nothing_and_nothing_is_bought_twice(world: World) -> None:
    """The intents of the group are committed; the process dies before it calls."""
    world.only(world.esimgo)
    units = ordered(world, 4)

    async def only_begin() -> None:
        await asyncio.gather(*[begin(pk) for pk in units])

    asyncio.run(only_begin())
    assert (purchases(), world.bought()) == (["requested"] * 4, 0)
    world.later(100)
    world.work(most_seconds=5, until=("unknown",))
    assert states() == ["unknown"] * 4
    world.later(400)
    world.work()
    assert (states(), world.bought()) == (["delivered"] * 4, 4)


def test_a_worker_killed_among_the_calls_leaves_them_to_be_looked_up(world: World) -> None:
    """Two of four were executed when the process died; which two does not matter."""
    world.only(world.esimgo)
    units = ordered(world, 4)
    world.go.fault("order", "delay", seconds=5)

    async def killed() -> None:
        calls = [asyncio.create_task(advance(pk)) for pk in units]
        while await in_thread(Purchase.objects.count) < 4:
            await asyncio.sleep(0.02)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(killed())
    world.go.control("faults", "DELETE")
    world.later(100)
    world.work(most_seconds=5, until=("unknown", "delivered"))
    world.later(400)
    world.work()
    assert (states(), world.bought()) == (["delivered"] * 4, 4)


def waiting() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->>'unit_id' FROM procrastinate_jobs WHERE task_name = 'ordering.advance' ORDER BY id"
        )
        return [unit for (unit,) in cursor.fetchall()]


def test_a_backlog_of_minutes_gives_no_unit_two_jobs(world: World) -> None:
    units = ordered(world, 5)
    assert waiting() == [str(pk) for pk in units]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE args->>'unit_id' = %s", [str(units[2])])
    for _ in range(3):
        world.later(70)
        asyncio.run(schedule.run_now("due_units"))
    assert sorted(waiting()) == sorted(str(pk) for pk in units)
