"""A shop is told of a delivery although the job that would have told it was lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.channels.models import Shop
from simplane.channels.untold import tell_untold
from simplane.core import clock
from simplane.ordering.models import Unit
from tests.channels.helpers import Merchant, deliver, queued, sold, work_off

pytestmark = pytest.mark.usefixtures("esim")


def delivered_before(order_id: int, minutes: int, *, count: int | None = None) -> None:
    """Units were handed over, and nothing else happened."""
    deliver(order_id, count=count)
    then = clock.now() - timedelta(minutes=minutes)
    Unit.objects.filter(state="delivered").update(delivered_at=then)


def test_an_order_nobody_spoke_of_is_told_once(merchant: Merchant) -> None:
    made, order = sold(merchant, {"quantity": 2})
    delivered_before(made["order_id"], 6)
    assert tell_untold() == 1
    assert queued("channels.write_back") == [{"order_id": order.pk}]
    work_off("channels.write_back")
    assert merchant.order(made["order_id"])["lines"][0]["fulfilled"] == 2
    assert tell_untold() == 0


def test_the_job_of_the_delivery_is_given_its_time(merchant: Merchant) -> None:
    made, _ = sold(merchant)
    delivered_before(made["order_id"], 1)
    assert tell_untold() == 0


def test_an_order_with_units_on_their_way_is_left_to_the_last_of_them(merchant: Merchant) -> None:
    made, _ = sold(merchant, {"quantity": 2})
    delivered_before(made["order_id"], 6, count=1)
    assert tell_untold() == 0


def test_a_shop_that_removed_us_is_not_told(merchant: Merchant) -> None:
    made, _ = sold(merchant)
    delivered_before(made["order_id"], 6)
    Shop.objects.update(state="uninstalled")
    assert tell_untold() == 0
