"""The Shopify stand-in's webhooks: signature, headers, and the shape of every body."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.shopify_app import (
    CASE,
    ESIM,
    HOUR,
    SECRET,
    App,
    Json,
    app_of,
    gid,
    settled,
    signature,
    signed_with,
    topic,
)
from tests.specs import load_spec, required_specs
from tests.standins import Received, Receiver, receiving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with app_of(tmp_path_factory.mktemp("shopify")) as app:
        yield app


@pytest.fixture
def inbox() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def app(running: App, inbox: Receiver) -> App:
    running.forget()
    running.standin.settings(webhook_url=inbox.url + "/webhooks/shopify/demo")
    return running


def by_topic(webhooks: list[Received]) -> dict[str, Received]:
    return {topic(webhook): webhook for webhook in webhooks}


# Signatures and headers


def test_the_published_samples_are_signed_by_the_same_scheme() -> None:
    folder = required_specs("channels", "shopify", "examples")
    secret = load_spec("channels", "shopify", "examples", "SECRET.json")["client_secret"]
    for name in ("orders_create", "orders_paid", "orders_cancelled", "refunds_create", "shop_redact"):
        headers = load_spec("channels", "shopify", "examples", f"{name}.headers.json")
        assert signature((folder / f"{name}.body.json").read_bytes(), secret) == headers["X-Shopify-Hmac-Sha256"]


def test_a_sale_sends_create_and_paid_with_one_event_id(app: App, inbox: Receiver) -> None:
    number = app.sell()
    seen = by_topic(inbox.take(2))
    created, paid = seen["orders/create"], seen["orders/paid"]
    assert signed_with(created)
    assert signed_with(paid)
    assert (created.json()["financial_status"], paid.json()["financial_status"]) == ("pending", "paid")
    assert (created.json()["total_outstanding"], paid.json()["total_outstanding"]) == ("38.00", "0.00")
    assert created.headers["x-shopify-event-id"] == paid.headers["x-shopify-event-id"]
    assert created.headers["x-shopify-webhook-id"] != paid.headers["x-shopify-webhook-id"]
    assert paid.json()["id"] == number
    assert paid.path == "/webhooks/shopify/demo"


def test_the_headers_are_those_of_the_samples(app: App, inbox: Receiver) -> None:
    app.sell(financial_status="pending")
    headers = inbox.next().headers
    sample = load_spec("channels", "shopify", "examples", "orders_create.headers.json")
    assert {name.lower() for name in sample} <= set(headers)
    assert headers["x-shopify-shop-domain"] == app.shop
    assert headers["x-shopify-api-version"] == "2026-10"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", headers["x-shopify-triggered-at"])


@pytest.mark.parametrize(("mode", "fits"), [("right", True), ("wrong", False), ("previous", True), ("missing", False)])
def test_signatures_can_be_wrong(app: App, inbox: Receiver, mode: str, fits: bool) -> None:
    app.sell(financial_status="pending", signature=mode)
    webhook = inbox.next()
    assert ("x-shopify-hmac-sha256" in webhook.headers) is (mode != "missing")
    assert fits is (mode != "missing" and signed_with(webhook))


def test_a_new_secret_signs_after_an_hour(app: App, inbox: Receiver) -> None:
    app.control("rotate", client_secret="brand-new")
    app.sell(financial_status="pending")
    assert signed_with(inbox.next(), SECRET)
    app.standin.control("clock", advance_seconds=HOUR)
    app.sell(financial_status="pending")
    assert signed_with(inbox.next(), "brand-new")
    app.sell(financial_status="pending", signature="previous")
    assert signed_with(inbox.next(), SECRET)


# Bodies


def shape(value: Any) -> Any:
    """Names and types, all the way down; lists by their first entry."""
    if isinstance(value, dict):
        return {name: shape(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int) and not isinstance(value, bool) else type(value).__name__


def sample(name: str) -> Json:
    body: Json = load_spec("channels", "shopify", "examples", f"{name}.body.json")
    return body


def test_an_order_has_the_shape_of_the_sample(app: App, inbox: Receiver) -> None:
    app.sell(ESIM, CASE)
    seen = by_topic(inbox.take(2))
    assert shape(seen["orders/create"].json()) == shape(sample("orders_create"))
    assert shape(seen["orders/paid"].json()) == shape(sample("orders_paid"))
    body = seen["orders/paid"].json()
    assert (body["total_price"], body["subtotal_price"]) == ("55.40", "50.50")
    assert body["total_shipping_price_set"]["shop_money"] == {"amount": "4.90", "currency_code": "EUR"}


def test_a_refund_has_the_shape_of_the_sample(app: App, inbox: Receiver) -> None:
    number = app.sell(ESIM, CASE)
    inbox.take(2)
    app.act(number, "refund", lines={"ESIM-EU-5GB-30D": 1}, note="requested by customer")
    seen = by_topic(inbox.take(2))
    body = seen["refunds/create"].json()
    assert shape(body) == shape(sample("refunds_create"))
    assert (body["order_id"], body["refund_line_items"][0]["quantity"]) == (number, 1)
    assert (body["refund_line_items"][0]["subtotal"], body["transactions"][0]["amount"]) == (19.0, "19.00")
    assert seen["orders/updated"].json()["financial_status"] == "partially_refunded"


def test_a_refund_by_amount_names_no_line(app: App, inbox: Receiver) -> None:
    number = app.sell()
    inbox.take(2)
    app.act(number, "refund", amount="5.00")
    body = by_topic(inbox.take(2))["refunds/create"].json()
    assert (body["refund_line_items"], body["transactions"][0]["amount"]) == ([], "5.00")
    [adjustment] = body["order_adjustments"]
    assert (adjustment["kind"], adjustment["amount"]) == ("refund_discrepancy", "-5.00")


def test_a_cancellation_sends_the_order_and_the_refund(app: App, inbox: Receiver) -> None:
    number = app.sell(ESIM, CASE)
    inbox.take(2)
    app.act(number, "cancel", reason="fraud")
    seen = by_topic(inbox.take(3))
    body = seen["orders/cancelled"].json()
    expected = shape(sample("orders_cancelled")) | {"refunds": [shape(seen["refunds/create"].json())]}
    assert shape(body) == expected
    assert (body["cancel_reason"], body["financial_status"]) == ("fraud", "refunded")
    assert body["current_total_price"] == "0.00"
    assert len({webhook.headers["x-shopify-event-id"] for webhook in seen.values()}) == 1


def test_bodies_escape_slashes_and_ampersands_and_keep_utf8(app: App, inbox: Receiver) -> None:
    app.sell({**ESIM, "title": "A/B & <C> 🚀"}, first_name="Zoë", financial_status="pending")
    webhook = inbox.next()
    assert b'"title":"A\\/B \\u0026 \\u003cC\\u003e \xf0\x9f\x9a\x80"' in webhook.body
    assert b"gid:\\/\\/shopify\\/Order\\/" in webhook.body
    assert webhook.json()["customer"]["first_name"] == "Zoë"
    assert webhook.json()["id"] > 2**31


def test_presentment_money_is_shown_beside_shop_money(app: App, inbox: Receiver) -> None:
    app.sell(presentment_currency="USD", presentment_rate="1.1", financial_status="pending")
    assert inbox.next().json()["total_price_set"] == {
        "shop_money": {"amount": "38.00", "currency_code": "EUR"},
        "presentment_money": {"amount": "41.80", "currency_code": "USD"},
    }


def test_an_edit_names_lines_and_units(app: App, inbox: Receiver) -> None:
    number = app.sell()
    inbox.take(2)
    order = app.act(number, "edit", **{"raise": {"ESIM-EU-5GB-30D": 2}})
    edit = by_topic(inbox.take(2))["orders/edited"].json()["order_edit"]
    line = order["lines"][0]["id"]
    assert (edit["order_id"], edit["line_items"]) == (number, {"additions": [{"id": line, "delta": 2}], "removals": []})


def test_holds_are_told_by_graphql_id(app: App, inbox: Receiver) -> None:
    number = app.sell()
    inbox.take(2)
    app.act(number, "hold", reason="high_risk_of_fraud")
    held = by_topic(inbox.take(2))["fulfillment_orders/placed_on_hold"].json()
    home = app.order(number)["fulfillmentOrders"]["nodes"][0]["id"]
    assert held["fulfillment_order"] == {"id": home, "status": "on_hold"}
    app.act(number, "release")
    released = by_topic(inbox.take(2))["fulfillment_orders/hold_released"].json()
    assert released == {"fulfillment_order": {"id": home, "status": "open"}}


def test_disputes_and_risk_are_told(app: App, inbox: Receiver) -> None:
    number = app.sell()
    inbox.take(2)
    app.act(number, "dispute", amount="19.00")
    opened = by_topic(inbox.take(2))["disputes/create"].json()
    assert (opened["order_id"], opened["amount"], opened["status"]) == (number, "19.00", "needs_response")
    app.act(number, "dispute", update="lost")
    assert by_topic(inbox.take(2))["disputes/update"].json()["status"] == "lost"
    app.act(number, "risk", level="HIGH")
    risk = by_topic(inbox.take(2))["orders/risk_assessment_changed"].json()
    assert (risk["admin_graphql_api_order_id"], risk["risk_level"]) == (gid(number), "high")


@pytest.mark.parametrize("name", ["customers/data_request", "customers/redact", "shop/redact"])
def test_privacy_topics_have_the_shape_of_the_samples(app: App, inbox: Receiver, name: str) -> None:
    number = app.sell(email="lena.fischer@example.com")
    app.sell(email="other@example.com")
    inbox.take(4)
    app.control("privacy", topic=name, email="lena.fischer@example.com")
    webhook = inbox.next()
    assert topic(webhook) == name
    assert shape(webhook.json()) == shape(sample(name.replace("/", "_")))
    body = webhook.json()
    assert body.get("orders_requested", body.get("orders_to_redact", [number])) == [number]


def test_uninstalling_kills_token_and_subscriptions_at_once(app: App, inbox: Receiver) -> None:
    app.control("uninstall", "POST")
    webhook = inbox.next()
    assert topic(webhook) == "app/uninstalled"
    assert shape(webhook.json()) == shape(sample("app_uninstalled"))
    assert app.post({"query": "{shop{name}}"}).status_code == 401
    assert app.grant().status_code == 400
    assert app.control("subscriptions")["subscriptions"] == []
    app.control("install", "POST")
    assert app.grant().status_code == 200


def test_changes_by_the_app_send_orders_updated(app: App, inbox: Receiver) -> None:
    number = app.sell()
    inbox.take(2)
    app.do("Tag", id=gid(number), tags=["esim"])
    updated = inbox.next()
    assert (topic(updated), updated.json()["tags"]) == ("orders/updated", "esim")
    app.do("Tag", id=gid(number), tags=["esim"])
    settled(app, sent=3)


def test_an_authorised_order_is_paid_later(app: App, inbox: Receiver) -> None:
    number = app.sell(financial_status="authorized")
    assert inbox.next().json()["financial_status"] == "pending"
    app.act(number, "pay")
    assert by_topic(inbox.take(2))["orders/paid"].json()["financial_status"] == "paid"


def test_an_order_of_zero_is_only_created(app: App, inbox: Receiver) -> None:
    app.sell(total="0.00")
    webhook = inbox.next()
    assert (topic(webhook), webhook.json()["financial_status"]) == ("orders/create", "paid")
    settled(app, sent=1)
