"""The bodies of the benches: as large as real ones, genuine to our own intake, understood by our own reader."""

from __future__ import annotations

from simplane.channels.shopify import webhook
from simplane.channels.shopify.body import read_order
from simplane.channels.shopify.text import parse
from simplane.ops.sample_order import Sold, SoldLine, signed

LINES = [SoldLine(71, "ESIM-EU-5GB-30D", 2, "19.00"), SoldLine(72, "CASE-15-BLK", 1, "12.50")]
SOLD = Sold(id=7001, name="#1001", email="ana@example.com", lines=LINES, locale="de-DE")
SECRET = "not-a-secret"


def test_a_body_is_as_large_as_a_real_one() -> None:
    assert 5_000 < len(signed(SOLD, SECRET).body) < 9_000


def test_a_body_is_genuine() -> None:
    one = signed(SOLD, SECRET)

    assert webhook.genuine(one.body, one.signature, [SECRET.encode()])
    assert not webhook.genuine(one.body + b" ", one.signature, [SECRET.encode()])


def test_a_body_says_what_was_sold() -> None:
    order = read_order(parse(signed(SOLD, SECRET).body))

    assert (order.external_id, order.name, order.email, order.paid) == ("7001", "#1001", "ana@example.com", "paid")
    assert [(line.external_id, line.sku, line.current) for line in order.lines] == [
        ("71", "ESIM-EU-5GB-30D", 2),
        ("72", "CASE-15-BLK", 1),
    ]
    assert str(order.total) == "50.50 EUR"


def test_each_request_has_its_own_webhook_id_and_the_length_of_its_body() -> None:
    one = signed(SOLD, SECRET)
    head, _, body = one.request("/webhooks/shopify/demo", "demo.myshopify.com", "abc-1").partition(b"\r\n\r\n")

    assert body == one.body
    assert b"X-Shopify-Webhook-Id: abc-1\r\n" in head
    assert head.endswith(f"Content-Length: {len(body)}".encode())
