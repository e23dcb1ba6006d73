"""Data for an eSIM that is there: bought once at its own supplier, whatever becomes of the answer, and paid like any order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simplane.catalog.models import Price
from simplane.core import clock, deadletters
from simplane.core.errors import Refusal
from simplane.core.models import DeadLetter, Event
from simplane.ledger.models import Hold, Wallet
from simplane.ledger.verify import verify
from simplane.lines.models import Line
from simplane.lines.service import LineOver, NotSupported
from simplane.ordering import topping_up
from simplane.ordering.actions import NotNow, ask_back, cancel_unit, retry_unit
from simplane.ordering.models import Unit
from simplane.ordering.placing import LineWanted
from simplane.ordering.topping_up import CanNotFill, DoesNotFit, Topping
from simplane.suppliers.models import Offer, Purchase, Supplier
from tests.ledger.money import fresh
from tests.ordering.place_reference import place
from tests.ordering.turns import turn
from tests.ordering.wholesale import Reseller, reseller, sold
from tests.standins import Standin
from tests.world import World, purchases, states

pytestmark = pytest.mark.slow
ACCESS, GO = "redtea", "esimgo"


def esim(world: World, vendor: str, minor: int = 20_00) -> tuple[Reseller, Unit]:
    """A reseller with a delivered eSIM of this vendor."""
    world.only(getattr(world, vendor))
    Offer.objects.update(top_up=True)
    Price.objects.create(product=world.product, currency="EUR", amount_minor=4_50, valid_from=clock.now())
    who = reseller(minor)
    place(who.order(LineWanted(world.product.sku, 1)))
    (unit,) = world.work()
    return who, of(unit)


def of(unit: Unit) -> Unit:
    return Unit.objects.select_related("line__supplier", "organization").get(pk=unit.pk)


def more(world: World, who: Reseller, unit: Unit, *, dry: bool = False, **given: object) -> str:
    wanted = who.order(LineWanted(world.product.sku, 1), **given)
    return topping_up.order(Topping(of(unit), wanted, counted=False, dry=dry)).code


def standin(world: World, vendor: str) -> tuple[Standin, str]:
    """The stand-in, and what it calls buying a top-up."""
    return (world.access, "topup") if vendor == ACCESS else (world.go, "order")


def topped(world: World, vendor: str) -> list[bool]:
    """By the supplier's books: each order, and whether it filled an eSIM that was there."""
    return [order["topup"] for order in standin(world, vendor)[0].books()["orders"]]


def balance(who: Reseller) -> int:
    return fresh(Wallet.objects.get(organization=who.organization)).balance_minor


def data(unit: Unit) -> int:
    return Line.objects.values_list("data_total", flat=True).get(unit_id=unit.pk) or 0


@pytest.mark.parametrize("vendor", [ACCESS, GO])
def test_data_is_added_to_the_esim_that_is_there(world: World, vendor: str) -> None:
    who, unit = esim(world, vendor)
    before = data(unit)

    (one,) = topping_up.choices(unit)
    assert (one.product.sku, one.price.minor) == (world.product.sku, 4_50)
    assert more(world, who, unit, dry=True) == "created"
    assert (Unit.objects.count(), balance(who)) == (1, 15_50)
    assert more(world, who, unit, email="ana@traveller.example", name="Ana") == "created"
    with pytest.raises(CanNotFill):
        more(world, who, unit)
    world.work()

    filled = Unit.objects.get(tops_up=unit)
    assert (filled.state, filled.line, filled.topped_from) == ("delivered", None, before)
    assert (data(unit), topped(world, vendor), Line.objects.count()) == (2 * before, [False, True], 1)
    assert (balance(who), Hold.objects.filter(state="spent").count()) == (11_00, 2)
    assert verify().problems == ()
    assert Event.objects.filter(name="LineFilled", unit_id=unit.pk).count() == 1
    (mail,) = world.mails()
    assert "Data added" in str(mail)
    with pytest.raises(NotNow):
        ask_back(filled.pk, "not wanted")


@pytest.mark.parametrize("vendor", [ACCESS, GO])
def test_a_lost_answer_is_looked_up_on_the_line_and_nothing_is_bought_twice(world: World, vendor: str) -> None:
    who, unit = esim(world, vendor)
    before = data(unit)
    stand, buying = standin(world, vendor)
    stand.fault(buying, "drop_after")
    more(world, who, unit)
    world.work()
    for _ in range(3):
        turn(world, later=70)

    assert (states(), purchases(), data(unit)) == (["delivered"] * 2, ["bought"] * 2, 2 * before)
    assert topped(world, vendor) == [False, True]


@pytest.mark.parametrize("vendor", [ACCESS, GO])
def test_one_that_was_never_executed_is_bought_again_after_the_settle_time(world: World, vendor: str) -> None:
    who, unit = esim(world, vendor)
    stand, buying = standin(world, vendor)
    stand.fault(buying, "drop_before")
    more(world, who, unit)
    world.work(most_seconds=4, until=("unknown", "delivered"))
    turn(world, later=70)
    assert (states(), topped(world, vendor)) == (["delivered", "unknown"], [False])

    world.later(300)
    world.work()
    assert (states(), purchases()) == (["delivered"] * 2, ["bought", "rejected", "bought"])
    assert topped(world, vendor) == [False, True]


def test_an_order_for_a_top_up_is_not_taken_for_a_lost_order_of_a_new_esim(world: World) -> None:
    who, unit = esim(world, GO)
    world.go.fault("order", "drop_after")
    more(world, who, unit)
    world.work(most_seconds=4, until=("unknown", "delivered"))
    world.go.fault("order", "drop_before")
    place(who.order(LineWanted(world.product.sku, 1)))
    world.work(most_seconds=4, until=("unknown", "delivered"))
    for _ in range(6):
        turn(world, later=70)
    world.work()

    assert (states(), topped(world, GO)) == (["delivered"] * 3, [False, True, False])
    assert Line.objects.count() == 2


def test_what_its_supplier_refuses_goes_to_a_person_who_gives_the_money_back(world: World) -> None:
    who, unit = esim(world, ACCESS)
    Supplier.objects.update(active=True)  # the other one sells it too, and can not fill this eSIM
    world.access.settings(topups_per_line=0)
    more(world, who, unit)
    world.work()

    letter = DeadLetter.objects.get()
    assert (states(), letter.cause, world.go.books()["orders"]) == (["delivered", "dead"], "all_suppliers_refused", [])
    assert balance(who) == 11_00
    deadletters.perform(letter.pk, "fail_unit")
    assert (states(), balance(who), verify().problems) == (["delivered", "failed"], 15_50, ())
    world.access.settings(topups_per_line=9)
    retry_unit(Unit.objects.get(tops_up=unit).pk)
    world.work()
    assert (states(), balance(who)) == (["delivered"] * 2, 11_00)


def test_we_give_up_data_that_is_there_at_our_own_loss(world: World) -> None:
    who, unit = esim(world, ACCESS)
    more(world, who, unit)
    world.work()
    filled = Unit.objects.get(tops_up=unit)
    cancel_unit(filled.pk, "sold by mistake")
    world.work()

    filled.refresh_from_db()
    assert (filled.state, filled.compensation.state, balance(who)) == ("failed", "loss", 15_50)
    assert (states()[0], Line.objects.get().service_state, verify().problems) == ("delivered", "active", ())
    with pytest.raises(NotNow, match="added"):
        retry_unit(filled.pk)


@pytest.mark.parametrize(
    ("rows", "change", "refusal"),
    [
        (Offer, {"top_up": False}, NotSupported),
        (Line, {"service_state": "terminated"}, LineOver),
        (Unit, {"state": "refunded"}, CanNotFill),
        (Offer, {"state": "vanished"}, DoesNotFit),
    ],
)
def test_what_can_not_be_is_refused_before_money_moves(
    world: World, rows: type[Offer | Line | Unit], change: dict[str, object], refusal: type[Refusal]
) -> None:
    who, unit = esim(world, ACCESS)
    rows._default_manager.update(**change)
    with pytest.raises(refusal):
        more(world, who, unit)
    assert (Unit.objects.count(), Purchase.objects.count(), balance(who)) == (1, 1, 15_50)


def test_a_key_is_answered_as_it_was_whatever_the_esim_is_by_then(world: World) -> None:
    who, unit = esim(world, ACCESS)
    sold("OTHER", 1_00)
    wanted = who.order(LineWanted(world.product.sku, 1))
    first = topping_up.order(Topping(unit, wanted, counted=False))
    again = topping_up.order(Topping(of(unit), replace(wanted, public_id="ord_other"), counted=False))

    assert (first.code, again.code, again.body) == ("created", "replayed", first.body)
    Unit.objects.filter(tops_up=unit).update(state="failed")
    with pytest.raises(DoesNotFit):
        topping_up.order(Topping(of(unit), who.order(LineWanted("OTHER", 1)), counted=False))
