"""The Stripe stand-in keeps idempotency keys exactly as Stripe does, whatever breaks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
import stripe

from tests.sandbox.stripe_desk import API_KEY, DAY, RETURN_URL, Caller, calling

PAYMENT = {
    "amount": "5000",
    "currency": "eur",
    "payment_method": "pm_card_visa",
    "confirm": "true",
    "return_url": RETURN_URL,
    "metadata[topup_id]": "tu_1",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with calling(tmp_path_factory.mktemp("stripe")) as caller:
        yield caller


@pytest.fixture(autouse=True)
def _fresh(desk: Caller) -> None:
    desk.forget()


def post(desk: Caller, key: str, path: str = "payment_intents", **changes: str) -> httpx2.Response:
    """A raw request: what the library would hide stays visible."""
    data = {**PAYMENT, **changes} if path == "payment_intents" else changes
    headers = {"Authorization": f"Bearer {API_KEY}", "Idempotency-Key": key}
    return desk.raw.post(f"/v1/{path}", data=data, headers=headers)


def paid(desk: Caller) -> int:
    found: int = desk.standin.books(summary=True)["charged_minor"].get("eur", 0)
    return found


def test_the_first_answer_is_replayed_byte_for_byte(desk: Caller) -> None:
    first, second = post(desk, "topup:1"), post(desk, "topup:1")

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["original-request"] == first.headers["request-id"]
    assert second.headers["request-id"] != first.headers["request-id"]
    assert second.headers["idempotency-key"] == "topup:1"
    assert paid(desk) == 5000


def test_the_library_gets_one_payment_for_one_key_and_refuses_another_amount(desk: Caller) -> None:
    first, second = desk.pay(key="topup:2"), desk.pay(key="topup:2")

    with pytest.raises(stripe.IdempotencyError) as refused:
        desk.pay(5100, key="topup:2")

    assert first.id == second.id
    assert refused.value.http_status == 400
    assert "can only be used with the same parameters" in str(refused.value)
    assert paid(desk) == 5000


def test_a_key_belongs_to_one_endpoint(desk: Caller) -> None:
    post(desk, "topup:3")

    other = post(desk, "topup:3", "customers", email="a@example.com")

    assert other.status_code == 400
    assert other.json()["error"]["type"] == "idempotency_error"
    assert "('/v1/customers' vs '/v1/payment_intents')" in other.json()["error"]["message"]
    assert desk.api.v1.customers.list().data == []


def test_a_declined_card_is_replayed_for_ever_and_a_new_key_is_a_new_attempt(desk: Caller) -> None:
    first = post(desk, "topup:4:1", payment_method="pm_card_chargeDeclined")
    again = post(desk, "topup:4:1", payment_method="pm_card_chargeDeclined")

    assert (first.status_code, again.status_code) == (402, 402)
    assert first.content == again.content
    assert len(desk.api.v1.charges.list().data) == 1
    assert post(desk, "topup:4:2").status_code == 200


def test_what_fails_before_execution_leaves_the_key_free(desk: Caller) -> None:
    desk.standin.fault("payment_intent.create", "throttle")
    answers = [
        post(desk, "topup:5"),
        post(desk, "topup:5", amount="12.5"),
        post(desk, "topup:5", colour="red"),
        post(desk, "topup:5"),
    ]

    assert [answer.status_code for answer in answers] == [429, 400, 400, 200]
    assert "idempotent-replayed" not in answers[3].headers
    assert paid(desk) == 5000


def test_what_fails_while_executing_is_kept(desk: Caller) -> None:
    first = post(desk, "refund:1", "refunds", payment_intent="pi_none")
    again = post(desk, "refund:1", "refunds", payment_intent="pi_none")

    assert [answer.json()["error"]["code"] for answer in (first, again)] == ["resource_missing"] * 2
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(("kind", "charged"), [("internal_error", 0), ("internal_error_after", 5000)])
def test_a_kept_500_stays_a_500_whether_it_was_executed_or_not(desk: Caller, kind: str, charged: int) -> None:
    desk.standin.fault("payment_intent.create", kind)

    answers = [post(desk, "topup:6") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [500] * 3
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true", "true"]
    assert paid(desk) == charged
    found = desk.api.v1.payment_intents.search({"query": "metadata['topup_id']:'tu_1'"}).data
    assert len(found) == charged // 5000


def test_a_lost_answer_is_told_again_and_money_is_taken_once(desk: Caller) -> None:
    desk.standin.fault("payment_intent.create", "drop_after")
    with pytest.raises(httpx2.HTTPError):
        post(desk, "topup:7")

    again = post(desk, "topup:7")

    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert paid(desk) == 5000


def test_the_library_itself_gets_over_a_lost_answer(desk: Caller) -> None:
    desk.standin.fault("payment_intent.create", "drop_after")
    params: Any = {"amount": 5000, "currency": "eur"}

    intent = desk.client(retries=2).v1.payment_intents.create(params, {"idempotency_key": "topup:8"})

    assert desk.http.last["headers"]["idempotent-replayed"] == "true"
    assert [entry.id for entry in desk.api.v1.payment_intents.list().data] == [intent.id]


def test_the_same_key_while_the_first_is_running_is_a_409_and_has_one_effect(desk: Caller) -> None:
    desk.standin.settings(execution_ms=1500)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: post(desk, "topup:9"), range(5)))

    statuses = sorted(answer.status_code for answer in answers)
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert statuses == [200] + [409] * 4
    assert refused.json()["error"]["code"] == "idempotency_key_in_use"
    assert refused.headers["stripe-should-retry"] == "true"
    assert post(desk, "topup:9").headers["idempotent-replayed"] == "true"
    assert paid(desk) == 5000


def test_a_key_is_forgotten_after_a_day(desk: Caller) -> None:
    first = post(desk, "topup:10").json()["id"]
    desk.advance(DAY - 60)
    same = post(desk, "topup:10").json()["id"]
    desk.advance(120)
    fresh = post(desk, "topup:10").json()["id"]

    assert first == same != fresh
    assert paid(desk) == 10_000


def test_keys_mean_nothing_to_reading(desk: Caller) -> None:
    customer = desk.api.v1.customers.create({"name": "Ada"}, {"idempotency_key": "read"})
    desk.api.v1.customers.retrieve(customer.id, {}, {"idempotency_key": "read"})

    assert "idempotent-replayed" not in desk.http.last["headers"]


def test_the_first_answer_survives_a_killed_process(desk: Caller) -> None:
    first = post(desk, "topup:11")
    desk.standin.kill()
    desk.standin.restart()

    again = post(desk, "topup:11")

    assert again.content == first.content
    assert paid(desk) == 5000


@pytest.mark.parametrize(
    ("kind", "fields", "status", "should_retry"),
    [
        ("throttle", {}, 429, "true"),
        ("rate_limited", {"should_retry": False}, 429, "false"),
        ("lock_timeout", {}, 429, "true"),
        ("forbidden", {}, 403, None),
        ("status_before", {"status": 503}, 503, None),
    ],
)
def test_faults_answer_as_stripe_and_take_no_money(
    desk: Caller, kind: str, fields: dict[str, Any], status: int, should_retry: str | None
) -> None:
    desk.standin.fault("payment_intent.create", kind, **fields)

    answer = post(desk, "topup:12")

    assert (answer.status_code, answer.headers.get("stripe-should-retry")) == (status, should_retry)
    assert answer.json()["error"]["message"]
    assert paid(desk) == 0
    assert post(desk, "topup:12").status_code == 200
