"""What happens at the shop, or to a worker, while a supplier is being asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from simplane.core import clock
from simplane.core.db import in_thread
from simplane.ordering.actions import accept_order, advance, hold_order, release_order
from simplane.ordering.models import Order, Unit
from simplane.ordering.values import IncomingOrder
from simplane.suppliers import breakers
from simplane.suppliers.models import Purchase, Supplier
from tests.ordering import incoming
from tests.ordering.turns import turn
from tests.world import World, purchases, states

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _closed_breakers() -> None:
    breakers.forget()


def while_it_buys(*meanwhile: Callable[[], object], after: float = 0.3) -> None:
    """Advance the one unit, and let these happen one after the other while its call is under way."""
    unit_id = Unit.objects.get().pk

    async def both() -> None:
        buying = asyncio.create_task(advance(unit_id))
        await asyncio.sleep(after)
        for one in meanwhile:
            await in_thread(one)
        await buying

    asyncio.run(both())


def cancelled(one: IncomingOrder) -> IncomingOrder:
    return replace(one, cancelled_at=one.placed_at, updated_at=one.updated_at + timedelta(seconds=1))


def ordered(world: World) -> IncomingOrder:
    one = incoming.order(incoming.line(world.product))
    accept_order(one)
    return one


def test_a_cancel_during_the_call_gives_back_what_the_call_bought(world: World) -> None:
    world.only(world.esimgo)
    world.go.fault("order", "delay", seconds=0.8)
    one = ordered(world)
    while_it_buys(lambda: accept_order(cancelled(one)))
    world.work()
    assert (states(), world.bought(), world.mails()) == (["cancelled"], 0, [])
    assert Order.objects.get().state == "cancelled"


def test_a_cancel_during_a_call_that_is_refused_ends_the_unit(world: World) -> None:
    world.only(world.esimgo)
    world.go.fault("order", "delay", seconds=0.8)
    world.go.fault("order", "insufficient_balance")
    one = ordered(world)
    while_it_buys(lambda: accept_order(cancelled(one)))
    world.work()
    assert (states(), world.bought(), Order.objects.get().state) == (["cancelled"], 0, "cancelled")


def test_a_cancel_between_choosing_and_buying_buys_nothing(world: World) -> None:
    one = ordered(world)
    unit = Unit.objects.get()
    Unit.objects.update(lease_until=None, due_at=clock.now())
    accept_order(cancelled(one))
    asyncio.run(advance(unit.pk))
    assert (states(), world.bought(), purchases()) == (["cancelled"], 0, [])


def test_an_answer_after_the_lease_changes_nothing_and_the_order_is_found(world: World) -> None:
    world.only(world.esimgo)
    world.go.fault("order", "delay", seconds=0.8)
    ordered(world)

    def another_worker() -> None:
        Unit.objects.update(lease_until=clock.now() - timedelta(seconds=1))
        asyncio.run(advance(Unit.objects.get().pk))

    while_it_buys(another_worker)
    assert (states(), purchases(), world.bought()) == (["unknown"], ["unknown"], 1)
    world.later(10)
    world.work()
    assert (states(), purchases(), world.bought()) == (["delivered"], ["bought"], 1)


def test_a_refusal_after_the_lease_does_not_undo_what_another_worker_bought_by_the_same_key(world: World) -> None:
    world.only(world.redtea)
    world.access.settings(ready_after_ms=600_000, balance_minor=0)
    world.access.fault("order", "delay", seconds=1.0)
    ordered(world)

    def another_worker() -> None:
        world.access.settings(balance_minor=1_000_000)
        Unit.objects.update(lease_until=clock.now() - timedelta(seconds=1))
        asyncio.run(advance(Unit.objects.get().pk))
        world.later(5)
        asyncio.run(advance(Unit.objects.get().pk))

    while_it_buys(another_worker)
    assert (states(), purchases(), world.bought()) == (["pending"], ["pending"], 1)


def test_a_process_that_stood_still_buys_nothing_after_its_lease(world: World) -> None:
    """It waits for its place in the rate limit; meanwhile the clock moves past the end of its lease."""
    world.only(world.esimgo)
    Supplier.objects.filter(pk=world.esimgo.pk).update(options={**world.esimgo.options, "per_second": 0.7, "burst": 1})
    with connection.cursor() as cursor:
        cursor.execute("SELECT simplane_take('supplier:esimgo', 0.7, 1, 1, 0)")
    ordered(world)
    while_it_buys(lambda: world.later(100), after=0.4)
    assert (world.bought(), purchases()) == (0, ["requested"])
    assert Purchase.objects.get().outcome == "retryable"
    Supplier.objects.filter(pk=world.esimgo.pk).update(options=world.esimgo.options)
    world.later(80)
    world.work()
    assert (states(), purchases(), world.bought()) == (["delivered"], ["bought"], 1)


def refused_for_now(world: World) -> IncomingOrder:
    """A purchase that was surely not made and waits for its next try."""
    world.only(world.esimgo)
    world.go.fault("order", "throttle", times=1, retry_after=30)
    one = ordered(world)
    turn(world)
    assert (states(), purchases(), Purchase.objects.get().outcome) == (["buying"], ["requested"], "retryable")
    return one


def test_a_cancel_before_the_next_try_buys_nothing(world: World) -> None:
    one = refused_for_now(world)
    accept_order(cancelled(one))
    world.later(40)
    world.work()
    assert (states(), purchases(), world.bought()) == (["cancelled"], ["rejected"], 0)
    assert Order.objects.get().state == "cancelled"


def test_a_hold_before_the_next_try_buys_nothing_until_the_release(world: World) -> None:
    refused_for_now(world)
    order = Order.objects.get()
    hold_order(order.pk, "the owner wants to look")
    turn(world, later=40)
    turn(world, later=10)
    assert (states(), purchases(), world.bought()) == (["waiting"], ["rejected"], 0)
    release_order(order.pk)
    world.work()
    assert (states(), world.bought()) == (["delivered"], 1)


def test_a_hold_that_comes_as_the_unit_is_taken_is_obeyed(world: World) -> None:
    """The worker has loaded the open order; the hold commits before it chooses."""
    from simplane.ordering.actions import begin

    ordered(world)
    taken = begin._claim(Unit.objects.get().pk)
    assert taken is not None
    order = Order.objects.get()
    hold_order(order.pk, "the owner wants to look")
    assert begin._route_and_prepare(taken) is False
    assert (states(), purchases()) == (["waiting"], [])
    release_order(order.pk)
    assert Unit.objects.get().due_at is not None


def test_a_release_that_comes_as_the_unit_is_laid_down_wakes_it(world: World) -> None:
    """The worker has loaded the held order; the release commits before it lays the unit down."""
    from simplane.ordering.actions import begin

    ordered(world)
    order = Order.objects.get()
    hold_order(order.pk, "the owner wants to look")
    taken = begin._claim(Unit.objects.get().pk)
    assert taken is not None
    release_order(order.pk)
    assert begin._route_and_prepare(taken) is True
    assert (states(), len(purchases())) == (["buying"], 1)


def test_waiting_for_our_own_rate_limit_is_no_refusal_of_the_supplier(world: World) -> None:
    world.only(world.esimgo)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_ratelimit (key, theoretical_arrival) VALUES ('supplier:esimgo', now() + interval '1 hour')"
            " ON CONFLICT (key) DO UPDATE SET theoretical_arrival = EXCLUDED.theoretical_arrival"
        )
    ordered(world)
    for _ in range(8):
        turn(world, later=60)
    assert (states(), purchases(), world.bought()) == (["buying"], ["requested"], 0)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_ratelimit")
    world.later(4400)
    world.work()
    assert (states(), world.bought()) == (["delivered"], 1)


def test_a_supplier_out_of_reach_is_waited_for_before_a_person_is_asked(world: World) -> None:
    world.only(world.esimgo)
    url = world.esimgo.base_url
    Supplier.objects.filter(pk=world.esimgo.pk).update(base_url="http://127.0.0.1:9")
    ordered(world)
    for _ in range(8):
        turn(world, later=20)
    assert states() in (["buying"], ["waiting"])
    breakers.forget()
    Supplier.objects.filter(pk=world.esimgo.pk).update(base_url=url)
    world.later(60)
    world.work()
    assert (states(), world.bought()) == (["delivered"], 1)
