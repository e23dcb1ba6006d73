"""Giving back what was issued: half done, never shown again, too slow, or found out by two workers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from importlib import import_module

import pytest

from simplane.core import clock
from simplane.core.db import in_thread
from simplane.core.models import DeadLetter
from simplane.lines.models import Line
from simplane.ordering.actions import cancel_unit, compensate
from simplane.ordering.models import Compensation, Unit
from simplane.suppliers import breakers
from simplane.suppliers.models import Purchase, Supplier
from tests.contracts.recorder import recording
from tests.ordering.turns import do
from tests.world import World, states

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _closed_breakers() -> None:
    breakers.forget()


@pytest.fixture
def bought(world: World) -> Unit:
    """A delivered eSIM of eSIM Go that nobody has installed."""
    world.only(world.esimgo)
    world.buy()
    world.work()
    return Unit.objects.get(state="delivered")


def given_up(unit: Unit) -> Compensation:
    cancel_unit(unit.pk, "bought twice by mistake")
    return Compensation.objects.get(unit=unit)


def attempt(row: Compensation) -> Compensation:
    """One more attempt, as if its time had come."""
    Compensation.objects.filter(pk=row.pk, state="open").update(due_at=clock.now(), lease_until=None)
    do(compensate(row.pk))
    row.refresh_from_db()
    return row


def paid_back(world: World) -> list[int]:
    """What each order at eSIM Go was refunded, in its own books."""
    return [order["refunded_minor"] for order in world.go.books()["orders"]]


def test_what_was_revoked_without_an_answer_is_refunded_by_the_next_attempt(world: World, bought: Unit) -> None:
    """An eSIM that was never installed leaves the account when its bundle is revoked: it can not be read any more."""
    with recording(world.go.url) as proxy:
        Supplier.objects.filter(pk=world.esimgo.pk).update(base_url=proxy.url)
        proxy.lose("type=transaction")
        row = attempt(given_up(bought))
        assert (row.state, row.verdict, paid_back(world)) == ("open", "esimgo answered unknown", [0])
        row = attempt(row)
    assert (row.state, row.recovered_minor, paid_back(world)) == ("done", 275, [275])
    assert (states(), Purchase.objects.get().refunded_minor) == (["failed"], 275)


def test_an_esim_its_supplier_never_showed_goes_before_a_person_with_its_cost(world: World, bought: Unit) -> None:
    Line.objects.update(iccid="8999000000000000009")
    Purchase.objects.update(supplier_order_id="no-such-order")
    row = given_up(bought)
    for _ in range(8):
        row = attempt(row)
    assert (row.state, row.attempts, row.due_at, paid_back(world)) == ("open", 8, None, [0])
    assert "does not show this eSIM" in row.verdict
    letter = DeadLetter.objects.get(kind="compensation")
    assert (letter.cause, letter.money_minor, letter.money_currency) == ("compensation_stuck", 275, "USD")
    assert states() == ["delivered"]


def test_the_letter_closes_when_it_is_given_back_after_all(world: World, bought: Unit) -> None:
    row = given_up(bought)
    Compensation.objects.update(attempts=7)
    world.go.fault("esim", "throttle", times=3)
    row = attempt(row)
    assert DeadLetter.objects.get(kind="compensation").resolved_at is None
    Compensation.objects.update(due_at=clock.now())
    assert attempt(row).state == "done"
    assert DeadLetter.objects.get(kind="compensation").resolution == "done"


def test_an_attempt_ends_before_its_lease_does(world: World, bought: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("simplane.ordering.actions.compensate"), "MOST_SECONDS", 0.5)
    world.go.fault("refund", "delay", seconds=1.5)
    row = attempt(given_up(bought))
    assert (row.state, row.verdict, row.attempts) == ("open", "esimgo answers too slowly", 1)


def test_what_a_worker_finds_out_after_its_lease_changes_nothing(world: World, bought: Unit) -> None:
    world.go.fault("refund", "delay", seconds=0.8)
    row = given_up(bought)
    another = clock.now() + timedelta(seconds=500)

    async def both() -> None:
        working = asyncio.create_task(compensate(row.pk))
        await asyncio.sleep(0.4)
        await in_thread(Compensation.objects.filter(pk=row.pk).update, lease_until=another)
        await working

    asyncio.run(both())
    row.refresh_from_db()
    assert (row.state, row.recovered_minor, row.lease_until) == ("open", 0, another)
    assert (states(), Purchase.objects.get().state) == (["delivered"], "bought")
