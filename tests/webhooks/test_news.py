"""Our news reaches customers: every kind of it, once, in whatever order it was committed, and only what is theirs."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from simplane.core import clock, events, jobs
from simplane.core.db import transaction
from simplane.core.events import News
from simplane.core.models import Bookmark
from simplane.lines.actions import apply_read
from simplane.lines.events import LineMoved
from simplane.ordering.events import OrderReceived, UnitDelivered, UnitEnded, UnitMoved
from simplane.ordering.models import Order, Unit
from simplane.payments.events import TopUpFailed, TopUpReversed, TopUpSucceeded, WalletLow
from simplane.suppliers.values import LineStatus
from simplane.webhooks import news
from simplane.webhooks.models import Message
from tests import factories
from tests.webhooks.desk import Desk

HOOK = "https://hooks.example.com"


def read() -> None:
    """Until nothing is left to read."""
    while news.read_news().behind:
        pass


def happen(*told: News) -> None:
    with transaction():
        events.record(*told)
    read()


def messages() -> list[tuple[str, dict[str, Any]]]:
    """Type and data of all messages, oldest first."""
    return [(one.type, json.loads(one.body)["data"]) for one in Message.objects.order_by("pk")]


def delivered(desk: Desk, **given: Any) -> Unit:
    order = factories.order(organization=desk.organization, external_id="PO-7", **given)
    unit = factories.delivered_unit(order=order)
    assert unit.line is not None
    return unit


@pytest.fixture(autouse=True)
def _from_here_on(desk: Desk) -> None:
    desk.endpoint(HOOK)


def test_the_story_of_an_order_is_told_with_ids_and_states_and_nothing_private(desk: Desk) -> None:
    unit = delivered(desk, state=Order.State.OPEN)
    order, line = unit.order, unit.line
    assert line is not None
    happen(OrderReceived(order_id=order.pk, source="api", state="open", name="PO-7"))
    Order.objects.filter(pk=order.pk).update(state=Order.State.DONE)
    happen(UnitDelivered(order_id=order.pk, unit_id=unit.pk))
    happen(
        LineMoved(
            unit_id=unit.pk, line_id=line.pk, before={"plan": "queued"}, after={"plan": "active"}, source="webhook"
        )
    )
    happen(UnitEnded(order_id=order.pk, unit_id=unit.pk, state="refunded"))
    order_ids = {"order": order.public_id, "reference": "PO-7"}
    bought = {"esim": unit.public_id, "iccid": line.iccid}
    about = {"unit": unit.public_id, **order_ids, "sku": unit.product.sku, **bought}
    assert messages() == [
        ("order.created", {**order_ids, "state": "open", "sequence": 1}),
        ("unit.delivered", {**about, "state": "delivered", "sequence": 1}),
        ("order.completed", {**order_ids, "state": "done", "sequence": 2}),
        ("esim.changed", {**about, "before": {"plan": "queued"}, "after": {"plan": "active"}, "sequence": 2}),
        ("unit.refunded", {**about, "state": "refunded", "sequence": 3}),
    ]
    private = (line.matching_id, line.smdp, order.customer.email, order.customer.name)
    assert not any(secret in one.body for one in Message.objects.all() for secret in private)
    assert all(len(one.body) < 600 for one in Message.objects.all())


@pytest.mark.parametrize("state", ["failed", "cancelled", "refunded"])
def test_an_order_that_ends_without_an_esim_is_cancelled(desk: Desk, state: str) -> None:
    unit = factories.unit(order=factories.order(organization=desk.organization, state="cancelled"))
    happen(UnitEnded(order_id=unit.order_id, unit_id=unit.pk, state=state))
    assert [kind for kind, _ in messages()] == [f"unit.{state}", "order.cancelled"]


def test_money_is_told_by_its_owner(desk: Desk) -> None:
    about: dict[str, Any] = {"organization_id": desk.organization.pk, "top_up": "top_1", "currency": "EUR"}
    happen(
        TopUpSucceeded(**about, amount_minor=5000, method="card"),
        TopUpFailed(**about, amount_minor=5000, method="card", reason="declined"),
        TopUpReversed(**about, cause="dispute", minor=5000),
        WalletLow(organization_id=desk.organization.pk, currency="EUR", balance_minor=90, below_minor=100),
    )
    topup = {"topup": "top_1", "amount_minor": 5000, "currency": "EUR"}
    assert messages() == [
        ("topup.succeeded", {**topup, "method": "card", "sequence": 1}),
        ("topup.failed", {**topup, "method": "card", "reason": "declined", "sequence": 2}),
        ("topup.reversed", {**topup, "cause": "dispute", "sequence": 3}),
        ("wallet.low", {"currency": "EUR", "balance_minor": 90, "below_minor": 100, "sequence": 1}),
    ]


def test_use_is_told_once_at_each_step_however_often_it_is_measured(desk: Desk) -> None:
    unit = delivered(desk)
    line = unit.line
    assert line is not None
    line.data_total = 1000
    line.save()
    for used in (700, 749, 750, 800, 760, 750, 960, 1000, 1000):
        with transaction():
            apply_read(line, LineStatus(at=clock.now(), data_used=used, data_total=1000))
    read()
    told = [
        (data["percent"], data["data_used_bytes"]) for kind, data in messages() if kind == "usage.threshold_reached"
    ]
    assert told == [(75, 750), (90, 960), (100, 1000)]


def test_nobody_hears_of_others_and_a_second_reading_tells_nothing(desk: Desk) -> None:
    theirs = factories.delivered_unit(order=factories.order(organization=factories.organization(kind="reseller")))
    ours = delivered(desk)
    happen(
        UnitDelivered(order_id=theirs.order_id, unit_id=theirs.pk),
        UnitDelivered(order_id=ours.order_id, unit_id=ours.pk),
        UnitMoved(order_id=ours.order_id, unit_id=ours.pk, before="ready", after="delivered"),
    )
    assert [(kind, data["unit"]) for kind, data in messages()] == [("unit.delivered", ours.public_id)]
    Bookmark.objects.update(last_event=0)
    read()
    assert Message.objects.count() == 1


def test_news_that_is_committed_late_is_told_though_its_number_is_smaller(desk: Desk) -> None:
    orders = [factories.order(organization=desk.organization) for _ in range(2)]
    first, second = (factories.delivered_unit(order=one) for one in orders)
    with psycopg.connect(**jobs.connection_parameters()) as slow:
        slow.execute(
            "INSERT INTO core_event (name, at, order_id, unit_id, data, request_id)"
            " VALUES ('UnitDelivered', %s, %s, %s, '{}', '')",
            [clock.now(), first.order_id, first.pk],
        )
        with transaction():
            events.record(UnitDelivered(order_id=second.order_id, unit_id=second.pk))
        looks = [news.read_news() for _ in range(4)]
        assert [one.messages for one in looks] == [0, 0, 0, 0]
        assert looks[-1].behind > 0
        slow.commit()
    read()
    assert [data["unit"] for _, data in messages()] == [first.public_id, second.public_id]


def test_more_than_fits_at_once_is_read_in_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "MOST_AT_ONCE", 2)
    low = WalletLow(organization_id=desk.organization.pk, currency="EUR", balance_minor=1, below_minor=2)
    happen(low, low, low, low, low)
    assert [data["sequence"] for _, data in messages()] == [1, 2, 3, 4, 5]
