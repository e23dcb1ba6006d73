"""More data by API, against the suppliers' stand-ins: listed, tried, ordered, told."""

from __future__ import annotations

import json

import pytest

from simplane.ledger.models import Wallet
from simplane.ledger.verify import verify
from simplane.ordering.models import Order
from simplane.suppliers.models import Offer
from simplane.webhooks.models import Message
from simplane.webhooks.news import read_news
from tests import factories
from tests.api.v1.calls import program
from tests.world import World


def test_data_is_listed_tried_ordered_and_told(world: World) -> None:
    world.only(world.redtea)
    Offer.objects.update(top_up=True)
    caller = program()
    caller.post("/webhooks", {"url": "https://hooks.example.com/simplane", "event_types": []})
    while read_news().behind:
        pass
    sku = world.product.sku
    unit = caller.post("/orders", {"lines": [{"sku": sku}]}, key="o-1").told["lines"][0]["units"][0]
    world.work()
    path, before = f"/esims/{unit}/top-ups", caller.get(f"/esims/{unit}").told
    price = {"amount_minor": 9_00, "currency": "EUR", "source": "list"}
    assert before["can"]["top_up"] is True
    assert caller.get(path).told["data"] == [
        {"sku": sku, "name": world.product.name, "data_bytes": 1_000_000_000, "daily": False, "days": 7, "price": price}
    ]

    tried = caller.call("POST", path, body={"sku": sku}, query={"dry_run": "true"})
    assert (tried.status, tried.told["id"], tried.told["total_minor"]) == (200, None, 9_00)
    assert caller.post(path, {"sku": sku}).code == "idempotency_key_missing"
    assert caller.post(path, {"sku": sku, "max_price_minor": 8_99}, key="t-1").code == "price_above_max"
    assert caller.post(path, {"sku": "NO"}, key="t-1").code == "does_not_fit"
    assert caller.post(path, {"sku": sku, "email": "nobody"}, key="t-1").code == "bad_request"
    assert (Order.objects.count(), Wallet.objects.get().balance_minor) == (1, 91_00)

    left = int(caller.get("/wallet").headers["RateLimit"].split("r=")[1].split(";")[0])
    placed = caller.post(path, {"sku": sku, "reference": "PO-8"}, key="t-1")
    assert (placed.status, placed.told["reference"], placed.told["total_minor"]) == (201, "PO-8", 9_00)
    assert int(caller.get("/wallet").headers["RateLimit"].split("r=")[1].split(";")[0]) >= left - 2
    assert caller.post(path, {"sku": sku}, key="t-2").code == "not_now"
    again = caller.post(path, {"sku": sku, "reference": "PO-8"}, key="t-1")
    assert (again.raw, again.headers["Idempotent-Replayed"]) == (placed.raw, "true")
    assert caller.post(path, {"sku": sku, "reference": "PO-9"}, key="t-1").code == "key_reused"
    world.work()

    after = caller.get(f"/esims/{unit}").told
    filling = caller.get(f"/orders/{placed.told['id']}").told["units"][0]
    assert after["usage"]["data_total_bytes"] == 2 * before["usage"]["data_total_bytes"]
    assert (filling["kind"], filling["esim"], filling["state"]) == ("top_up", unit, "delivered")
    assert [one["id"] for one in caller.get("/esims").told["data"]] == [unit]
    assert caller.get(f"/esims/{filling['id']}").code == "not_found"
    assert caller.post(f"/units/{filling['id']}/cancel").code == "not_now"
    assert (Wallet.objects.get().balance_minor, verify().problems) == (82_00, ())
    while read_news().behind:
        pass
    told = {row.type: json.loads(row.body)["data"] for row in Message.objects.order_by("pk")}
    assert told["esim.topped_up"]["esim"] == told["unit.delivered"]["esim"] == unit
    assert told["unit.delivered"]["unit"] == filling["id"]


@pytest.mark.django_db
def test_an_esim_that_takes_no_data_says_so_before_money_moves() -> None:
    caller = program()
    order = factories.order(organization=caller.organization, book="wholesale", account=caller.organization.slug)
    unit = factories.delivered_unit(order_line=factories.order_line(order=order))
    path = f"/esims/{unit.public_id}/top-ups"
    Offer.objects.update(top_up=False)

    assert caller.get(f"/esims/{unit.public_id}").told["can"]["top_up"] is False
    assert (caller.get(path).code, caller.post(path, {"sku": "ANY"}, key="k").code) == ("not_supported",) * 2
    assert (Wallet.objects.get().balance_minor, Order.objects.count()) == (100_00, 1)
