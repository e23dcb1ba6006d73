"""The Shopify stand-in's refunds with their idempotency key, and cancelling."""

from collections.abc import Iterator

import pytest

from tests.sandbox.shopify_app import CASE, ESIM, HOUR, App, Json, app_of, gid, wait_for

REFUND = """
mutation($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) { refund { id } userErrors { message } }
}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with app_of(tmp_path_factory.mktemp("shopify")) as app:
        yield app


@pytest.fixture
def app(running: App) -> App:
    running.forget()
    return running


# Refunds


def suggested(app: App, number: int, quantity: int) -> Json:
    line = app.order(number)["lineItems"]["nodes"][0]["id"]
    lines = [{"lineItemId": line, "quantity": quantity, "restockType": "NO_RESTOCK"}]
    found = app.ask("Suggested", id=gid(number), lines=lines)["suggestedRefund"]
    [money] = found["suggestedTransactions"]
    transaction = {
        "orderId": gid(number),
        "parentId": money["parentTransaction"]["id"],
        "gateway": money["gateway"],
        "kind": "REFUND",
        "amount": money["amountSet"]["shopMoney"]["amount"],
    }
    return {"orderId": gid(number), "refundLineItems": lines, "transactions": [transaction], "note": "asked for"}


def test_a_refund_as_suggested_gives_units_and_money_back(app: App) -> None:
    number = app.sell(ESIM, CASE)
    refund = app.do("Refund", input=suggested(app, number, 1), key="k-1")["refund"]
    assert refund["totalRefundedSet"]["shopMoney"] == {"amount": "19.0", "currencyCode": "EUR"}
    order = app.order(number)
    line = order["lineItems"]["nodes"][0]
    assert (line["quantity"], line["currentQuantity"], line["unfulfilledQuantity"]) == (2, 1, 1)
    assert order["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert order["currentTotalPriceSet"]["shopMoney"]["amount"] == "36.4"
    assert order["refunds"][0]["refundLineItems"]["nodes"][0]["restockType"] == "NO_RESTOCK"


def test_a_refund_after_delivery_leaves_the_fulfilment_alone(app: App) -> None:
    number = app.sell()
    app.act(number, "fulfil")
    app.do("Refund", input=suggested(app, number, 1), key="k-1")
    line = app.order(number)["lineItems"]["nodes"][0]
    assert (line["currentQuantity"], line["unfulfilledQuantity"]) == (1, 0)
    assert app.order(number)["displayFulfillmentStatus"] == "FULFILLED"


def test_a_refund_without_transactions_moves_no_money(app: App) -> None:
    number = app.sell()
    wanted = {**suggested(app, number, 1), "transactions": []}
    app.do("Refund", input=wanted, key="k-1")
    assert app.order(number)["displayFinancialStatus"] == "PAID"


def test_the_idempotency_key_is_compulsory_at_run_time(app: App) -> None:
    number = app.sell()
    answer = app.run("RefundWithoutKey", input=suggested(app, number, 1))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert app.order(number)["refunds"] == []


def test_the_same_key_brings_the_first_refund_again(app: App) -> None:
    number = app.sell()
    wanted = suggested(app, number, 1)
    first = app.do("Refund", input=wanted, key="k-1")
    assert app.do("Refund", input=wanted, key="k-1") == first
    assert len(app.order(number)["refunds"]) == 1


def test_a_key_is_forgotten_after_a_day(app: App) -> None:
    number = app.sell()
    wanted = suggested(app, number, 1)
    app.do("Refund", input=wanted, key="k-1")
    app.standin.control("clock", advance_seconds=25 * HOUR)
    app.token = app.grant().json()["access_token"]
    app.do("Refund", input=wanted, key="k-1")
    assert len(app.order(number)["refunds"]) == 2


def test_a_key_used_for_something_else_is_a_mismatch(app: App) -> None:
    number = app.sell()
    app.do("Refund", input=suggested(app, number, 1), key="k-1")
    message = app.refused("Refund", input=suggested(app, number, 1) | {"note": "other"}, key="k-1")
    assert message.startswith("IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
    assert len(app.order(number)["refunds"]) == 1


def test_a_key_whose_attempt_failed_stays_failed(app: App) -> None:
    number = app.sell()
    wanted = suggested(app, number, 1)
    wanted["refundLineItems"][0]["quantity"] = 5
    assert "more items" in app.refused("Refund", input=wanted, key="k-1")
    assert app.refused("Refund", input=wanted, key="k-1").startswith("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")


def test_a_key_still_in_use_is_told_by_rule(app: App) -> None:
    number = app.sell()
    wanted = suggested(app, number, 1)
    app.standin.fault("graphql", "idempotency_concurrent", match="refundCreate")
    assert app.refused("Refund", input=wanted, key="k-1").startswith("IDEMPOTENCY_CONCURRENT_REQUEST")
    app.do("Refund", input=wanted, key="k-1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": "38.01"}, "not more than is refundable"),
        ({"amount": "0.00"}, "must be positive"),
        ({"amount": "1.005"}, "too many decimals"),
        ({"kind": "SALE"}, "kind must be refund"),
        ({"parentId": None}, "Parent transaction is required"),
    ],
)
def test_wrong_money_is_a_user_error(app: App, change: Json, message: str) -> None:
    number = app.sell()
    wanted = suggested(app, number, 1)
    wanted["transactions"][0] |= change
    assert message in app.refused("Refund", input=wanted, key="k-1")
    assert app.order(number)["refunds"] == []


def test_a_lost_answer_can_be_asked_for_again(app: App) -> None:
    number = app.sell()
    wanted = suggested(app, number, 1)
    app.standin.fault("graphql", "status_after", match="k-lost", status=502)
    answer = app.post({"query": REFUND, "variables": {"input": wanted, "key": "k-lost"}})
    assert answer.status_code == 502
    assert app.do("Refund", input=wanted, key="k-lost")["refund"]["totalRefundedSet"]["shopMoney"]["amount"] == "19.0"
    assert len(app.order(number)["refunds"]) == 1


# Cancelling


def test_cancelling_is_a_job(app: App) -> None:
    app.standin.settings(cancel_job_seconds=60)
    number = app.sell()
    job = app.do("Cancel", id=gid(number), refund={"originalPaymentMethodsRefund": True})["jobResult"]
    assert (job["done"], job["status"]) == (False, "STARTED")
    assert app.order(number)["cancelledAt"] is None
    app.standin.control("clock", advance_seconds=61)
    done = wait_for_job(app, job["id"])
    assert (done["status"], done["errors"]) == ("SUCCEEDED", [])
    order = app.order(number)
    assert (order["cancelReason"], order["displayFinancialStatus"]) == ("CUSTOMER", "REFUNDED")
    assert [home["status"] for home in order["fulfillmentOrders"]["nodes"]] == ["CLOSED"]
    assert "already been cancelled" in app.refused("Cancel", id=gid(number))


def test_cancelling_without_a_refund_moves_no_money(app: App) -> None:
    number = app.sell()
    wait_for_job(app, app.do("Cancel", id=gid(number))["jobResult"]["id"])
    order = app.order(number)
    assert (order["displayFinancialStatus"], order["refunds"]) == ("PAID", [])
    assert [home["status"] for home in order["fulfillmentOrders"]["nodes"]] == ["CANCELLED"]


def test_a_cancelled_authorisation_is_voided(app: App) -> None:
    number = app.sell(financial_status="authorized")
    app.act(number, "cancel")
    assert app.order(number)["displayFinancialStatus"] == "VOIDED"


def wait_for_job(app: App, number: str) -> Json:
    found: Json = wait_for(lambda: app.ask("Job", id=number), lambda job: bool(job["done"]))
    return found
