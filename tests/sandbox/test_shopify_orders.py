"""The Shopify stand-in's orders: fulfilment, tags, metafields, edits, disputes, books."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.sandbox.shopify_app import CASE, ESIM, App, Json, app_of, gid

LINK = {"company": "Other", "number": "SL-1", "url": "https://esim.example/o/1"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with app_of(tmp_path_factory.mktemp("shopify")) as app:
        yield app


@pytest.fixture
def app(running: App) -> App:
    running.forget()
    return running


def homes(app: App, number: int) -> list[Json]:
    nodes: list[Json] = app.order(number)["fulfillmentOrders"]["nodes"]
    return nodes


def pick(home: Json, quantity: int | None = None) -> Json:
    """A whole fulfilment order, or `quantity` units of its first line."""
    chosen: Json = {"fulfillmentOrderId": home["id"]}
    if quantity is not None:
        line = home["lineItems"]["nodes"][0]["id"]
        chosen["fulfillmentOrderLineItems"] = [{"id": line, "quantity": quantity}]
    return chosen


def fulfilment(*picks: Json, **more: Any) -> Json:
    return {"lineItemsByFulfillmentOrder": list(picks), "trackingInfo": LINK, **more}


# Fulfilment


def test_physical_and_digital_lines_wait_apart(app: App) -> None:
    digital, physical = homes(app, app.sell(ESIM, CASE))
    assert digital["deliveryMethod"]["methodType"] == "NONE"
    assert physical["deliveryMethod"]["methodType"] == "SHIPPING"
    assert [node["sku"] for node in digital["lineItems"]["nodes"]] == ["ESIM-EU-5GB-30D"]
    assert {"action": "CREATE_FULFILLMENT"} in digital["supportedActions"]


def test_a_line_the_merchant_left_physical_waits_with_the_goods(app: App) -> None:
    [home] = homes(app, app.sell({**ESIM, "requires_shipping": True}, CASE))
    assert [node["sku"] for node in home["lineItems"]["nodes"]] == ["ESIM-EU-5GB-30D", "CASE-15-BLK"]


def test_named_lines_only_are_fulfilled(app: App) -> None:
    number = app.sell({**ESIM, "requires_shipping": True}, CASE)
    [home] = homes(app, number)
    sent = app.do("Fulfil", fulfillment=fulfilment(pick(home, 2)))["fulfillment"]
    assert (sent["status"], sent["trackingInfo"]) == ("SUCCESS", [LINK])
    order = app.order(number)
    assert [line["unfulfilledQuantity"] for line in order["lineItems"]["nodes"]] == [0, 1]
    assert order["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert order["fulfillmentOrders"]["nodes"][0]["status"] == "IN_PROGRESS"


def test_leaving_the_lines_out_fulfils_everything(app: App) -> None:
    number = app.sell({**ESIM, "requires_shipping": True}, CASE)
    [home] = homes(app, number)
    sent = app.do("Fulfil", fulfillment=fulfilment(pick(home)))["fulfillment"]
    assert [node["quantity"] for node in sent["fulfillmentLineItems"]["nodes"]] == [2, 1]
    order = app.order(number)
    assert (order["displayFulfillmentStatus"], homes(app, number)[0]["status"]) == ("FULFILLED", "CLOSED")


def test_one_unit_can_be_fulfilled_after_the_other(app: App) -> None:
    number = app.sell()
    for left in (1, 0):
        [home] = homes(app, number)
        app.do("Fulfil", fulfillment=fulfilment(pick(home, 1)))
        assert homes(app, number)[0]["lineItems"]["nodes"][0]["remainingQuantity"] == left
    assert len(app.order(number)["fulfillments"]) == 2


@pytest.mark.parametrize("quantity", [3, 0, -1])
def test_a_wrong_quantity_is_a_user_error_and_changes_nothing(app: App, quantity: int) -> None:
    number = app.sell()
    [home] = homes(app, number)
    message = app.refused("Fulfil", fulfillment=fulfilment(pick(home, quantity)))
    assert message == "Invalid fulfillment order line item quantity requested."
    assert app.order(number)["fulfillments"] == []


def test_fulfilling_twice_is_a_user_error(app: App) -> None:
    [home] = homes(app, app.sell())
    app.do("Fulfil", fulfillment=fulfilment(pick(home)))
    assert "unfulfillable status = closed" in app.refused("Fulfil", fulfillment=fulfilment(pick(home)))


def test_one_call_serves_one_location_and_one_order(app: App) -> None:
    here, there = homes(app, app.sell(ESIM, {**ESIM, "location": "Warehouse 2"}))
    assert (here["assignedLocation"]["name"], there["assignedLocation"]["name"]) == ("Shop location", "Warehouse 2")
    assert "same location" in app.refused("Fulfil", fulfillment=fulfilment(pick(here), pick(there)))
    [other] = homes(app, app.sell())
    assert "same order" in app.refused("Fulfil", fulfillment=fulfilment(pick(here), pick(other)))


def test_another_fulfilment_service_keeps_its_orders(app: App) -> None:
    [home] = homes(app, app.sell({**ESIM, "service": "Print house"}))
    assert {"action": "CREATE_FULFILLMENT"} not in home["supportedActions"]
    assert "another fulfillment service" in app.refused("Fulfil", fulfillment=fulfilment(pick(home)))


def test_a_hold_stops_fulfilment_until_it_is_released(app: App) -> None:
    [home] = homes(app, app.sell())
    held = app.do("Hold", id=home["id"], hold={"reason": "HIGH_RISK_OF_FRAUD"})
    assert held["fulfillmentOrder"]["status"] == "ON_HOLD"
    assert "on_hold" in app.refused("Fulfil", fulfillment=fulfilment(pick(home)))
    twice = app.ask("Hold", id=home["id"], hold={"reason": "OTHER"})["userErrors"]
    assert [error["code"] for error in twice] == ["DUPLICATE_FULFILLMENT_HOLD_HANDLE"]
    released = app.do("Release", id=home["id"], holds=[held["fulfillmentHold"]["id"]])
    assert released["fulfillmentOrder"]["status"] == "OPEN"
    app.do("Fulfil", fulfillment=fulfilment(pick(home)))


def test_one_hold_of_two_keeps_it_waiting(app: App) -> None:
    number = app.sell()
    [home] = homes(app, number)
    mine = app.do("Hold", id=home["id"], hold={"reason": "OTHER", "handle": "ours"})["fulfillmentHold"]
    app.act(number, "hold", reason="incorrect_address", fulfillment_order=int(home["id"].rpartition("/")[2]))
    app.do("Release", id=home["id"], holds=[mine["id"]])
    assert app.order(number)["displayFulfillmentStatus"] == "ON_HOLD"
    app.act(number, "release")
    assert app.order(number)["displayFulfillmentStatus"] == "UNFULFILLED"


def test_a_merchant_who_fulfils_by_hand_leaves_nothing_to_do(app: App) -> None:
    number = app.sell()
    app.act(number, "fulfil", url="https://esim.example/by-hand")
    [home] = homes(app, number)
    assert home["lineItems"]["nodes"][0]["remainingQuantity"] == 0
    assert app.order(number)["displayFulfillmentStatus"] == "FULFILLED"


def test_a_lost_answer_has_fulfilled_all_the_same(app: App) -> None:
    number = app.sell()
    [home] = homes(app, number)
    app.standin.fault("graphql", "drop_after", match="fulfillmentCreate")
    with pytest.raises(httpx2.RemoteProtocolError):
        app.run("Fulfil", fulfillment=fulfilment(pick(home)))
    assert app.order(number)["fulfillments"][0]["trackingInfo"] == [LINK]


# Tags, metafields, edits, disputes


def test_tags_are_a_set(app: App) -> None:
    number = app.sell(tags=["vip"])
    app.do("Tag", id=gid(number), tags=["esim, vip", "sent"])
    assert app.order(number)["tags"] == ["vip", "esim", "sent"]
    assert app.refused("Tag", id=gid(5), tags=["x"]) == "Owner does not exist."


def test_metafields_are_all_or_nothing(app: App) -> None:
    number = app.sell()
    page = {"ownerId": gid(number), "namespace": "simplane", "key": "esim_page", "type": "url", "value": LINK["url"]}
    app.refused("Metafields", metafields=[page, {**page, "value": ""}])
    assert app.order(number)["metafield"] is None
    app.refused("Metafields", metafields=[page] * 26)
    app.do("Metafields", metafields=[page])
    app.do("Metafields", metafields=[{**page, "value": "https://esim.example/o/2"}])
    assert app.order(number)["metafield"] == {"value": "https://esim.example/o/2"}


def test_a_raised_quantity_is_owed_and_can_be_paid(app: App) -> None:
    number = app.sell()
    app.act(number, "edit", **{"raise": {"ESIM-EU-5GB-30D": 1}})
    order = app.order(number)
    assert (order["lineItems"]["nodes"][0]["quantity"], order["displayFinancialStatus"]) == (3, "PARTIALLY_PAID")
    assert order["totalOutstandingSet"]["shopMoney"]["amount"] == "19.0"
    app.act(number, "pay")
    assert app.order(number)["displayFinancialStatus"] == "PAID"
    assert "owes nothing" in app.refuses(number, "pay")


def test_a_line_added_after_delivery_waits_on_a_new_fulfilment_order(app: App) -> None:
    number = app.sell()
    app.act(number, "fulfil")
    app.act(number, "edit", add=[{"sku": "ESIM-US-1GB", "price": "9.00"}])
    statuses = [(home["status"], home["lineItems"]["nodes"][0]["remainingQuantity"]) for home in homes(app, number)]
    assert statuses == [("CLOSED", 0), ("OPEN", 1)]


def test_a_removed_unit_need_not_be_sent(app: App) -> None:
    number = app.sell()
    app.act(number, "edit", remove={"ESIM-EU-5GB-30D": 1})
    line = app.order(number)["lineItems"]["nodes"][0]
    assert (line["quantity"], line["currentQuantity"], line["unfulfilledQuantity"]) == (2, 1, 1)
    assert "has only 1 left" in app.refuses(number, "edit", remove={"ESIM-EU-5GB-30D": 2})


def test_disputes_and_risk_are_shown(app: App) -> None:
    number = app.sell()
    app.act(number, "dispute", kind="chargeback")
    app.act(number, "risk", level="high")
    order = app.order(number)
    [shown] = order["disputes"]
    assert (shown["initiatedAs"], shown["status"]) == ("CHARGEBACK", "NEEDS_RESPONSE")
    assert order["risk"] == {"recommendation": "CANCEL", "assessments": [{"riskLevel": "HIGH"}]}


# Control and books


@pytest.mark.parametrize(
    "wanted",
    [
        {"lines": [{"sku": "A", "quantity": 0}]},
        {"lines": [{"sku": "A", "quantity": 1.5}]},
        {"lines": [{"sku": "A", "price": 19.5}]},
        {"lines": [{"sku": "A", "colour": "red"}]},
        {"currency": "XXX"},
        {"total": "100000.00"},
        {"financial_status": "rich"},
        {"signature": "golden"},
        {"count": 0},
        {"colour": "red"},
    ],
)
def test_a_wrong_order_is_refused_and_nothing_is_sold(app: App, wanted: Json) -> None:
    answer = app.client.post(f"{app.standin.url}/_control/shops/{app.shop}/orders", json=wanted)
    assert answer.status_code == 400
    assert app.standin.books(summary=True)["orders"] == 0


def test_the_books_tell_what_was_sold_sent_and_given_back(app: App) -> None:
    number = app.sell(ESIM, CASE)
    app.act(number, "fulfil", number="SL-1", url=LINK["url"])
    app.act(number, "refund", lines={"ESIM-EU-5GB-30D": 1})
    app.act(number, "refund", amount="2.00")
    books = app.control("books")
    [order] = books["orders"]
    assert (order["charged_minor"], order["refunded_minor"]) == (5540, 2100)
    assert (books["charged_minor"], books["refunded_minor"], books["balance_minor"]) == (5540, 2100, 3440)
    esim, case = order["lines"]
    assert (esim["quantity"], esim["current"], esim["fulfilled"]) == (2, 1, 2)
    assert (case["quantity"], case["current"], case["fulfilled"]) == (1, 1, 1)
    assert [entry["url"] for entry in order["fulfillments"]] == [LINK["url"]]
    summary = app.standin.books(summary=True)
    assert (summary["orders"], summary["units"], summary["units_fulfilled"], summary["units_refunded"]) == (1, 3, 3, 1)


def test_ids_are_not_used_again_after_a_reset(app: App) -> None:
    before = app.control("orders", count=50)["ids"]
    app.forget()
    after = app.control("orders", count=50)["ids"]
    assert set(before).isdisjoint(after)
    assert min(before) > 2**31


def test_the_books_survive_a_kill(app: App) -> None:
    number = app.sell()
    app.standin.kill()
    app.standin.restart()
    assert app.order(number)["name"] == "#1001"


def test_the_page_shows_orders_and_takes_new_ones(app: App) -> None:
    app.act(app.sell(email="<b>@example.com"), "fulfil", number="SL-1", url=LINK["url"])
    form = {"shop": app.shop, "sku": "ESIM-US-1GB", "title": "USA", "price": "9.00", "quantity": "2", "email": "a@b.c"}
    placed = app.client.post(f"{app.standin.url}/", data=form, follow_redirects=True)
    assert placed.status_code == 200
    for text in ("#1001", "&lt;b&gt;@example.com", "2 × ESIM-US-1GB", "18.00 EUR", LINK["url"], "#1002 placed"):
        assert text in placed.text
    wrong = app.client.post(f"{app.standin.url}/", data={**form, "quantity": "0"}, follow_redirects=True)
    assert "quantity must be a whole number" in wrong.text
    assert app.standin.books(summary=True)["orders"] == 2
