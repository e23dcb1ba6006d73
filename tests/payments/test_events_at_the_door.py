"""Stripe's events at the door: only genuine ones come in, with the old secret or the new, each is stored once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import stripe

from simplane.core.models import InboxMessage
from simplane.payments import intake
from simplane.payments.models import StripeAccount
from tests.payments.desk import SECRET, Desk
from tests.standins import Receiver, receiving

EVENT = json.dumps({"id": "evt_1", "type": "ping", "livemode": False, "data": {"object": {"object": "thing"}}}).encode()


@pytest.fixture
def receiver(desk: Desk) -> Iterator[Receiver]:
    with receiving() as receiver:
        desk.standin.settings(webhook_url=f"{receiver.url}/stripe")
        yield receiver
        desk.standin.settings(webhook_url="")


def signed(secret: str, body: bytes = EVENT, *, age: int = 0) -> str:
    stamp = int(time.time()) - age
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, stamp))


def test_what_stripe_sent_comes_in_while_its_secret_is_rolled_and_pays_the_top_up(
    desk: Desk, receiver: Receiver
) -> None:
    endpoint = desk.api.v1.webhook_endpoints.list().data[0].id
    desk.standin.control(f"webhook_endpoints/{endpoint}/roll", overlap_seconds=600, secret="whsec_new_not_real")
    first = desk.checkout(10_00)
    desk.pay(first)
    before = receiver.take(6)
    old = [desk.post(one.body, one.headers["stripe-signature"]) for one in before]

    StripeAccount.objects.update(
        credentials={**desk.account.credentials, "webhook_secret": "whsec_new_not_real", "previous_webhook_secrets": []}
    )
    intake.forget()
    second = desk.checkout(20_00)
    desk.pay(second)
    new = [desk.post(one.body, one.headers["stripe-signature"]) for one in receiver.take(5)]
    desk.work()

    assert before[0].headers["stripe-signature"].count("v1=") == 2
    assert set(old + new) == {200}
    assert desk.wallet() == 30_00


def test_a_wrong_tampered_old_or_future_signature_stores_nothing(desk: Desk) -> None:
    given = [
        signed("whsec_wrong"),
        signed(SECRET, b"{}"),
        signed(SECRET, age=301),
        signed(SECRET, age=-3600),
        "t=x,v1=y",
        "nonsense",
        signed(SECRET)[:-1] + "é",
        signed(SECRET).replace("v1=", "v0="),
    ]
    assert [desk.post(EVENT, one) for one in given] == [401] * 8
    assert desk.post(b"\xff\xfe", signed(SECRET)) == 401
    assert not InboxMessage.objects.exists()


def test_the_previous_secret_counts_a_repeat_is_stored_once_and_an_unknown_account_is_no_address(desk: Desk) -> None:
    credentials = {"webhook_secret": "whsec_next", "previous_webhook_secrets": [SECRET]}
    StripeAccount.objects.update(credentials={**desk.account.credentials, **credentials})
    intake.forget()

    assert [desk.post(EVENT), desk.post(EVENT), desk.post(EVENT, key="nobody")] == [200, 200, 404]
    message = InboxMessage.objects.get()
    assert (message.channel, message.delivery_id, message.duplicates, bytes(message.body)) == (
        "stripe",
        "evt_1",
        1,
        EVENT,
    )


def test_what_is_no_event_of_ours_is_kept_and_shown_or_ignored(desk: Desk) -> None:
    live = json.dumps({**json.loads(EVENT), "id": "evt_2", "livemode": True}).encode()
    StripeAccount.objects.update(is_stand_in=False)
    for body in (EVENT, live, b"no event"):
        assert desk.post(body) == 200
    desk.work()

    states = InboxMessage.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["ignored", "flagged", "flagged"]


def test_an_event_about_a_top_up_that_nobody_knows_is_kept_for_another_try(desk: Desk) -> None:
    about = {"object": "payment_intent", "id": "pi_1", "metadata": {"simplane_top_up": "top_unknown"}}
    event = {"id": "evt_3", "type": "payment_intent.succeeded", "livemode": False, "data": {"object": about}}
    desk.tell([event])

    message = InboxMessage.objects.get()
    assert (message.state, message.due_at is not None) == ("failed", True)
    assert "top_unknown" in message.problem
