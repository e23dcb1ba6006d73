"""From a paid order to a mail: bought once whatever goes wrong, proved by the suppliers' own books."""

from __future__ import annotations

import pytest

from simplane.core.models import DeadLetter, Event
from simplane.lines.models import Line
from simplane.ordering.models import Order, Unit
from simplane.suppliers.models import Purchase
from tests.world import World, purchases, states

pytestmark = pytest.mark.slow


def test_an_order_of_two_is_bought_mailed_and_done(world: World) -> None:
    order = world.buy(2)
    world.work()
    assert states() == ["delivered", "delivered"]
    assert world.bought() == 2
    assert len(world.mails()) == 2
    order.refresh_from_db()
    assert (order.state, order.clock_next_at) == ("done", None)
    assert Line.objects.values("iccid").distinct().count() == 2


def test_an_asynchronous_supplier_is_polled_until_it_is_ready(world: World) -> None:
    world.only(world.redtea)
    world.buy()
    world.work()
    assert states() == ["delivered"]
    assert Purchase.objects.get().supplier == world.redtea


def test_the_story_of_a_unit_is_told_by_events(world: World) -> None:
    world.only(world.esimgo)
    world.buy()
    world.work()
    unit = Unit.objects.get()
    moves = Event.objects.filter(unit_id=unit.pk, name="UnitMoved").order_by("pk").values_list("data__after", flat=True)
    assert list(moves) == ["routed", "buying", "ready", "delivered"]


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "empty", "malformed"])
def test_bought_but_not_answered_is_found_in_the_order_list_and_not_bought_again(world: World, kind: str) -> None:
    world.only(world.esimgo)
    world.go.fault("order", kind, times=1)
    world.buy()
    world.work(most_seconds=3, until=("unknown",))
    assert states() == ["unknown"]
    assert world.bought() == 1
    world.later(10)
    world.work()
    assert states() == ["delivered"]
    assert world.bought() == 1


def test_not_bought_and_not_answered_is_bought_once_after_the_settle_time(world: World) -> None:
    world.only(world.esimgo)
    world.go.fault("order", "drop_before", times=1)
    world.buy()
    world.work(most_seconds=3, until=("unknown",))
    world.later(10)
    world.work(most_seconds=3, until=("unknown",))
    assert (states(), world.bought()) == (["unknown"], 0)
    world.later(400)
    world.work()
    assert (states(), world.bought()) == (["delivered"], 1)
    assert purchases() == ["rejected", "bought"]


def test_of_three_lost_answers_two_were_bought_and_it_does_not_matter_which(world: World) -> None:
    world.only(world.esimgo)
    world.go.fault("order", "drop_after", times=2)
    world.go.fault("order", "drop_before", times=1)
    world.buy(3)
    world.work(most_seconds=4, until=("unknown",))
    world.later(10)
    world.work(most_seconds=6, until=("unknown", "delivered"))
    assert sorted(states()) == ["delivered", "delivered", "unknown"]
    world.later(400)
    world.work()
    assert (states(), world.bought()) == (["delivered"] * 3, 3)


def test_at_a_supplier_with_keys_a_lost_answer_is_asked_again_by_its_key(world: World) -> None:
    world.only(world.redtea)
    world.access.fault("order", "drop_after", times=1)
    world.buy()
    world.work()
    assert (states(), world.bought()) == (["delivered"], 1)


def test_an_empty_balance_pauses_the_supplier_and_the_next_one_serves(world: World) -> None:
    world.go.settings(balance_minor=0)
    world.buy()
    world.work()
    assert states() == ["delivered"]
    assert Purchase.objects.get(state="bought").supplier == world.redtea
    world.esimgo.refresh_from_db()
    assert world.esimgo.paused_reason.startswith("funds")


def test_when_nobody_sells_the_unit_waits_for_a_person_with_the_money_at_risk(world: World) -> None:
    world.go_offer.matches.all().delete()
    world.access_offer.matches.all().delete()
    world.buy()
    world.work()
    assert states() == ["dead"]
    letter = DeadLetter.objects.get()
    assert (letter.cause, letter.money_minor, letter.action) == ("no_offer", 1900, "retry_unit")
    assert world.bought() == 0


def test_a_worker_killed_while_it_buys_leaves_an_unknown_purchase_that_is_looked_up(world: World) -> None:
    """The state a killed worker leaves: the intent is written, the supplier may have executed it, the lease ran out."""
    world.only(world.esimgo)
    world.go.fault("order", "drop_after", times=1)
    world.buy()
    world.work(most_seconds=3, until=("unknown",))
    unit = Unit.objects.get()
    Purchase.objects.update(state="requested", outcome="", answered_at=None)
    Unit.objects.filter(pk=unit.pk).update(state="buying", lease_until=None)
    world.later(100)
    world.work()
    assert (states(), world.bought(), purchases()) == (["delivered"], 1, ["bought"])


def test_a_cancel_while_buying_gives_the_esim_back(world: World) -> None:
    from dataclasses import replace
    from datetime import timedelta

    from simplane.ordering.actions import accept_order
    from tests.ordering import incoming

    world.only(world.redtea)
    world.access.settings(ready_after_ms=600_000)
    one = incoming.order(incoming.line(world.product))
    accept_order(one)
    world.work(most_seconds=3, until=("pending",))
    accept_order(replace(one, cancelled_at=one.placed_at, updated_at=one.updated_at + timedelta(seconds=1)))
    world.access.control("clock", advance_seconds=700)
    world.later(60)
    world.work()
    assert states() == ["cancelled"]
    assert world.bought() == 0
    assert world.mails() == []
    assert Order.objects.get().state == "cancelled"
