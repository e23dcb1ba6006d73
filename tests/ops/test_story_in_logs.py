"""One webhook, followed by its id through the logs of web and worker; and what stands in no line of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import httpx2
import pytest

from simplane.core.models import Event, InboxMessage
from simplane.ordering.models import Order, Unit
from tests import factories, processes

SECRET = "the-shop's-own-client-secret"


def paid_order(sku: str) -> bytes:
    """The body of orders/paid, as far as we read it."""
    line = {
        "id": 11,
        "sku": sku,
        "variant_id": 12,
        "title": "Spain 1 GB",
        "quantity": 1,
        "current_quantity": 1,
        "price": "9.00",
        "requires_shipping": False,
    }
    return json.dumps(
        {
            "id": 5_000_000_001,
            "name": "#1001",
            "currency": "EUR",
            "total_price": "9.00",
            "financial_status": "paid",
            "email": "ana@example.com",
            "created_at": "2026-11-20T10:00:00Z",
            "processed_at": "2026-11-20T10:00:00Z",
            "updated_at": "2026-11-20T10:00:00Z",
            "line_items": [line],
        }
    ).encode()


def deliver(url: str, body: bytes) -> None:
    """Post it as the shop does."""
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    headers = {
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Shop-Domain": "demo-shop.myshopify.com",
        "X-Shopify-Webhook-Id": "d-1",
        "X-Shopify-Hmac-Sha256": base64.b64encode(signature).decode(),
        "Content-Type": "application/json",
    }
    answer = httpx2.post(f"{url}/webhooks/shopify/demo", content=body, headers=headers, trust_env=False)
    assert answer.status_code == 200


@pytest.mark.slow
def test_a_webhook_is_followed_through_its_jobs(tmp_path: Path, transactional_db: None) -> None:
    credentials = {"client_id": "x", "client_secret": SECRET}
    shop = factories.shop(key="demo", domain="demo-shop.myshopify.com", credentials=credentials)
    sold = factories.channel_sku(shop=shop)
    with processes.web(tmp_path, SIMPLANE_WEB_WORKERS="1") as (url, web):
        deliver(url, paid_order(sold.sku))
    with processes.running(tmp_path, "worker", "worker") as worker:
        processes.soon(lambda: Unit.objects.filter(state=Unit.State.DEAD).exists())
    story = f"inbox-{InboxMessage.objects.get().pk}"
    order = Order.objects.get()
    ours = [line for line in processes.lines(worker.log) if line.get("request_id") == story]
    jobs = {(line["job"], line["event"]): line for line in ours}
    assert jobs["core.handle_message", "inbox.handled"]["order_id"] == order.pk
    assert jobs["core.handle_message", "job.done"]["order_id"] == order.pk
    assert jobs["ordering.advance", "job.done"]["order_id"] == order.pk
    assert set(Event.objects.filter(order_id=order.pk).values_list("request_id", flat=True)) == {story}
    whole = worker.log.read_text() + web.log.read_text()
    assert SECRET not in whole
    assert "ana@example.com" not in whole


@pytest.mark.slow
def test_pages_log_a_request_id_and_no_token_of_a_traveller(tmp_path: Path, transactional_db: None) -> None:
    token = factories.install_link().token
    with processes.web(tmp_path, SIMPLANE_WEB_WORKERS="1") as (url, web):
        assert httpx2.get(f"{url}/o/{token}", trust_env=False).status_code == 200
        httpx2.get(f"{url}/readyz", trust_env=False)
    lines = processes.lines(web.log)
    pages = [line for line in lines if line["event"] == "request_finished"]
    assert [(line["request"], line["code"], bool(line["request_id"])) for line in pages] == [("GET /o/…", 200, True)]
    assert token not in web.log.read_text()
