"""Checkout of the Stripe stand-in: a hosted page that can be paid, declined, left and waited out."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import stripe

from tests.sandbox.stripe_desk import HOUR, Caller, calling

SUCCESS = "https://shop.example/done?session={CHECKOUT_SESSION_ID}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with calling(tmp_path_factory.mktemp("stripe")) as caller:
        yield caller


@pytest.fixture(autouse=True)
def _fresh(desk: Caller) -> None:
    desk.forget()


def session_of(desk: Caller, **more: Any) -> Any:
    price = {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "Wallet top-up"}}
    params = {
        "mode": "payment",
        "success_url": SUCCESS,
        "cancel_url": "https://shop.example/basket",
        "line_items": [{"price_data": price, "quantity": 2}],
        "client_reference_id": "tu_1",
        "metadata": {"topup_id": "tu_1"},
        "payment_intent_data": {"metadata": {"topup_id": "tu_1"}},
        **more,
    }
    return desk.api.v1.checkout.sessions.create(params)  # type: ignore[arg-type]


def press(desk: Caller, url: str, method: str) -> httpx2.Response:
    """The buyer chooses a way to pay and presses the button."""
    return desk.raw.post(url, data={"method": method, "email": "buyer@example.com"})


def test_a_buyer_pays_on_the_page_and_comes_back_with_the_session_id(desk: Caller) -> None:
    session = session_of(desk)
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)

    page = desk.raw.get(session.url)
    answer = press(desk, session.url, "pm_card_visa")

    done = desk.api.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent", "line_items"]})
    assert "Wallet top-up" in page.text
    assert "50.00 EUR" in page.text
    assert (answer.status_code, answer.headers["location"]) == (303, f"https://shop.example/done?session={session.id}")
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.payment_intent.metadata["topup_id"] == "tu_1"  # type: ignore[union-attr]
    assert [(line.description, line.amount_total) for line in done.line_items.data] == [("Wallet top-up", 5000)]  # type: ignore[union-attr]
    assert desk.event_types()[-1] == "checkout.session.completed"
    assert desk.standin.books()["orders"][0]["reference"] == "tu_1"
    assert press(desk, session.url, "pm_card_visa").status_code == 410


def test_the_page_has_no_script_and_may_lead_only_to_the_shop(desk: Caller) -> None:
    page = desk.raw.get(session_of(desk).url)

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self' https://shop.example;")
    assert not re.search(r"<script|style=|javascript:", page.text)


def test_a_decline_keeps_the_session_open_and_the_next_attempt_uses_the_same_intent(desk: Caller) -> None:
    session = session_of(desk)

    declined = press(desk, session.url, "pm_card_chargeDeclined")
    paid = press(desk, session.url, "pm_card_visa")

    assert (declined.status_code, paid.status_code) == (402, 303)
    assert "Your card was declined." in declined.text
    assert len(desk.api.v1.payment_intents.list().data) == 1
    assert desk.event_types().count("payment_intent.payment_failed") == 1
    assert desk.standin.books(summary=True)["charged_minor"] == {"eur": 5000}


def test_a_bank_asks_the_buyer_before_the_session_completes(desk: Caller) -> None:
    session = session_of(desk)
    asked = press(desk, session.url, "pm_card_authenticationRequired").headers["location"]
    refused = desk.raw.post(asked, data={"passed": "no"})
    asked_again = press(desk, session.url, "pm_card_authenticationRequired").headers["location"]

    passed = desk.raw.post(asked_again, data={"passed": "yes"})

    assert refused.headers["location"] == f"/c/pay/{session.id}"
    assert passed.headers["location"] == f"https://shop.example/done?session={session.id}"
    assert desk.api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


@pytest.mark.parametrize(
    ("method", "payment_status", "event"),
    [
        ("pm_sepa_debit_success", "paid", "checkout.session.async_payment_succeeded"),
        ("pm_sepa_debit_fail", "unpaid", "checkout.session.async_payment_failed"),
    ],
)
def test_a_delayed_payment_completes_unpaid_and_tells_later(
    desk: Caller, method: str, payment_status: str, event: str
) -> None:
    session = session_of(desk)
    done = desk.standin.control(f"checkout/{session.id}", do="pay", payment_method=method)["session"]
    assert (done["status"], done["payment_status"]) == ("complete", "unpaid")

    desk.advance(11)

    assert desk.api.v1.checkout.sessions.retrieve(session.id).payment_status == payment_status
    assert desk.event_types()[-1] == event


def test_a_session_ends_by_hand_or_by_time_and_takes_no_money_then(desk: Caller) -> None:
    by_hand, by_time = session_of(desk), session_of(desk)
    with pytest.raises(stripe.InvalidRequestError) as soon:
        session_of(desk, expires_at=by_time.created + 60)
    desk.standin.control(f"checkout/{by_time.id}", do="decline")
    desk.standin.control(f"checkout/{by_time.id}", do="abandon")

    expired = desk.api.v1.checkout.sessions.expire(by_hand.id)
    desk.advance(24 * HOUR + 1)

    assert (soon.value.param, expired.status) == ("expires_at", "expired")
    assert desk.api.v1.checkout.sessions.retrieve(by_time.id).status == "expired"
    assert [intent.status for intent in desk.api.v1.payment_intents.list().data] == ["canceled"]
    assert desk.raw.get(by_time.url).status_code == 410
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        desk.api.v1.checkout.sessions.expire(by_hand.id)
    assert desk.standin.books(summary=True)["charged_minor"] == {}


def test_checkout_saves_a_card_for_later_with_a_payment_and_without(desk: Caller) -> None:
    customer = desk.api.v1.customers.create({"email": "reseller@example.com"})
    paying = session_of(desk, customer=customer.id, payment_intent_data={"setup_future_usage": "off_session"})
    saving = desk.api.v1.checkout.sessions.create({"mode": "setup", "success_url": SUCCESS, "customer": customer.id})

    press(desk, paying.url, "pm_card_visa")
    press(desk, saving.url or "", "pm_card_visa")

    saved = desk.api.v1.customers.payment_methods.list(customer.id).data
    setup = desk.api.v1.checkout.sessions.retrieve(saving.id, {"expand": ["setup_intent"]})
    assert len(saved) == 2
    assert (setup.status, setup.setup_intent.status) == ("complete", "succeeded")  # type: ignore[union-attr]
    assert desk.pay(900, saved[0].id, customer=customer.id, off_session=True).status == "succeeded"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"success_url": ""}, "success_url"),
        ({"mode": "subscription"}, "mode"),
        ({"customer": "cus_none"}, "customer"),
        (
            {"line_items": [{"price_data": {"currency": "eur", "product_data": {"name": "x"}}}]},
            "line_items[0][price_data][unit_amount]",
        ),
    ],
)
def test_a_wrong_session_is_refused_by_name(desk: Caller, changes: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        session_of(desk, **changes)

    assert refused.value.param == param
    assert desk.api.v1.checkout.sessions.list().data == []


def test_checkout_makes_a_customer_when_asked_and_completes_without_a_payment_when_nothing_is_due(desk: Caller) -> None:
    free = {"price_data": {"currency": "eur", "unit_amount": 0, "product_data": {"name": "Gift"}}, "quantity": 1}
    session = session_of(desk, line_items=[free], customer_creation="always")

    done = desk.standin.control(f"checkout/{session.id}", do="pay", email="ada@example.com")["session"]

    customer = desk.api.v1.customers.retrieve(done["customer"])
    assert (done["payment_status"], done["payment_intent"]) == ("no_payment_required", None)
    assert customer.email == done["customer_details"]["email"] == "ada@example.com"
    assert desk.api.v1.payment_intents.list().data == []
