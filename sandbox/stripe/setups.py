"""/v1/setup_intents: a payment method is saved for payments without the buyer."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe import lists, methods
from sandbox.stripe.account import Account
from sandbox.stripe.ids import new_id, new_secret
from sandbox.stripe.intents import TYPES
from sandbox.stripe.params import (
    PAGE,
    Check,
    anything,
    boolean,
    choice,
    clearable,
    list_of,
    merged,
    metadata,
    shape,
    text,
)
from sandbox.stripe.refused import Refused
from sandbox.stripe.routes import Ask, Route, route

KIND = "setup_intent"
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
CONFIRM: dict[str, Check] = {
    "payment_method": text,
    "payment_method_data": methods.METHOD_DATA,
    "payment_method_options": anything,
    "return_url": text,
    "mandate_data": anything,
    "use_stripe_sdk": boolean,
}
CREATE: dict[str, Check] = {
    **CONFIRM,
    "automatic_payment_methods": shape(
        {"enabled": boolean, "allow_redirects": choice("always", "never")}, ("enabled",)
    ),
    "confirm": boolean,
    "customer": text,
    "description": clearable(text),
    "metadata": metadata,
    "allowed_payment_method_types": list_of(TYPES),
    "usage": choice("off_session", "on_session"),
}


def create(ask: Ask) -> JsonObject:
    """POST /v1/setup_intents."""
    params = ask.params
    if "customer" in params:
        ask.account.objects.need("customer", params["customer"], "customer")
    intent = ask.account.objects.add(_new(ask.account, params))
    ask.account.emit("setup_intent.created", intent)
    method = _given_method(ask, None)
    if method:
        ask.account.change(intent, payment_method=method["id"], status="requires_confirmation")
    if params.get("confirm"):
        _confirm(ask.account, intent, method, params.get("return_url"))
    return intent


def start(account: Account, params: dict[str, Any], method: JsonObject) -> JsonObject:
    """What Checkout does: a new intent, confirmed at once. Raises Refused (kept) when the card is declined."""
    intent = account.objects.add(_new(account, params))
    account.emit("setup_intent.created", intent)
    _confirm(account, intent, method, None)
    return intent


def confirm(ask: Ask) -> JsonObject:
    """POST /v1/setup_intents/{id}/confirm."""
    intent = ask.need(KIND, "intent")
    _confirm(ask.account, intent, _given_method(ask, intent), ask.params.get("return_url"))
    return intent


def cancel(ask: Ask) -> JsonObject:
    """POST /v1/setup_intents/{id}/cancel."""
    intent = ask.need(KIND, "intent")
    if intent["status"] not in OPEN:
        raise unexpected_state(
            intent, f"You cannot cancel this SetupIntent because it has a status of {intent['status']}."
        )
    ask.account.change(
        intent, status="canceled", cancellation_reason=ask.params.get("cancellation_reason"), next_action=None
    )
    ask.account.emit("setup_intent.canceled", intent)
    return intent


def unexpected_state(intent: JsonObject, message: str) -> Refused:
    """400: not in this state."""
    return Refused(message, code="setup_intent_unexpected_state", setup_intent=intent)


def authenticate(account: Account, intent: JsonObject, *, passed: bool) -> None:
    """The buyer's answer to the authentication. Raises Refused when it failed."""
    if intent["status"] != "requires_action":
        raise unexpected_state(intent, "This SetupIntent does not wait for an authentication.")
    method = account.objects.need("payment_method", intent["payment_method"], "payment_method")
    if passed:
        _succeed(account, intent, method)
        return
    error = Refused("The customer could not be authenticated.", code="setup_intent_authentication_failure", keeps=True)
    raise _failed(account, intent, error)


def _confirm(account: Account, intent: JsonObject, method: JsonObject | None, return_url: str | None) -> None:
    if intent["status"] not in OPEN or method is None:
        raise unexpected_state(
            intent,
            f"You cannot confirm this SetupIntent: its status is {intent['status']}"
            + ("." if method else " and it is missing a payment method."),
        )
    account.change(intent, payment_method=method["id"], last_setup_error=None)
    if methods.must_authenticate(account, method):
        action = {
            "redirect_to_url": {"return_url": return_url, "url": f"{account.base}/3ds/{intent['id']}"},
            "type": "redirect_to_url",
        }
        account.change(intent, status="requires_action", next_action=action)
        account.emit("setup_intent.requires_action", intent)
        return
    behaviour = methods.behaviour_of(account, method)
    if behaviour.attach_fails:
        raise _failed(account, intent, methods.card_error(behaviour, keeps=True))
    _succeed(account, intent, method)


def _succeed(account: Account, intent: JsonObject, method: JsonObject) -> None:
    account.change(intent, status="succeeded", next_action=None)
    if intent["customer"]:
        methods.attach(account, method, intent["customer"])
    if intent["usage"] == "off_session":
        methods.set_up_for_later(account, method)
    account.emit("setup_intent.succeeded", intent)


def _failed(account: Account, intent: JsonObject, error: Refused) -> Refused:
    account.change(
        intent, status="requires_payment_method", payment_method=None, last_setup_error=error.error, next_action=None
    )
    account.emit("setup_intent.setup_failed", intent)
    error.error = {**error.error, "setup_intent": intent}
    return error


def _given_method(ask: Ask, intent: JsonObject | None) -> JsonObject | None:
    if "payment_method" in ask.params:
        return methods.resolve(ask.account, ask.params["payment_method"])
    if "payment_method_data" in ask.params:
        return methods.from_data(ask.account, ask.params["payment_method_data"])
    kept = intent["payment_method"] if intent else None
    return ask.account.objects.find(kept, "payment_method") if kept else None


def _new(account: Account, params: Any) -> JsonObject:
    number, types = new_id(KIND), params.get("allowed_payment_method_types")
    automatic = {"allow_redirects": "always", **params.get("automatic_payment_methods", {"enabled": True})}
    return {
        "id": number,
        "object": KIND,
        "application": None,
        "automatic_payment_methods": automatic if types is None else None,
        "cancellation_reason": None,
        "client_secret": new_secret(number),
        "created": account.now(),
        "customer": params.get("customer"),
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": merged({}, params.get("metadata")),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None if types else {"id": "pmc_1Sandbox", "parent": None},
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": types or ["card", "sepa_debit"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": params.get("usage", "off_session"),
    }


def listed(ask: Ask) -> JsonObject:
    """GET /v1/setup_intents."""
    return lists.page_of(ask.account, KIND, ask.params, "/v1/setup_intents", {"customer": ask.params.get("customer")})


ROUTES: tuple[Route, ...] = (
    route("setup_intent.create", "POST", "setup_intents", create, CREATE),
    route("setup_intent.list", "GET", "setup_intents", listed, {**PAGE, "customer": text}),
    route("setup_intent.get", "GET", "setup_intents/{id}", lambda ask: ask.need(KIND, "intent"), {"client_secret": text}),
    route("setup_intent.confirm", "POST", "setup_intents/{id}/confirm", confirm, CONFIRM),
    route("setup_intent.cancel", "POST", "setup_intents/{id}/cancel", cancel,
          {"cancellation_reason": choice("abandoned", "duplicate", "requested_by_customer")}),
)  # fmt: skip
