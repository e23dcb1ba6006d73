"""/v1/checkout/sessions: a hosted page takes the buyer's payment (or saves a payment method)."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe import life, lists, methods, setups
from sandbox.stripe.account import Account
from sandbox.stripe.checkout_docs import KIND, new_line, new_session
from sandbox.stripe.customers import new_customer
from sandbox.stripe.intents import KIND as INTENT
from sandbox.stripe.intents import TYPES, new_intent
from sandbox.stripe.money import check_charge, check_grain, currency_code
from sandbox.stripe.params import (
    PAGE,
    Check,
    anything,
    boolean,
    choice,
    integer,
    list_of,
    merged,
    metadata,
    shape,
    text,
)
from sandbox.stripe.refused import Refused
from sandbox.stripe.routes import Ask, Route, route

MINUTE, DAY = 60, 86_400
PRODUCT = shape(
    {"name": text, "description": text, "metadata": metadata, "images": anything, "tax_code": text}, ("name",)
)
PRICE = shape(
    {"currency": currency_code, "unit_amount": integer, "product_data": PRODUCT, "tax_behavior": text},
    ("currency", "product_data"),
)
LINE = shape({"price_data": PRICE, "quantity": integer, "adjustable_quantity": anything}, ("price_data",))
INTENT_DATA = shape(
    {
        "capture_method": choice("automatic", "automatic_async", "manual"),
        "description": text,
        "metadata": metadata,
        "receipt_email": text,
        "setup_future_usage": choice("on_session", "off_session"),
        "statement_descriptor": text,
        "statement_descriptor_suffix": text,
    }
)
CREATE: dict[str, Check] = {
    "mode": choice("payment", "setup"),
    "line_items": list_of(LINE),
    "success_url": text,
    "cancel_url": text,
    "client_reference_id": text,
    "customer": text,
    "customer_creation": choice("always", "if_required"),
    "customer_email": text,
    "currency": currency_code,
    "metadata": metadata,
    "payment_intent_data": INTENT_DATA,
    "setup_intent_data": shape({"metadata": metadata, "description": text}),
    "allowed_payment_method_types": list_of(TYPES),
    "payment_method_options": anything,
    "saved_payment_method_options": anything,
    "expires_at": integer,
    "expand": list_of(text),
    "locale": text,
    "submit_type": choice("auto", "book", "donate", "pay", "subscribe"),
    "ui_mode": choice("hosted", "hosted_page"),
    "billing_address_collection": choice("auto", "required"),
    "phone_number_collection": anything,
    "allow_promotion_codes": boolean,
    "custom_text": anything,
    "adaptive_pricing": anything,
    "invoice_creation": anything,
}


def check_create(value: Any, name: str) -> dict[str, Any]:
    """Parameters of a new session, with what can only be judged together."""
    params: dict[str, Any] = shape(CREATE, ("mode", "success_url"))(value, name)
    lines = params.get("line_items", [])
    if params["mode"] == "setup":
        if lines:
            raise Refused("You can not pass `line_items` in `setup` mode.", param="line_items")
        return params
    if not lines:
        raise Refused("Missing required param: line_items.", code="parameter_missing", param="line_items")
    currencies = {line["price_data"]["currency"] for line in lines}
    if len(currencies) > 1:
        raise Refused("All prices on a Checkout Session must have the same currency.", param="line_items")
    for place, line in enumerate(lines):
        _check_line(line, f"line_items[{place}]")
    total = sum(line["price_data"]["unit_amount"] * line.get("quantity", 1) for line in lines)
    if total:
        check_charge(total, currencies.pop(), "line_items")
    if {"customer", "customer_email"} <= params.keys():
        raise Refused("You may only specify one of these parameters: customer, customer_email.", param="customer_email")
    return params


def _check_line(line: dict[str, Any], name: str) -> None:
    price = line["price_data"]
    if "unit_amount" not in price or price["unit_amount"] < 0 or line.get("quantity", 1) < 1:
        param = f"{name}[price_data][unit_amount]"
        raise Refused(f"Missing or negative amount or quantity: {param}.", code="parameter_missing", param=param)
    check_grain(price["unit_amount"], price["currency"], f"{name}[price_data][unit_amount]")


def create(ask: Ask) -> JsonObject:
    """POST /v1/checkout/sessions."""
    account, params = ask.account, ask.params
    now, expires = account.now(), params.get("expires_at", account.now() + DAY)
    # A minute of grace: the caller's clock and ours are not the same.
    if not now + 29 * MINUTE <= expires <= now + DAY + MINUTE:
        raise Refused("The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
                      param="expires_at")  # fmt: skip
    if "customer" in params:
        account.objects.need("customer", params["customer"], "customer")
    session = new_session(account, params, expires)
    lines = [new_line(account, line) for line in params.get("line_items", [])]
    aside = {
        "lines": lines,
        "intent_data": params.get("payment_intent_data", {}),
        "setup_data": params.get("setup_intent_data", {}),
    }
    account.objects.add(session, aside)
    account.later(expires - now, "session_expires", session["id"])
    return session


def pay(account: Account, session: JsonObject, method_name: str, email: str | None = None) -> JsonObject:
    """The buyer presses the button. Raises Refused (kept) when the card is declined; the session stays open."""
    _need_open(session)
    method = methods.resolve(account, method_name)
    _meet_buyer(account, session, email)
    if session["mode"] == "setup":
        return _save_method(account, session, method)
    if session["amount_total"] == 0:
        return _complete(account, session, "no_payment_required")
    intent = _intent_of(account, session)
    life.confirm(account, intent, method)
    return _after(account, session, intent)


def authenticate(account: Account, intent: JsonObject, *, passed: bool) -> JsonObject:
    """The buyer's answer to an authentication, for an intent of Checkout or any other. Raises Refused (kept)."""
    if intent["object"] == setups.KIND:
        setups.authenticate(account, intent, passed=passed)
    else:
        life.authenticate(account, intent, passed=passed)
    session = _session_of(account, intent)
    if session and session["status"] == "open":
        if intent["object"] == setups.KIND:
            _complete(account, session, "no_payment_required")
        else:
            _after(account, session, intent)
    return intent


def finish_payment(account: Account, intent: JsonObject, then: str) -> None:
    """A payment that settles later has ended; its session, if there is one, tells so too."""
    life.finish_processing(account, intent, then)
    session = _session_of(account, intent)
    if session and session["status"] == "complete" and session["payment_status"] == "unpaid":
        if then == "succeeded":
            account.change(session, payment_status="paid")
        state = "succeeded" if then == "succeeded" else "failed"
        account.emit(f"checkout.session.async_payment_{state}", session)


def expire(account: Account, session: JsonObject) -> None:
    """Nobody can pay any more. Raises Refused when it is not open."""
    _need_open(session)
    account.forget_later("session_expires", session["id"])
    number = account.objects.aside(session["id"]).get("intent")
    intent = account.objects.find(number, INTENT) if number else None
    if intent and intent["status"] in life.OPEN:
        life.cancel(account, intent, "expired")
    account.change(session, status="expired", url=None)
    account.emit("checkout.session.expired", session)


def lines_of(account: Account, session: JsonObject) -> list[JsonObject]:
    """The line items of a session."""
    found: list[JsonObject] = account.objects.aside(session["id"]).get("lines", [])
    return found


def return_address(session: JsonObject) -> str:
    """Where the buyer goes after paying."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _need_open(session: JsonObject) -> None:
    if session["status"] != "open":
        raise Refused(
            'Only Checkout Sessions with a status in ["open"] can be expired or paid. This Checkout Session has a status of '
            f"{session['status']}.",
            param="session",
        )


def _meet_buyer(account: Account, session: JsonObject, email: str | None) -> None:
    customer = account.objects.find(session["customer"] or "", "customer")
    address = (customer or {}).get("email") or session["customer_email"] or email or "buyer@example.com"
    if customer is None and session["customer_creation"] == "always":
        account.change(session, customer=new_customer(account, {"email": address})["id"])
    details: JsonObject = {"address": methods.NO_ADDRESS, "business_name": None, "email": address, "individual_name": None,
               "name": "Test Buyer", "phone": None, "tax_exempt": "none", "tax_ids": []}  # fmt: skip
    account.change(session, customer_details=details)


def _intent_of(account: Account, session: JsonObject) -> JsonObject:
    """The session's intent: made at the first attempt, used again after a decline."""
    aside = account.objects.aside(session["id"])
    if aside.get("intent"):
        return account.objects.need(INTENT, aside["intent"], "intent")
    base = {"amount": session["amount_total"], "currency": session["currency"]}
    customer = {"customer": session["customer"]} if session["customer"] else {}
    types = {"allowed_payment_method_types": session["payment_method_types"]}
    intent = new_intent(account, {**base, **customer, **types, **aside["intent_data"]})
    account.objects.note(intent["id"], session=session["id"], return_url=return_address(session))
    account.objects.note(session["id"], intent=intent["id"])
    return intent


def _save_method(account: Account, session: JsonObject, method: JsonObject) -> JsonObject:
    data = account.objects.aside(session["id"])["setup_data"]
    customer = {"customer": session["customer"]} if session["customer"] else {}
    intent = setups.start(account, {**customer, **data}, method)
    account.objects.note(intent["id"], session=session["id"])
    account.change(session, setup_intent=intent["id"])
    if intent["status"] == "succeeded":
        _complete(account, session, "no_payment_required")
    return intent


def _after(account: Account, session: JsonObject, intent: JsonObject) -> JsonObject:
    if intent["status"] in ("succeeded", "requires_capture", "processing"):
        account.change(session, payment_intent=intent["id"])
        _complete(account, session, "paid" if intent["status"] == "succeeded" else "unpaid")
    return intent


def _complete(account: Account, session: JsonObject, payment_status: str) -> JsonObject:
    account.forget_later("session_expires", session["id"])
    account.change(session, status="complete", payment_status=payment_status, url=None)
    account.emit("checkout.session.completed", session)
    return session


def _session_of(account: Account, intent: JsonObject) -> JsonObject | None:
    number = account.objects.aside(intent["id"]).get("session")
    return account.objects.find(number, KIND) if number else None


def expire_now(ask: Ask) -> JsonObject:
    """POST /v1/checkout/sessions/{id}/expire."""
    session = ask.need(KIND, "session")
    expire(ask.account, session)
    return session


def line_items(ask: Ask) -> JsonObject:
    """GET /v1/checkout/sessions/{id}/line_items."""
    session = ask.need(KIND, "session")
    return lists.listing(lines_of(ask.account, session), f"/v1/checkout/sessions/{session['id']}/line_items")


def update(ask: Ask) -> JsonObject:
    """POST /v1/checkout/sessions/{id}."""
    session = ask.need(KIND, "session")
    ask.account.change(session, metadata=merged(session["metadata"], ask.params.get("metadata")))
    return session


def listed(ask: Ask) -> JsonObject:
    """GET /v1/checkout/sessions."""
    equals = {name: ask.params.get(name) for name in ("payment_intent", "customer", "status")}
    return lists.page_of(ask.account, KIND, ask.params, "/v1/checkout/sessions", equals)


ROUTES: tuple[Route, ...] = (
    Route("checkout.create", "POST", "/v1/checkout/sessions", create, check_create),
    route("checkout.list", "GET", "checkout/sessions", listed,
          {**PAGE, "payment_intent": text, "customer": text, "status": choice("complete", "expired", "open")}),
    route("checkout.get", "GET", "checkout/sessions/{id}", lambda ask: ask.need(KIND, "session")),
    route("checkout.update", "POST", "checkout/sessions/{id}", update, {"metadata": metadata}),
    route("checkout.expire", "POST", "checkout/sessions/{id}/expire", expire_now),
    route("checkout.line_items", "GET", "checkout/sessions/{id}/line_items", line_items, PAGE),
)  # fmt: skip
