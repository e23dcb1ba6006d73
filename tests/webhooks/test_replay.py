"""Sending again: one, some, all since; and the test event."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.core import clock
from simplane.core.errors import BadInput
from simplane.webhooks import actions, queries
from simplane.webhooks.errors import NoSuchDelivery
from simplane.webhooks.models import Delivery
from tests import factories
from tests.standins import Receiver
from tests.webhooks.desk import Desk, attempts, states


def test_one_delivery_is_sent_again_as_it_was_and_its_log_goes_on(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url)
    desk.tell()
    desk.work()
    first = receiver.next()
    found = Delivery.objects.get()
    with pytest.raises(NoSuchDelivery):
        actions.replay_delivery(factories.organization(kind="reseller").pk, found.public_id)
    actions.replay_delivery(desk.organization.pk, found.public_id)
    desk.work()
    again = receiver.next()
    assert (again.body, again.headers["webhook-id"]) == (first.body, first.headers["webhook-id"])
    assert [one.number for one in attempts(endpoint)] == [1, 2]
    story = queries.story(desk.organization.pk, found.public_id)
    assert [one.number for one in story.attempts] == [2, 1]
    with pytest.raises(NoSuchDelivery):
        queries.story(factories.organization(kind="reseller").pk, found.public_id)


def test_some_messages_are_sent_again_and_foreign_ones_refused(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url)
    messages = desk.tell(3)
    desk.work()
    receiver.take(3)
    wanted = [one.public_id for one in messages[:2]]
    assert actions.replay_messages(desk.organization.pk, endpoint.public_id, wanted) == 2
    desk.work()
    assert {one.headers["webhook-id"] for one in receiver.take(2)} == set(wanted)
    assert receiver.empty
    for bad in ([], [*wanted, "msg_of_somebody_else"], [f"msg_{n}" for n in range(501)]):
        with pytest.raises(BadInput):
            actions.replay_messages(desk.organization.pk, endpoint.public_id, bad)


def test_all_since_a_moment_means_what_is_wanted_and_missing_unless_asked_otherwise(
    desk: Desk, receiver: Receiver
) -> None:
    old = desk.endpoint(receiver.url)
    desk.tell(1)
    desk.later(hours=2)
    desk.tell(2)
    desk.tell(1, kind="wallet.low")
    desk.work()
    receiver.take(4)
    fresh = desk.endpoint(receiver.url, "order.created")
    an_hour_ago = clock.now() - timedelta(hours=1)
    mine = desk.organization.pk
    assert actions.replay_since(mine, old.public_id, an_hour_ago) == 0
    assert actions.replay_since(mine, fresh.public_id, an_hour_ago) == 2
    assert actions.replay_since(mine, old.public_id, an_hour_ago, delivered_too=True) == 3
    desk.work()
    assert len(receiver.take(5)) == 5
    assert receiver.empty
    assert states(fresh) == ["delivered"] * 2


def test_a_test_event_goes_to_one_endpoint_once_whatever_it_asked_for(desk: Desk, receiver: Receiver) -> None:
    endpoint, other = desk.endpoint(receiver.url, "wallet.low"), desk.endpoint(f"{receiver.url}/other")
    receiver.answers.put(500)
    actions.send_test(desk.organization.pk, endpoint.public_id)
    desk.work()
    assert desk.verified(endpoint, receiver.next())["type"] == "webhook.test"
    assert (states(endpoint), states(other)) == (["failed"], [])
    endpoint.refresh_from_db()
    assert (endpoint.strikes, endpoint.failing_since, endpoint.last_status) == (0, None, 500)
    assert list(queries.deliveries(desk.organization.pk, endpoint_id=endpoint.public_id, state="failed")) != []
    assert queries.endpoints(desk.organization.pk)[1].failed == 1
