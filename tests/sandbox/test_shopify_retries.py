"""The Shopify stand-in's webhooks when the receiver fails, when they are doubled, lost, held back, re-ordered."""

from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from tests.sandbox.shopify_app import HOUR, App, Json, app_of, gid, settled, topic, wait_for
from tests.standins import Receiver, receiving

PAUSES = (60, 120, 300, 600, 1200, 2400, 3600, 6120)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with app_of(tmp_path_factory.mktemp("shopify")) as app:
        yield app


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    # Python's server lets five callers wait; a web server that takes bursts lets hundreds wait.
    monkeypatch.setattr(ThreadingHTTPServer, "request_queue_size", 256)
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def app(running: App, inbox: Receiver) -> App:
    running.forget()
    running.standin.settings(webhook_url=inbox.url + "/hooks", topics="orders/create")
    return running


def deliveries(app: App) -> list[Json]:
    newest_first: list[Json] = app.standin.control("deliveries")["deliveries"]
    return newest_first[::-1]


def attempts(app: App, count: int) -> Json:
    """Wait until the only delivery was tried so often."""
    [only] = wait_for(lambda: deliveries(app), lambda found: [entry["attempts"] for entry in found] == [count])
    tried: Json = only
    return tried


def fail(inbox: Receiver, times: int, status: int = 500) -> None:
    for _ in range(times):
        inbox.answers.put(status)


# Retries


def test_eight_retries_over_four_hours_bring_the_original_body(app: App, inbox: Receiver) -> None:
    fail(inbox, 9)
    number = app.sell(financial_status="pending")
    first = inbox.next()
    start = attempts(app, 1)["due_ms"] - PAUSES[0] * 1000
    app.act(number, "risk", level="HIGH")
    for count, pause in enumerate(PAUSES, 2):
        waiting = attempts(app, count - 1)
        assert waiting["due_ms"] - start == sum(PAUSES[: count - 1]) * 1000
        app.standin.control("clock", advance_seconds=pause)
        again = inbox.next()
        assert (again.body, again.headers["x-shopify-webhook-id"]) == (
            first.body,
            first.headers["x-shopify-webhook-id"],
        )
    assert sum(PAUSES) == 4 * HOUR
    assert attempts(app, 9)["state"] == "failed"


def test_nothing_is_tried_before_its_time(app: App, inbox: Receiver) -> None:
    fail(inbox, 1)
    app.sell()
    inbox.next()
    attempts(app, 1)
    app.standin.control("clock", advance_seconds=50)
    assert attempts(app, 1)["state"] == "due"
    app.standin.control("clock", advance_seconds=10)
    inbox.next()
    settled(app, sent=1)


def test_a_subscription_is_removed_when_all_retries_failed(app: App, inbox: Receiver) -> None:
    fail(inbox, 9)
    app.sell()
    attempts(app, 1)
    app.standin.control("clock", advance_seconds=4 * HOUR)
    inbox.take(9)
    settled(app, failed=1)
    assert app.ask("Subscriptions")["nodes"] == []
    [removed] = app.standin.books()["removed_subscriptions"]
    assert (removed["topic"], removed["uri"]) == ("orders/create", inbox.url + "/hooks")
    app.standin.settings(webhook_url=inbox.url + "/hooks")
    assert app.ask("Subscriptions")["nodes"] == []
    made = app.do("Subscribe", topic="ORDERS_CREATE", sub={"uri": inbox.url + "/hooks"})["webhookSubscription"]
    assert (made["topic"], made["apiVersion"]["handle"]) == ("ORDERS_CREATE", "2026-10")
    app.sell()
    inbox.next()


def test_success_in_between_keeps_the_subscription(app: App, inbox: Receiver) -> None:
    fail(inbox, 8)
    app.sell()
    attempts(app, 1)
    app.standin.control("clock", advance_seconds=4 * HOUR)
    settled(app, sent=1)
    assert len(app.ask("Subscriptions")["nodes"]) == 1


@pytest.mark.parametrize("status", [301, 404, 429, 503])
def test_only_2xx_counts(app: App, inbox: Receiver, status: int) -> None:
    fail(inbox, 1, status)
    app.sell()
    assert attempts(app, 1)["last_status"] == status
    app.standin.control("clock", advance_seconds=60)
    settled(app, sent=1)


def test_a_receiver_that_is_not_there_is_tried_again(app: App) -> None:
    app.standin.settings(webhook_url="http://127.0.0.1:9/hooks")
    app.sell()
    refused = attempts(app, 1)
    assert (refused["last_status"], refused["state"]) == (None, "due")
    assert "ConnectionRefusedError" in refused["last_error"]


def test_the_schedule_can_be_compressed(app: App, inbox: Receiver) -> None:
    app.standin.settings(retry_scale=0.0001)
    fail(inbox, 3)
    app.sell()
    inbox.take(4)
    settled(app, sent=1)


def test_retries_go_on_after_a_kill(app: App, inbox: Receiver) -> None:
    fail(inbox, 1)
    app.sell()
    before = inbox.next()
    attempts(app, 1)
    app.standin.kill()
    app.standin.restart()
    app.standin.control("clock", advance_seconds=60)
    assert inbox.next().body == before.body


# Doubles, losses, disorder


def test_two_subscriptions_for_one_topic_share_the_event_id(app: App, inbox: Receiver) -> None:
    app.do("Subscribe", topic="ORDERS_CREATE", sub={"uri": inbox.url + "/hooks", "name": "second"})
    app.sell()
    first, second = inbox.take(2)
    assert first.headers["x-shopify-event-id"] == second.headers["x-shopify-event-id"]
    assert first.headers["x-shopify-webhook-id"] != second.headers["x-shopify-webhook-id"]
    assert [w.headers.get("x-shopify-name") for w in (first, second)] in ([None, "second"], ["second", None])
    assert first.body == second.body


def test_a_delivery_can_be_repeated_with_its_id(app: App, inbox: Receiver) -> None:
    number = app.sell()
    first = inbox.next()
    assert app.control("repeat", topic="orders/create", order_id=number) == {"repeated": 1}
    assert inbox.next() == first


def test_every_delivery_can_be_doubled(app: App, inbox: Receiver) -> None:
    app.standin.settings(duplicate_rate=1.0)
    app.sell()
    first, second = inbox.take(2)
    app.standin.settings(duplicate_rate=0.0)
    assert first == second


def test_a_webhook_can_be_lost(app: App, inbox: Receiver) -> None:
    lost = app.sell(send=False)
    app.standin.settings(lost_rate=1.0)
    app.sell()
    app.standin.settings(lost_rate=0.0)
    told = app.sell()
    assert inbox.next().json()["id"] == told
    settled(app, sent=1)
    assert app.order(lost)["displayFinancialStatus"] == "PAID"


def test_held_webhooks_come_in_reverse(app: App, inbox: Receiver) -> None:
    app.standin.control("callbacks/hold", "POST")
    ids = app.control("orders", count=5)["ids"]
    assert inbox.empty
    assert app.standin.control("callbacks/release", order="reverse") == {"released": 5}
    assert [webhook.json()["id"] for webhook in inbox.take(5)] == ids[::-1]


def test_held_webhooks_can_be_shuffled(app: App, inbox: Receiver) -> None:
    app.standin.control("callbacks/hold", "POST")
    ids = app.control("orders", count=20)["ids"]
    app.standin.control("callbacks/release", order="shuffle")
    came = [webhook.json()["id"] for webhook in inbox.take(20)]
    assert sorted(came) == ids
    assert came != ids


def test_deliveries_can_be_spread_in_time(app: App, inbox: Receiver) -> None:
    app.standin.settings(jitter_seconds=3600)
    app.control("orders", count=20)
    settled(app, due=20)
    app.standin.control("clock", advance_seconds=3600)
    inbox.take(20)


# Subscriptions


def test_subscriptions_are_made_listed_and_deleted(app: App, inbox: Receiver) -> None:
    made = app.do("Subscribe", topic="ORDERS_PAID", sub={"uri": inbox.url + "/paid", "includeFields": ["id", "name"]})
    number = app.sell()
    seen = {topic(webhook): webhook for webhook in inbox.take(2)}
    assert seen["orders/paid"].json() == {"id": number, "name": "#1001"}
    assert {node["topic"] for node in app.ask("Subscriptions")["nodes"]} == {"ORDERS_CREATE", "ORDERS_PAID"}
    app.do("Unsubscribe", id=made["webhookSubscription"]["id"])
    assert [node["topic"] for node in app.ask("Subscriptions")["nodes"]] == ["ORDERS_CREATE"]
    assert app.refused("Unsubscribe", id=made["webhookSubscription"]["id"]) == "Webhook subscription does not exist"


def test_one_address_per_topic(app: App, inbox: Receiver) -> None:
    message = app.refused("Subscribe", topic="ORDERS_CREATE", sub={"uri": inbox.url + "/hooks"})
    assert message == "Address for this topic has already been taken"
    assert "not a URL" in app.refused("Subscribe", topic="ORDERS_CREATE", sub={"uri": "ftp://nowhere"})


@pytest.mark.parametrize("wrong", [{"topics": "orders/create,orders/eaten"}, {"webhook_url": "ftp://nowhere"}])
def test_a_wrong_setting_changes_nothing(app: App, inbox: Receiver, wrong: Json) -> None:
    answer = app.client.post(f"{app.standin.url}/_control/settings", json=wrong)
    assert answer.status_code == 400
    settings = app.standin.control("settings")
    assert (settings["webhook_url"], settings["topics"]) == (inbox.url + "/hooks", "orders/create")
    assert [(node["topic"], node["uri"]) for node in app.ask("Subscriptions")["nodes"]] == [
        ("ORDERS_CREATE", inbox.url + "/hooks")
    ]


def test_privacy_topics_are_not_in_the_api(app: App) -> None:
    answer = app.run("Subscribe", topic="SHOP_REDACT", sub={"uri": "http://127.0.0.1:9/x"})
    assert "SHOP_REDACT" in answer["errors"][0]["message"]


def test_another_shop_sends_to_its_own_address(app: App, inbox: Receiver) -> None:
    app.standin.control("shops", shop="second.myshopify.com", webhook_url=inbox.url + "/second")
    other = App(app.standin, "second.myshopify.com")
    other.sell(financial_status="pending")
    webhook = inbox.next()
    assert (webhook.path, webhook.headers["x-shopify-shop-domain"]) == ("/second", "second.myshopify.com")
    assert webhook.json()["name"] == "#1001"
    other.client.close()


def test_hundreds_of_orders_are_pushed(app: App, inbox: Receiver) -> None:
    ids = app.control("orders", count=500)["ids"]
    assert sorted(webhook.json()["id"] for webhook in inbox.take(500)) == ids
    settled(app, sent=500)
    assert app.order(ids[-1])["id"] == gid(ids[-1])
