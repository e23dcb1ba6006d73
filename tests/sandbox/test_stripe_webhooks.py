"""The Stripe stand-in sends events as Stripe does: signed, repeated, late, lost and out of order."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from sandbox.stripe.signature import header
from tests.sandbox.stripe_desk import DAY, HOUR, SECRET, Caller, Published, calling
from tests.specs import load_spec, required_specs
from tests.standins import Received, Receiver, receiving


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with calling(tmp_path_factory.mktemp("stripe")) as caller:
        yield caller


@pytest.fixture
def receiver(desk: Caller) -> Iterator[Receiver]:
    with receiving() as receiver:
        desk.forget()
        desk.standin.settings(webhook_url=f"{receiver.url}/stripe")
        yield receiver
        desk.standin.settings(webhook_url="")


def verified(came: Received, secret: str = SECRET) -> dict[str, Any]:
    """The event after the library has checked its signature over the raw bytes."""
    event = stripe.Webhook.construct_event(came.body, came.headers["stripe-signature"], secret)
    plain: dict[str, Any] = event.to_dict()
    return plain


def kinds(came: list[Received]) -> list[str]:
    return [came.json()["type"] for came in came]


def test_events_are_signed_over_pretty_printed_bytes_and_look_like_the_published_samples(
    desk: Caller, receiver: Receiver
) -> None:
    intent = desk.pay(metadata={"topup_id": "tu_1"})

    came = receiver.take(4)
    event = verified(came[2])
    sample = load_spec("channels", "stripe", "examples", "payment_intent.succeeded.body.json")
    assert kinds(came) == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.updated"]
    assert came[2].body.startswith(b'{\n  "id": "evt_1')
    assert list(event) == list(sample)
    assert list(event["data"]["object"]) == list(sample["data"]["object"])
    assert (event["data"]["object"]["id"], event["livemode"]) == (intent.id, False)
    assert event["request"]["id"].startswith("req_")
    Published().check(event)


def test_the_published_signed_samples_verify_with_the_same_rule() -> None:
    folder = required_specs("channels", "stripe", "examples")
    secret = json.loads((folder / "SECRET.json").read_text())["webhook_secret"]
    bodies = sorted(folder.glob("*.body.json"))

    for body in bodies:
        headers = json.loads(body.with_name(body.name.replace(".body.", ".headers.")).read_text())
        stamp = headers["Stripe-Signature"].split(",")[0].removeprefix("t=")
        assert header([secret], int(stamp), body.read_bytes()) == headers["Stripe-Signature"]
    assert len(bodies) == 8


def test_an_event_made_by_a_request_names_its_idempotency_key_and_one_made_by_time_none(
    desk: Caller, receiver: Receiver
) -> None:
    desk.pay(method="pm_sepa_debit_success", key="topup:1")
    by_request = verified(receiver.take(3)[2])
    desk.advance(11)
    by_time = verified(receiver.take(2)[1])

    assert (by_request["type"], by_request["request"]["idempotency_key"]) == ("payment_intent.processing", "topup:1")
    assert (by_time["type"], by_time["request"]) == (
        "payment_intent.succeeded",
        {"id": None, "idempotency_key": None},
    )


def test_a_rolled_secret_signs_beside_the_old_one_until_that_expires(desk: Caller, receiver: Receiver) -> None:
    endpoint = desk.api.v1.webhook_endpoints.list().data[0]
    fresh = desk.standin.control(f"webhook_endpoints/{endpoint.id}/roll", overlap_seconds=2 * HOUR)["secret"]

    desk.api.v1.customers.create({"name": "during"})
    during = receiver.next()
    desk.advance(2 * HOUR + 1)
    desk.api.v1.customers.create({"name": "after"})
    after = receiver.next()

    assert during.headers["stripe-signature"].count("v1=") == 2
    assert verified(during, fresh)["id"] == verified(during)["id"]
    assert after.headers["stripe-signature"].count("v1=") == 1
    with pytest.raises(stripe.SignatureVerificationError):
        verified(after)


def test_retries_go_on_for_three_days_each_with_a_stamp_of_its_own(desk: Caller, receiver: Receiver) -> None:
    desk.standin.settings(virtual_stamps=True)
    for _ in range(30):
        receiver.answers.put(500)
    desk.api.v1.customers.create({"name": "Ada"})
    attempts, stamps, waited = [receiver.next()], set(), 0
    event_id = attempts[0].json()["id"]

    for pause in (60, 300, 900, 3600, 7200, 14_400, 21_600, 28_800, 43_200, 57_600, 79_200):
        settled(desk, len(attempts))
        desk.advance(pause)
        waited += pause
        attempts.append(receiver.next())
    settled(desk, 12)
    stamps = {came.headers["stripe-signature"].split(",")[0] for came in attempts}

    assert {came.body for came in attempts} == {attempts[0].body}
    assert len(stamps) == 12
    assert 2.9 * DAY < waited < 3.1 * DAY
    assert desk.standin.books(summary=True)["deliveries"] == {"due": 0, "sent": 0, "failed": 1}
    missed = desk.api.v1.events.list({"delivery_success": False}).data
    assert [(event.id, event.pending_webhooks) for event in missed] == [(event_id, 1)]


def settled(desk: Caller, attempts: int) -> None:
    """Wait until the stand-in has written down so many attempts."""
    for _ in range(2000):
        newest = desk.standin.control("deliveries?limit=1")["deliveries"][0]
        if newest["attempts"] == attempts:
            return
    raise AssertionError(f"{newest['attempts']} attempts, not {attempts}")


def test_a_delivered_event_counts_as_a_success_and_a_lost_one_waits_in_the_list(
    desk: Caller, receiver: Receiver
) -> None:
    desk.standin.control("events/lose", type="payment_intent.succeeded")
    desk.pay()
    came = receiver.take(3)
    settled(desk, 1)

    missed = desk.api.v1.events.list({"delivery_success": False, "types": ["payment_intent.succeeded"]}).data
    done = desk.api.v1.events.list({"delivery_success": True}).data

    assert kinds(came) == ["payment_intent.created", "charge.succeeded", "charge.updated"]
    assert [event.type for event in missed] == ["payment_intent.succeeded"]
    assert {event.type for event in done} == set(kinds(came))


def test_events_come_in_any_order_and_twice_on_demand(desk: Caller, receiver: Receiver) -> None:
    desk.standin.control("callbacks/hold", "POST")
    desk.pay()
    assert desk.standin.control("callbacks/release", order="reverse")["released"] == 4
    came = receiver.take(4)

    event_id = came[1].json()["id"]
    desk.standin.control(f"events/{event_id}/repeat", "POST")
    same = receiver.next()
    desk.standin.control(f"events/{event_id}/twin", "POST")
    twin = receiver.next()

    assert kinds(came) == ["charge.updated", "payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]
    assert (same.body, verified(same)["id"]) == (came[1].body, event_id)
    assert verified(twin)["id"] != event_id
    assert verified(twin)["data"] == verified(same)["data"]


@pytest.mark.parametrize("signature", ["wrong", "old_stamp"])
def test_a_forged_or_old_signature_can_be_sent_on_demand(desk: Caller, receiver: Receiver, signature: str) -> None:
    desk.api.v1.customers.create({"name": "Ada"})
    event_id = receiver.next().json()["id"]

    desk.standin.control(f"events/{event_id}/repeat", signature=signature)

    with pytest.raises(stripe.SignatureVerificationError):
        verified(receiver.next())


def test_an_endpoint_gets_only_its_types_in_its_version_and_shows_its_secret_once(desk: Caller) -> None:
    desk.forget()
    with receiving() as receiver:
        made = desk.api.v1.webhook_endpoints.create(
            {"url": receiver.url, "enabled_events": ["payment_intent.succeeded"], "api_version": "2026-01-28.clover"}
        )
        desk.pay()
        event = verified(receiver.next(), made.secret or "")

        assert (event["type"], event["api_version"]) == ("payment_intent.succeeded", "2026-01-28.clover")
        assert "secret" not in desk.api.v1.webhook_endpoints.retrieve(made.id)
        desk.api.v1.webhook_endpoints.update(made.id, {"disabled": True})
        desk.pay()
        desk.api.v1.webhook_endpoints.delete(made.id)
        assert receiver.empty
    assert desk.api.v1.webhook_endpoints.list().data == []


def test_a_wrong_endpoint_is_refused(desk: Caller) -> None:
    desk.forget()
    with pytest.raises(stripe.InvalidRequestError, match="Invalid URL"):
        desk.api.v1.webhook_endpoints.create({"url": "shop", "enabled_events": ["*"]})
    with pytest.raises(stripe.InvalidRequestError, match=r"not invoice\.paid"):
        desk.api.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9", "enabled_events": ["invoice.paid"]})

    assert desk.api.v1.webhook_endpoints.list().data == []


def test_events_older_than_thirty_days_are_gone(desk: Caller) -> None:
    desk.forget()
    desk.api.v1.customers.create({"name": "Ada"})
    assert desk.event_types() == ["customer.created"]

    desk.advance(30 * DAY + 1)

    assert desk.event_types() == []


def test_what_was_still_to_be_sent_is_sent_after_a_killed_process(desk: Caller, receiver: Receiver) -> None:
    desk.standin.control("callbacks/hold", "POST")
    desk.pay()
    desk.standin.kill()
    desk.standin.restart()

    desk.standin.control("callbacks/release", "POST")

    assert kinds(receiver.take(4))[2] == "payment_intent.succeeded"


@pytest.mark.parametrize(
    ("setting", "value"), [("retries", "sometimes"), ("rates", "usd"), ("settle_in", "euro"), ("colour", "red")]
)
def test_a_setting_that_means_nothing_is_refused_and_the_default_stays(desk: Caller, setting: str, value: str) -> None:
    desk.forget()
    before = desk.standin.settings()

    answer = desk.raw.post("/_control/settings", json={setting: value})

    assert answer.status_code == 400
    assert setting in answer.json()["error"]
    assert desk.standin.settings() == before
