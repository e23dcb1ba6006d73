"""A refusal of a repeat, or of a question, says nothing about an order that may have been executed: nothing is bought twice."""

from __future__ import annotations

import pytest

from simplane.ordering.actions import cancel_unit
from simplane.ordering.models import Unit
from simplane.suppliers import breakers
from simplane.suppliers.models import Offer, Purchase
from tests.ordering.turns import turn
from tests.world import World, purchases, states

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _closed_breakers() -> None:
    breakers.forget()


def first_at(world: World, supplier: object) -> None:
    """Both sell, this one is asked first."""
    other = world.go_offer if supplier == world.redtea else world.access_offer
    type(other).objects.filter(pk=other.pk).update(cost_minor=700)


def lost_answer(world: World, kind: str = "drop_after") -> None:
    """An order at the supplier with keys whose answer never came."""
    first_at(world, world.redtea)
    world.access.fault("order", kind)
    world.buy()
    world.work(most_seconds=3, until=("unknown",))
    assert (states(), world.bought()) == (["unknown"], 1 if kind == "drop_after" else 0)


def test_our_own_open_breaker_does_not_make_an_unknown_purchase_refused(world: World) -> None:
    lost_answer(world)
    guard = breakers.breaker("esimaccess", "order", failures=1, reset_seconds=30)
    for _ in range(8):
        guard.failed()
    for _ in range(3):
        turn(world, later=70)
    assert (world.bought(), len(purchases())) == (1, 1)
    breakers.forget()
    world.later(70)
    world.work()
    assert (states(), purchases(), world.bought()) == (["delivered"], ["bought"], 1)


@pytest.mark.parametrize("kind", ["no_funds", "price_changed", "throttle", "no_profiles"])
def test_a_refused_repeat_of_an_executed_order_is_found_by_its_reference(world: World, kind: str) -> None:
    lost_answer(world)
    world.access.fault("order", kind, times=-1)
    for _ in range(8):
        turn(world, later=70)
    world.work()
    assert (states(), purchases(), world.bought()) == (["delivered"], ["bought"], 1)


def test_a_refused_repeat_of_an_order_that_was_never_made_goes_on_elsewhere_after_the_settle_time(world: World) -> None:
    lost_answer(world, "drop_before")
    world.access.fault("order", "price_changed", times=-1)
    turn(world, later=70)
    assert (states(), len(purchases())) == (["unknown"], 1)
    world.later(400)
    world.work()
    assert (states(), purchases(), world.bought()) == (["delivered"], ["rejected", "bought"], 1)
    assert Purchase.objects.get(state="bought").supplier == world.esimgo


@pytest.mark.parametrize("code", ["101003", "200009", "000101"])
def test_a_refused_question_about_a_pending_order_does_not_reject_it(world: World, code: str) -> None:
    first_at(world, world.redtea)
    world.access.fault("query", "error_code", code=code, times=-1)
    world.buy()
    world.work(most_seconds=3, until=("pending",))
    for _ in range(3):
        turn(world, later=70)
    assert (states(), purchases(), world.bought()) == (["pending"], ["pending"], 1)
    world.access.control("faults", "DELETE")
    world.later(70)
    world.work()
    assert (states(), purchases(), world.bought()) == (["delivered"], ["bought"], 1)


def test_an_accepted_order_that_comes_to_nothing_is_served_by_the_next(world: World) -> None:
    first_at(world, world.esimgo)
    world.go.fault("order", "async_failed")
    world.buy()
    world.work(most_seconds=3, until=("pending",))
    world.go.control("clock", advance_seconds=60)
    world.later(10)
    world.work()
    assert (states(), purchases(), world.bought()) == (["delivered"], ["rejected", "bought"], 1)
    assert Purchase.objects.get(state="bought").supplier == world.redtea


def test_a_worker_killed_while_it_buys_by_key_and_then_refused_buys_nothing_more(world: World) -> None:
    lost_answer(world)
    Purchase.objects.update(state="requested", outcome="", answered_at=None)
    Unit.objects.update(state="buying", lease_until=None)
    world.access.fault("order", "no_funds", times=-1)
    for _ in range(3):
        turn(world, later=80)
    world.work()
    assert (states(), purchases(), world.bought()) == (["delivered"], ["bought"], 1)


def test_asking_about_an_order_that_is_not_wanted_any_more_does_not_make_it(world: World) -> None:
    world.only(world.redtea)
    world.access.fault("order", "drop_before", times=1)
    world.buy()
    world.work(most_seconds=3, until=("unknown",))
    cancel_unit(Unit.objects.get().pk, "bought elsewhere")
    world.later(10)
    world.work(most_seconds=3, until=("unknown",))

    assert (states(), world.access.books()["orders"]) == (["unknown"], [])
    world.later(900)
    world.work()
    assert (states(), world.access.books()["orders"]) == (["failed"], [])


def test_an_order_that_gets_lost_twice_is_served_by_another(world: World) -> None:
    first_at(world, world.redtea)
    world.access.fault("order", "drop_before", times=-1)
    world.buy()
    for _ in range(30):
        if states() == ["delivered"]:
            break
        turn(world, later=120)
        breakers.forget()

    assert (states(), purchases()) == (["delivered"], ["rejected", "rejected", "bought"])
    assert world.access.books()["orders"] == []


def test_a_repetition_asks_for_the_price_it_was_decided_on(world: World) -> None:
    world.only(world.redtea)
    world.access.fault("order", "drop_before", times=1)
    world.buy()
    world.work(most_seconds=3, until=("unknown",))
    Offer.objects.filter(pk=world.access_offer.pk).update(supplier_price="99000", cost_minor=990)
    world.later(10)
    world.work()

    assert [order["charged_minor"] for order in world.access.books()["orders"]] == [Purchase.objects.get().cost_minor]
