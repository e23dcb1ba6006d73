"""Messages reach their endpoints, or are tried again, and one endpoint's trouble is its own."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from simplane.core import clock, outside
from simplane.webhooks import deliver
from simplane.webhooks.actions import rotate_secret, update_endpoint
from simplane.webhooks.leases import AT_ONCE
from simplane.webhooks.models import Endpoint
from tests.standins import Receiver
from tests.suppliers.raw_server import HANG, RawServer, http, serving
from tests.webhooks.desk import Desk, attempts, delivery, states


def test_a_message_arrives_signed_and_its_log_shows_request_and_answer(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url)
    (message,) = desk.tell(data={"order_id": "ord_1", "state": "open"}, subject="ord_1")
    desk.work()
    came = receiver.next()
    payload = desk.verified(endpoint, came)
    assert came.headers["webhook-id"] == message.public_id
    assert came.headers["content-type"] == "application/json"
    assert came.body == message.body.encode()
    assert payload["type"] == "order.created"
    assert payload["data"] == {"order_id": "ord_1", "state": "open", "sequence": 1}
    assert states(endpoint) == ["delivered"]
    (one,) = attempts(endpoint)
    assert (one.number, one.status, one.problem, one.next_at) == (1, 200, "", None)
    assert one.request_headers["webhook-signature"] == "v1,…"
    endpoint.refresh_from_db()
    assert (endpoint.last_status, endpoint.due_at, endpoint.lease_until) == (200, None, None)


def test_payloads_are_of_the_published_shape(desk: Desk, receiver: Receiver) -> None:
    desk.endpoint(receiver.url)
    (message,) = desk.tell()
    Draft202012Validator(ENVELOPE).validate(json.loads(message.body))


ENVELOPE: dict[str, Any] = {
    "type": "object",
    "required": ["type", "timestamp", "data"],
    "properties": {
        "type": {"type": "string", "pattern": "^[a-zA-Z0-9_]+(\\.[a-zA-Z0-9_]+)*$"},
        "timestamp": {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$"},
        "data": {"type": "object"},
    },
}


def test_only_what_an_endpoint_asked_for_comes_once_and_numbered_by_subject(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url, "unit.delivered")
    desk.tell(kind="order.created")
    first, second = (desk.tell(kind="unit.delivered", subject="unt_1")[0] for _ in range(2))
    other = desk.tell(kind="unit.delivered", subject="unt_2")[0]
    with pytest.raises(AssertionError):
        desk.tell(kind="unit.delivered", key=first.key)
    assert [one.sequence for one in (first, second, other)] == [1, 2, 1]
    desk.work()
    assert {one.headers["webhook-id"] for one in receiver.take(3)} == {
        first.public_id,
        second.public_id,
        other.public_id,
    }
    assert receiver.empty
    assert states(endpoint) == ["delivered"] * 3


def test_what_failed_is_sent_again_with_the_same_id_and_bytes_until_it_is_taken(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url)
    for status in (500, 307, 404):
        receiver.answers.put(status)
    desk.tell()
    desk.work()
    for seconds in (6, 331, 1981):
        desk.later(seconds=seconds - 3)
        desk.tick()
        desk.later(seconds=3)
        desk.tick()
    first, *others = came = receiver.take(4)
    assert {one.body for one in others} == {first.body}
    assert {one.headers["webhook-id"] for one in came} == {first.headers["webhook-id"]}
    log = attempts(endpoint)
    assert [(one.number, one.status) for one in log] == [(1, 500), (2, 307), (3, 404), (4, 200)]
    assert [one.problem for one in log] == ["answered 500", "answered 307", "answered 404", ""]
    pauses = [(one.next_at - one.at).total_seconds() for one in log if one.next_at]
    assert all(
        abs(pause / wanted - 1) < 0.15 + 2 / wanted for pause, wanted in zip(pauses, (5, 300, 1800), strict=True)
    )
    assert states(endpoint) == ["delivered"]
    endpoint.refresh_from_db()
    assert (endpoint.strikes, endpoint.failing_since) == (0, None)


def test_after_the_tenth_try_it_is_failed_and_nothing_is_due(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url)
    (message,) = desk.tell()
    message.deliveries.update(tries=9)
    receiver.answers.put(500)
    desk.work()
    found = delivery(endpoint)
    assert (found.state, found.tries, found.due_at, found.problem) == ("failed", 10, None, "answered 500")
    endpoint.refresh_from_db()
    assert endpoint.due_at is None


def test_a_busy_endpoint_is_left_alone_for_as_long_as_it_asks(desk: Desk) -> None:
    server = RawServer(http("later", 429, retry_after="90"), http())
    try:
        endpoint = desk.endpoint(server.url)
        desk.tell(1)
        desk.work()
        desk.tell(3)
        desk.work()
        assert len(server.requests) == 1
        endpoint.refresh_from_db()
        assert endpoint.paused_until is not None
        assert endpoint.due_at == endpoint.paused_until
        assert 80 < (endpoint.paused_until - clock.now()).total_seconds() <= 90
        assert attempts(endpoint)[0].response_body == "later"
        desk.later(seconds=91)
        desk.tick()
        assert len(server.requests) == 5
        assert states(endpoint) == ["delivered"] * 4
    finally:
        server.close()


@pytest.mark.parametrize("fault", ["a header outside of time", "a fault of ours"])
def test_one_odd_answer_spoils_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    def read(_: str) -> float | None:
        raise RuntimeError

    if fault == "a fault of ours":
        monkeypatch.setattr(deliver, "read_retry_after", read)
    with serving(http(b"", 503, retry_after="Mon, 01 Jan 2024 00:00:00 +9999999999999"), http()) as server:
        endpoint = desk.endpoint(server.url)
        desk.tell(3)
        desk.work()
    assert sorted(states(endpoint)) == ["delivered", "delivered", "waiting"]
    (told,) = (one.problem for one in attempts(endpoint) if one.problem)
    assert told == ("answered 503" if fault != "a fault of ours" else "we could not read the answer (RuntimeError)")
    endpoint.refresh_from_db()
    assert endpoint.lease_until is None


def test_gone_stops_at_once_and_its_owner_is_told(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url)
    receiver.answers.put(410)
    desk.tell()
    desk.work()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.reason, endpoint.due_at) == ("disabled", "gone", None)
    assert states(endpoint) == ["failed"]
    desk.tell()
    desk.tick()
    assert len(receiver.take(1)) == 1
    assert receiver.empty


def test_during_a_rotation_old_and_new_secret_both_verify_and_then_only_the_new_one(
    desk: Desk, receiver: Receiver
) -> None:
    endpoint = desk.endpoint(receiver.url)
    old = desk.secrets[endpoint.public_id]
    new = rotate_secret(desk.organization.pk, endpoint.public_id, overlap=timedelta(hours=1)).secret
    desk.tell()
    desk.work()
    came = receiver.next()
    assert desk.verified(endpoint, came, secret=old) == desk.verified(endpoint, came, secret=new)
    desk.later(hours=2)
    desk.tell()
    desk.work()
    came = receiver.next()
    assert came.headers["webhook-signature"].count("v1,") == 1
    assert desk.verified(endpoint, came, secret=new)["type"] == "order.created"


def test_a_slow_endpoint_holds_up_nobody_and_gets_a_few_requests_at_once(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "TOTAL_SECONDS", 0.6)
    slow = RawServer(HANG)
    try:
        dead, living = desk.endpoint(slow.url), desk.endpoint(receiver.url)
        desk.tell(AT_ONCE + 3)
        began = time.monotonic()
        desk.work()
        assert states(living) == ["delivered"] * (AT_ONCE + 3)
        assert slow.connections == AT_ONCE
        assert time.monotonic() - began < 5
        dead.refresh_from_db()
        assert dead.strikes == AT_ONCE
        assert dead.paused_until is not None
        assert attempts(dead)[0].problem.startswith("no whole answer within")
    finally:
        slow.close()


def test_an_answer_that_is_no_text_or_too_long_is_kept_in_part(desk: Desk) -> None:
    server = RawServer(http("\x00ü" + "x" * 5000, 200, x_secret="no", server="nginx"))
    try:
        endpoint = desk.endpoint(server.url)
        desk.tell()
        desk.work()
    finally:
        server.close()
    (one,) = attempts(endpoint)
    assert one.response_body.startswith("�üxxx")
    assert len(one.response_body.encode()) <= 1024 + 2
    assert one.response_headers == {"content-length": "5003", "server": "nginx"}


def test_an_address_that_became_private_is_not_called_and_its_owner_reads_why(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url)
    Endpoint.objects.filter(pk=endpoint.pk).update(url="https://10.0.0.1/hook")
    desk.tell()
    desk.work()
    (one,) = attempts(endpoint)
    assert (one.status, one.problem) == (None, "10.0.0.1 is not a public address")
    update_endpoint(desk.organization.pk, endpoint.public_id, url=f"{receiver.url}/new")
    desk.later(seconds=10)
    desk.tick()
    assert receiver.next().path == "/new"


def test_a_killed_worker_leaves_nothing_forgotten(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url)
    desk.tell()
    held = clock.now() + timedelta(seconds=60)
    Endpoint.objects.filter(pk=endpoint.pk).update(lease_until=held, due_at=held)
    desk.tick()
    assert receiver.empty
    desk.later(seconds=61)
    desk.tick()
    assert receiver.next().path == "/hook"
    assert states(endpoint) == ["delivered"]
