"""A notice that comes while its order is being asked for is not lost: the question follows at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from simplane.core import clock
from simplane.core.db import in_thread
from simplane.core.inbox import Handled
from simplane.core.models import InboxMessage
from simplane.ordering.actions import advance
from simplane.ordering.models import Unit
from simplane.suppliers import breakers
from simplane.suppliers.models import Purchase
from simplane.usage.webhooks import handle
from tests.standins import Received, Receiver, receiving
from tests.world import World, purchases, states

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _closed_breakers() -> None:
    breakers.forget()


@pytest.fixture
def notices(world: World) -> Iterator[Receiver]:
    """Where the supplier tells that an order moved."""
    world.only(world.redtea)
    with receiving() as receiver:
        world.access.settings(webhook_url=f"{receiver.url}/told", ready_after_ms=0, latency_ms=1000)
        yield receiver


def handled(one: Received) -> Handled:
    """Our inbox works on a notice."""
    now = clock.now()
    message = InboxMessage(channel="supplier", account="esimaccess", body=one.body, trusted=False, received_at=now)
    return handle(message)


async def _advance_and_hear(unit_id: int, notices: Receiver) -> bool:
    going = asyncio.create_task(advance(unit_id))
    one = await asyncio.to_thread(notices.next)
    under_way = not going.done()
    await in_thread(handled, one)
    await going
    return under_way


def test_a_notice_during_the_purchase_is_followed_by_the_question_at_once(world: World, notices: Receiver) -> None:
    world.buy()
    during = asyncio.run(_advance_and_hear(Unit.objects.get().pk, notices))
    assert (during, states()) == (True, ["ready"])
    assert [call["url"].rpartition("/esim/")[2] for call in Purchase.objects.get().trace] == ["order", "query"]


def test_without_a_notice_the_question_waits_for_its_time(world: World, notices: Receiver) -> None:
    world.access.settings(webhook_url="")
    world.buy()
    asyncio.run(advance(Unit.objects.get().pk))
    assert states() == ["pending"]
    assert Unit.objects.get().lease_until is None


def test_a_notice_after_the_answer_wakes_the_unit(world: World, notices: Receiver) -> None:
    world.access.settings(webhook_delay_ms=1500)
    world.buy()
    asyncio.run(advance(Unit.objects.get().pk))
    assert states() == ["pending"]
    assert handled(notices.next()) == Handled()
    world.one_turn()
    assert purchases() == ["bought"]


def test_a_notice_about_an_order_of_somebody_else_concerns_nobody(world: World, notices: Receiver) -> None:
    world.buy()
    asyncio.run(_advance_and_hear(Unit.objects.get().pk, notices))
    Purchase.objects.update(reference="other", supplier_order_id="other")
    stranger = Received("/told", {}, b'{"notifyType":"ORDER_STATUS","content":{"orderNo":"B1","transactionId":"x"}}')
    assert handled(stranger).ignored == "nothing in it concerns us"
