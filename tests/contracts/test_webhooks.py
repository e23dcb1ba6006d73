"""Webhooks as the stand-ins really send them: genuine ones are taken and understood, others refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simplane.suppliers.errors import BadWebhook
from simplane.suppliers.outcomes import Accepted
from simplane.suppliers.values import SupplierEvent
from tests.contracts.desk import Desk
from tests.standins import Received, Receiver, receiving

CAME_FROM = "127.0.0.1"


@pytest.fixture
def receiver(desk: Desk) -> Iterator[Receiver]:
    with receiving() as made:
        desk.standin.settings(**{desk.vendor.webhook_setting: f"{made.url}/hooks"})
        yield made


def understood(desk: Desk, came: Received) -> SupplierEvent:
    expected = "verified" if desk.adapter.capabilities.webhooks == "signed" else "hint"
    assert desk.adapter.verify_webhook(came.headers, came.body, CAME_FROM).kind == expected
    [event] = desk.adapter.parse_webhook(came.body)
    found: SupplierEvent = event
    return found


def until(desk: Desk, receiver: Receiver, kind: str, moment: str = "") -> SupplierEvent:
    """The next webhook of that kind; what comes before it is checked and left."""
    while True:
        event = understood(desk, receiver.next())
        if event.kind == kind and moment in ("", event.moment):
            return event


def test_an_installed_line_is_told(desk: Desk, receiver: Receiver) -> None:
    line = desk.buy()
    desk.advance(line, "installed", notify=True)
    event = until(desk, receiver, "line", "installed")
    assert (event.line_id, event.iccid) == (line.line_id, line.iccid)
    assert event.status is not None
    assert event.status.profile == "installed"
    assert event.at is not None
    assert len(event.status.eid) == (32 if "eid" in desk.vendor.tells else 0)


def test_usage_is_told_in_bytes(desk: Desk, receiver: Receiver) -> None:
    line = desk.buy()
    desk.advance(line, "depleted", notify=True)
    event = until(desk, receiver, "usage")
    assert event.line_id == line.line_id
    if "usage" not in desk.vendor.tells:
        assert event.confirm
        return
    assert event.status is not None
    assert event.status.data_total is not None
    assert event.status.data_total >= 1_000_000_000
    assert event.status.data_used is not None


def test_the_same_webhook_again_has_the_same_key(desk: Desk, receiver: Receiver) -> None:
    line = desk.buy()
    desk.advance(line, "installed", notify=True, repeat=2)
    steps = 2 if desk.vendor.vendor == "esimaccess" else 1
    # 1GLOBAL tells of the new line too.
    moment = "installed" if desk.vendor.vendor == "oneglobal" else ""
    keys = [until(desk, receiver, "line", moment).dedupe_key for _ in range(2 * steps)]
    assert len(set(keys)) == steps


def test_a_ready_order_is_told_only_where_capabilities_say_so(desk: Desk, receiver: Receiver) -> None:
    if desk.adapter.capabilities.order_webhook:
        request = desk.request()
        answer = desk.issue(request)
        assert isinstance(answer, Accepted)
        event = until(desk, receiver, "order")
        reference = request.reference if "reference" in desk.vendor.tells else ""
        assert (event.order_id, event.reference) == (answer.order_id, reference)
    else:
        desk.buy()
        assert receiver.empty


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"iccid": "no digits"}'])
def test_what_can_not_be_read_is_refused(desk: Desk, raw: bytes) -> None:
    if raw.startswith(b'{"') and desk.vendor.vendor == "esimaccess":
        raw = b'{"notifyType": "ESIM_STATUS", "content": {"iccid": "no digits"}}'
    with pytest.raises(BadWebhook):
        desk.adapter.parse_webhook(raw)


def test_an_unknown_kind_is_kept_as_other(desk: Desk) -> None:
    raw = b'{"alertType": "Weather", "notifyType": "WEATHER", "notifyId": "1", "content": {}, "id": "1", "type": "w"}'
    [event] = desk.adapter.parse_webhook(raw)
    assert event.kind == "other"
