"""The Stripe stand-in takes payments as Stripe does, seen through Stripe's own library."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import API_KEY, RETURN_URL, Caller, calling


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with calling(tmp_path_factory.mktemp("stripe")) as caller:
        yield caller


@pytest.fixture(autouse=True)
def _fresh(desk: Caller) -> None:
    desk.forget()


def test_a_card_payment_succeeds_with_its_fee_and_metadata_on_intent_and_charge(desk: Caller) -> None:
    intent = desk.pay(5000, metadata={"topup_id": "tu_1"}, expand=["latest_charge.balance_transaction"])

    charge = intent.latest_charge
    assert (intent.status, intent.amount_received, intent.livemode) == ("succeeded", 5000, False)
    assert (charge.status, charge.metadata["topup_id"]) == ("succeeded", "tu_1")
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (100, 4900)
    assert [(line.type, line.amount) for line in charge.balance_transaction.fee_details] == [("stripe_fee", 100)]
    assert desk.event_types() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ]


def test_the_balance_transaction_comes_after_the_charge_when_capture_is_asynchronous(desk: Caller) -> None:
    desk.standin.settings(settle_seconds=30)
    charge_id = desk.pay().latest_charge
    before = desk.api.v1.charges.retrieve(charge_id).balance_transaction

    desk.advance(31)

    assert before is None
    assert desk.movements(charge_id) == [("charge", 5000, 100, 4900)]
    last = desk.api.v1.events.list({"limit": 1}).data[0]
    assert last.type == "charge.updated"
    assert last.to_dict()["data"]["previous_attributes"] == {"balance_transaction": None}


@pytest.mark.parametrize(
    ("method", "code", "decline"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
    ],
)
def test_a_declined_card_is_a_402_that_carries_the_intent_and_leaves_it_open(
    desk: Caller, method: str, code: str, decline: str | None
) -> None:
    with pytest.raises(stripe.CardError) as refused:
        desk.pay(method=method)

    error: Any = refused.value.json_body["error"]  # type: ignore[index]
    assert (refused.value.http_status, error["code"], error.get("decline_code")) == (402, code, decline)
    intent = desk.api.v1.payment_intents.retrieve(error["payment_intent"]["id"])
    assert (intent.status, intent.last_payment_error.code) == ("requires_payment_method", code)  # type: ignore[union-attr]
    assert desk.api.v1.charges.retrieve(error["charge"]).status == "failed"
    assert desk.standin.books()["charged_minor"] == {}


def test_a_declined_intent_may_still_succeed_with_another_card(desk: Caller) -> None:
    intent = desk.api.v1.payment_intents.create({"amount": 900, "currency": "eur"})
    bad = {"payment_method": "pm_card_chargeDeclined", "return_url": RETURN_URL}
    with pytest.raises(stripe.CardError):
        desk.api.v1.payment_intents.confirm(intent.id, bad)  # type: ignore[arg-type]

    done = desk.api.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})

    assert (done.status, done.last_payment_error) == ("succeeded", None)
    assert desk.event_types().count("payment_intent.payment_failed") == 1
    with pytest.raises(stripe.InvalidRequestError) as again:
        desk.api.v1.payment_intents.confirm(intent.id, {"return_url": RETURN_URL})
    assert again.value.code == "payment_intent_unexpected_state"


def test_three_d_secure_waits_for_the_buyer_and_fails_off_session(desk: Caller) -> None:
    waiting = desk.pay(method="pm_card_authenticationRequired")
    assert waiting.status == "requires_action"
    assert waiting.next_action.redirect_to_url.return_url == RETURN_URL

    desk.standin.control(f"intents/{waiting.id}/authenticate", passed=True)
    with pytest.raises(stripe.CardError) as absent:
        desk.pay(method="pm_card_authenticationRequired", off_session=True)

    assert desk.api.v1.payment_intents.retrieve(waiting.id).status == "succeeded"
    assert absent.value.code == "authentication_required"


def test_a_failed_authentication_at_the_banks_page_leaves_the_intent_without_a_payment_method(desk: Caller) -> None:
    waiting = desk.pay(method="pm_card_authenticationRequired")

    answer = desk.raw.post(waiting.next_action.redirect_to_url.url, data={"passed": "no"})

    intent = desk.api.v1.payment_intents.retrieve(waiting.id)
    assert (answer.status_code, answer.headers["location"]) == (303, RETURN_URL)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("method", "status", "last"),
    [
        ("pm_sepa_debit_success", "succeeded", "charge.updated"),
        ("pm_sepa_debit_fail", "requires_payment_method", "payment_intent.payment_failed"),
    ],
)
def test_a_bank_debit_is_processing_until_its_time_has_come(desk: Caller, method: str, status: str, last: str) -> None:
    desk.standin.settings(async_seconds=600)
    intent = desk.pay(method=method)
    assert intent.status == "processing"

    desk.advance(599)
    early = desk.api.v1.payment_intents.retrieve(intent.id).status
    desk.advance(2)

    assert (early, desk.api.v1.payment_intents.retrieve(intent.id).status) == ("processing", status)
    assert desk.event_types()[-1] == last


def test_a_manual_capture_takes_a_part_and_a_cancellation_nothing(desk: Caller) -> None:
    held = desk.pay(4000, capture_method="manual")
    assert (held.status, held.amount_capturable) == ("requires_capture", 4000)
    with pytest.raises(stripe.InvalidRequestError, match="amount_to_capture"):
        desk.api.v1.payment_intents.capture(held.id, {"amount_to_capture": 4001})

    taken = desk.api.v1.payment_intents.capture(held.id, {"amount_to_capture": 1500})
    other = desk.api.v1.payment_intents.cancel(desk.pay(700, capture_method="manual").id)

    assert (taken.status, taken.amount_received) == ("succeeded", 1500)
    assert (other.status, other.amount_received) == ("canceled", 0)
    assert desk.standin.books(summary=True)["charged_minor"] == {"eur": 1500}
    with pytest.raises(stripe.InvalidRequestError) as late:
        desk.api.v1.payment_intents.cancel(taken.id)
    assert late.value.code == "payment_intent_unexpected_state"


def test_a_saved_card_pays_later_without_the_buyer(desk: Caller) -> None:
    customer = desk.api.v1.customers.create({"email": "reseller@example.com", "metadata": {"reseller_id": "rs_17"}})
    setup = desk.api.v1.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": "pm_card_authenticationRequiredOnSetup",
            "confirm": True,
            "return_url": RETURN_URL,
        }
    )
    assert setup.status == "requires_action"
    desk.standin.control(f"intents/{setup.id}/authenticate", passed=True)
    saved = desk.api.v1.customers.payment_methods.list(customer.id).data[0]

    intent = desk.pay(2500, saved.id, customer=customer.id, off_session=True)

    assert (intent.status, intent.customer) == ("succeeded", customer.id)
    with pytest.raises(stripe.InvalidRequestError, match="belongs to another Customer"):
        desk.pay(2500, saved.id, off_session=True)
    desk.api.v1.payment_methods.detach(saved.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        desk.api.v1.payment_methods.attach(saved.id, {"customer": customer.id})


def test_a_payment_with_future_usage_saves_the_card_to_its_customer(desk: Caller) -> None:
    customer = desk.api.v1.customers.create({"name": "Ada"})

    desk.pay(1000, customer=customer.id, setup_future_usage="off_session")

    methods = desk.api.v1.payment_methods.list({"customer": customer.id, "type": "card"}).data
    assert [(method.card.last4, method.customer) for method in methods] == [("4242", customer.id)]  # type: ignore[union-attr]
    assert "payment_method.attached" in desk.event_types()


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"currency": "eur"}, "parameter_missing", "amount"),
        ({"amount": "12.50", "currency": "eur"}, "parameter_invalid_integer", "amount"),
        ({"amount": -5, "currency": "eur"}, "parameter_invalid_integer", "amount"),
        ({"amount": 49, "currency": "eur"}, "amount_too_small", "amount"),
        ({"amount": 100_000_000, "currency": "eur"}, "amount_too_large", "amount"),
        ({"amount": 500, "currency": "xxx"}, "invalid_currency", "currency"),
        ({"amount": 5124, "currency": "kwd"}, "invalid_charge_amount", "amount"),
        ({"amount": 550, "currency": "isk"}, "invalid_charge_amount_no_decimal_compatible", "amount"),
        ({"amount": 500, "currency": "eur", "colour": "red"}, "parameter_unknown", "colour"),
        ({"amount": 500, "currency": "eur", "customer": "cus_none"}, "resource_missing", "customer"),
        ({"amount": 500, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"}, None, "return_url"),
    ],
)
def test_a_wrong_parameter_is_named_and_nothing_is_made(
    desk: Caller, params: dict[str, object], code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.api.v1.payment_intents.create(params)  # type: ignore[arg-type]

    assert (refused.value.http_status, refused.value.code, refused.value.param) == (400, code, param)
    assert desk.api.v1.payment_intents.list().data == []
    assert desk.event_types() == []


def test_currencies_with_no_and_with_three_decimals_keep_their_smallest_unit(desk: Caller) -> None:
    yen = desk.pay(500, currency="jpy", expand=["latest_charge.balance_transaction"])
    dinar = desk.pay(5120, currency="kwd", expand=["latest_charge.balance_transaction"])

    assert (yen.amount_received, dinar.amount_received) == (500, 5120)
    settled = [intent.latest_charge.balance_transaction for intent in (yen, dinar)]
    assert [(entry.amount, entry.currency, entry.exchange_rate) for entry in settled] == [
        (305, "eur", 0.0061),
        (1531, "eur", 2.99),
    ]
    assert [line.description for line in settled[0].fee_details] == [
        "Stripe processing fees",
        "Stripe currency conversion fee",
    ]


def test_lists_are_newest_first_and_page_both_ways(desk: Caller) -> None:
    made = [desk.api.v1.payment_intents.create({"amount": 100 + n, "currency": "eur"}).id for n in range(5)]

    first = desk.api.v1.payment_intents.list({"limit": 2})
    second = desk.api.v1.payment_intents.list({"limit": 2, "starting_after": first.data[-1].id})
    back = desk.api.v1.payment_intents.list({"limit": 2, "ending_before": second.data[0].id})

    assert [entry.id for entry in first.data] == [made[4], made[3]]
    assert ([entry.id for entry in second.data], second.has_more) == ([made[2], made[1]], True)
    assert [entry.id for entry in back.data] == [made[4], made[3]]
    walked = desk.api.v1.payment_intents.list({"limit": 2}).auto_paging_iter()
    assert [entry.id for entry in walked] == made[::-1]


def test_a_search_by_metadata_finds_a_payment_only_when_the_index_has_caught_up(desk: Caller) -> None:
    desk.standin.settings(index_lag_seconds=60)
    wanted = desk.pay(metadata={"topup_id": "tu_7"})
    desk.pay(metadata={"topup_id": "tu_8"})
    query = {"query": "metadata['topup_id']:'tu_7' AND status:'succeeded'"}

    early = desk.api.v1.payment_intents.search(query).data  # type: ignore[arg-type]
    desk.advance(61)
    late = desk.api.v1.payment_intents.search(query).data  # type: ignore[arg-type]

    assert (early, [entry.id for entry in late]) == ([], [wanted.id])


def test_metadata_is_merged_and_cleared_as_at_stripe(desk: Caller) -> None:
    intent = desk.api.v1.payment_intents.create({"amount": 500, "currency": "eur", "metadata": {"a": "1", "b": "2"}})

    merged = desk.api.v1.payment_intents.update(intent.id, {"metadata": {"a": "", "c": "3"}})
    cleared = desk.api.v1.payment_intents.update(intent.id, {"metadata": ""})

    assert merged.metadata.to_dict() == {"b": "2", "c": "3"}
    assert cleared.metadata.to_dict() == {}


def test_what_does_not_exist_and_who_may_not_ask_are_told_apart(desk: Caller) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        desk.api.v1.payment_intents.retrieve("pi_none")
    with pytest.raises(stripe.AuthenticationError):
        desk.client("sk_test_wrong").v1.balance.retrieve()
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        desk.api.v1.payment_intents.list({"expand": ["latest_charge"]})
    nowhere = desk.raw.get("/v1/coupons", headers={"Authorization": f"Bearer {API_KEY}"})
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version"):
        desk.client(stripe_version="2099-01-01.future").v1.balance.retrieve()

    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    assert nowhere.status_code == 404
    assert nowhere.json()["error"]["message"].startswith("Unrecognized request URL (GET: /v1/coupons)")


def test_every_answer_names_its_request_and_version(desk: Caller) -> None:
    desk.api.v1.balance.retrieve()

    headers = desk.http.last["headers"]
    assert headers["request-id"].startswith("req_")
    assert headers["stripe-version"] == "2026-10-28.endive"
