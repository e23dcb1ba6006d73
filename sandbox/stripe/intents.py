"""/v1/payment_intents."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe import life, lists, methods
from sandbox.stripe.account import Account
from sandbox.stripe.ids import new_id, new_secret
from sandbox.stripe.money import check_charge, currency_code
from sandbox.stripe.params import (
    PAGE,
    Check,
    anything,
    boolean,
    choice,
    clearable,
    integer,
    list_of,
    merged,
    metadata,
    shape,
    text,
)
from sandbox.stripe.refused import Refused
from sandbox.stripe.routes import Ask, Route, route

KIND = "payment_intent"
TYPES = choice("card", "sepa_debit", "link")
CONFIRM: dict[str, Check] = {
    "payment_method": text,
    "payment_method_data": methods.METHOD_DATA,
    "payment_method_options": anything,
    "allowed_payment_method_types": list_of(TYPES),
    "off_session": boolean,
    "return_url": text,
    "receipt_email": clearable(text),
    "setup_future_usage": clearable(choice("on_session", "off_session")),
    "error_on_requires_action": boolean,
    "mandate_data": anything,
    "use_stripe_sdk": boolean,
}
UPDATE: dict[str, Check] = {
    "amount": integer,
    "currency": currency_code,
    "customer": text,
    "description": clearable(text),
    "metadata": metadata,
    "payment_method": clearable(text),
    "payment_method_data": methods.METHOD_DATA,
    "payment_method_options": anything,
    "allowed_payment_method_types": list_of(TYPES),
    "receipt_email": clearable(text),
    "setup_future_usage": clearable(choice("on_session", "off_session")),
    "shipping": anything,
    "statement_descriptor": clearable(text),
    "statement_descriptor_suffix": clearable(text),
}
CREATE: dict[str, Check] = {
    **UPDATE,
    **CONFIRM,
    "automatic_payment_methods": shape(
        {"enabled": boolean, "allow_redirects": choice("always", "never")}, ("enabled",)
    ),
    "capture_method": choice("automatic", "automatic_async", "manual"),
    "confirmation_method": choice("automatic", "manual"),
    "confirm": boolean,
}
NO_RETURN = (
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment "
    "methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept "
    "redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and "
    "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
)
CLAUSE = re.compile(r"(?:metadata\[['\"]([^'\"]+)['\"]\]|(status|currency|customer)):['\"]([^'\"]*)['\"]")


def check_create(value: Any, name: str) -> dict[str, Any]:
    """Parameters of a new intent, with what can only be judged together."""
    params: dict[str, Any] = shape({**CREATE, "expand": list_of(text)}, ("amount", "currency"))(value, name)
    check_charge(params["amount"], params["currency"])
    if "allowed_payment_method_types" in params and params.get("automatic_payment_methods", {}).get("enabled"):
        raise Refused(
            "You may only specify one of these parameters: automatic_payment_methods, allowed_payment_method_types.",
            param="automatic_payment_methods",
        )
    for key in ("off_session", "return_url", "mandate_data", "error_on_requires_action"):
        if key in params and not params.get("confirm"):
            raise Refused(f"You cannot set {key} unless confirm is true.", param=key)
    return params


def new_intent(account: Account, params: Mapping[str, Any]) -> JsonObject:
    """A new intent, unconfirmed, told to listeners. Raises Refused for an unknown customer."""
    number, types = new_id(KIND), params.get("allowed_payment_method_types")
    if "customer" in params:
        account.objects.need("customer", params["customer"], "customer")
    automatic = {"allow_redirects": "always", **params.get("automatic_payment_methods", {"enabled": True})}
    doc = {
        "id": number,
        "object": KIND,
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": automatic if types is None else None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.get("capture_method", "automatic_async"),
        "client_secret": new_secret(number),
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "created": account.now(),
        "currency": params["currency"],
        "customer": params.get("customer"),
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": merged({}, params.get("metadata")),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None if types else {"id": "pmc_1Sandbox", "parent": None},
        "payment_method_options": {"card": {"installments": None, "mandate_options": None, "network": None,
                                            "request_three_d_secure": "automatic"}},
        "payment_method_types": types or (["card", "link"] if params["currency"] != "eur" else ["card", "link", "sepa_debit"]),
        "processing": None,
        "receipt_email": params.get("receipt_email"),
        "review": None,
        "setup_future_usage": params.get("setup_future_usage"),
        "shipping": params.get("shipping"),
        "source": None,
        "statement_descriptor": params.get("statement_descriptor"),
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }  # fmt: skip
    account.objects.add(doc)
    account.emit("payment_intent.created", doc)
    return doc


def create(ask: Ask) -> JsonObject:
    """POST /v1/payment_intents."""
    if ask.params.get("confirm"):
        _need_return_url(ask.params, ask.params.get("automatic_payment_methods", {"enabled": True}))
    intent = new_intent(ask.account, ask.params)
    method = _given_method(ask.account, ask.params)
    if method is not None:
        life.check_owner(intent, method)
        ask.account.change(intent, payment_method=method["id"], status="requires_confirmation")
    if ask.params.get("confirm"):
        _confirm(ask, intent, method)
    return intent


def confirm(ask: Ask) -> JsonObject:
    """POST /v1/payment_intents/{id}/confirm."""
    intent = ask.need(KIND, "intent")
    if intent["status"] in life.OPEN and not ask.account.objects.aside(intent["id"]).get("return_url"):
        _need_return_url(ask.params, intent["automatic_payment_methods"])
    changes = {name: ask.params[name] for name in ("receipt_email", "setup_future_usage") if name in ask.params}
    ask.account.change(intent, **changes)
    method = _given_method(ask.account, ask.params)
    if method is None and intent["payment_method"]:
        method = ask.account.objects.need("payment_method", intent["payment_method"], "payment_method")
    _confirm(ask, intent, method)
    return intent


def update(ask: Ask) -> JsonObject:
    """POST /v1/payment_intents/{id}."""
    intent, params = ask.need(KIND, "intent"), dict(ask.params)
    params.pop("expand", None)
    params.pop("payment_method_options", None)
    changes: dict[str, Any] = {"metadata": merged(intent["metadata"], params.pop("metadata", None))}
    if intent["status"] not in life.OPEN and set(params) - {"description"}:
        raise life.unexpected_state(
            intent,
            f"This PaymentIntent's {sorted(params)[0]} could not be updated because it has a status of {intent['status']}.",
        )
    if {"amount", "currency"} & set(params):
        merged_money = {**intent, **params}
        check_charge(merged_money["amount"], merged_money["currency"])
    if "customer" in params:
        ask.account.objects.need("customer", params["customer"], "customer")
    method = _given_method(ask.account, params)
    params.pop("payment_method_data", None)
    if "payment_method" in params and method is None:
        changes["status"] = "requires_payment_method"
    if method is not None:
        changes |= {"payment_method": method["id"], "status": "requires_confirmation"}
        params.pop("payment_method", None)
    ask.account.change(intent, **params, **changes)
    return intent


def capture(ask: Ask) -> JsonObject:
    """POST /v1/payment_intents/{id}/capture."""
    intent = ask.need(KIND, "intent")
    life.capture(ask.account, intent, ask.params.get("amount_to_capture"))
    return intent


def cancel(ask: Ask) -> JsonObject:
    """POST /v1/payment_intents/{id}/cancel."""
    intent = ask.need(KIND, "intent")
    if ask.account.objects.aside(intent["id"]).get("session"):
        raise life.unexpected_state(
            intent,
            "You cannot cancel this PaymentIntent because it was created by Checkout: expire its session instead.",
        )
    life.cancel(ask.account, intent, ask.params.get("cancellation_reason"))
    return intent


def listed(ask: Ask) -> JsonObject:
    """GET /v1/payment_intents."""
    equals = {"customer": ask.params.get("customer")}
    return lists.page_of(ask.account, KIND, ask.params, "/v1/payment_intents", equals)


def search(ask: Ask) -> JsonObject:
    """GET /v1/payment_intents/search: clauses joined by AND, seen only after the index has caught up."""
    clauses = [part.strip() for part in re.split(r"\s+AND\s+", ask.params["query"])]
    found = [CLAUSE.fullmatch(clause) for clause in clauses]
    if not all(found):
        raise Refused(f"We were unable to parse your search query: {ask.params['query']}", param="query")
    limit, start = lists.limit_of(ask.params), int(ask.params.get("page", 0))
    seen_until = ask.account.now() - ask.account.settings.number("index_lag_seconds")
    conditions, values = ["created <= ?"], list[object]((seen_until,))
    for match in filter(None, found):
        conditions.append("json_extract(doc, ?) = ?")
        values.extend((f"$.{match.group(2)}" if match.group(2) else f'$.metadata."{match.group(1)}"', match.group(3)))
    docs = ask.account.objects.where(KIND, " and ".join(conditions), values)[::-1]
    more = len(docs) > start + limit
    return {
        "object": "search_result",
        "data": docs[start : start + limit],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": "/v1/payment_intents/search",
    }


def _need_return_url(params: Mapping[str, Any], automatic: Mapping[str, Any] | None) -> None:
    redirects = automatic and automatic.get("enabled") and automatic.get("allow_redirects", "always") == "always"
    if redirects and "return_url" not in params and "allowed_payment_method_types" not in params:
        raise Refused(NO_RETURN, param="return_url")


def _given_method(account: Account, params: Mapping[str, Any]) -> JsonObject | None:
    if params.get("payment_method"):
        return methods.resolve(account, params["payment_method"])
    if "payment_method_data" in params:
        return methods.from_data(account, params["payment_method_data"])
    return None


def _confirm(ask: Ask, intent: JsonObject, method: JsonObject | None) -> None:
    if "return_url" in ask.params:
        ask.account.objects.note(intent["id"], return_url=ask.params["return_url"])
    life.confirm(ask.account, intent, method, off_session=bool(ask.params.get("off_session")))


ROUTES: tuple[Route, ...] = (
    Route("payment_intent.create", "POST", "/v1/payment_intents", create, check_create),
    route("payment_intent.list", "GET", "payment_intents", listed, {**PAGE, "customer": text}),
    route("payment_intent.search", "GET", "payment_intents/search", search,
          {"query": text, "limit": integer, "page": integer}, required=("query",)),
    route("payment_intent.get", "GET", "payment_intents/{id}", lambda ask: ask.need(KIND, "intent"),
          {"client_secret": text}),
    route("payment_intent.update", "POST", "payment_intents/{id}", update, UPDATE),
    route("payment_intent.confirm", "POST", "payment_intents/{id}/confirm", confirm, CONFIRM),
    route("payment_intent.capture", "POST", "payment_intents/{id}/capture", capture,
          {"amount_to_capture": integer, "metadata": metadata, "statement_descriptor_suffix": text}),
    route("payment_intent.cancel", "POST", "payment_intents/{id}/cancel", cancel,
          {"cancellation_reason": choice("abandoned", "duplicate", "fraudulent", "requested_by_customer")}),
)  # fmt: skip
