"""/v1/customers and /v1/payment_methods."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe import lists, methods
from sandbox.stripe.account import Account
from sandbox.stripe.cards import BEHAVIOURS
from sandbox.stripe.ids import letters, new_id
from sandbox.stripe.params import (
    ADDRESS,
    PAGE,
    Check,
    anything,
    choice,
    clearable,
    list_of,
    merged,
    metadata,
    shape,
    text,
)
from sandbox.stripe.refused import Refused, missing
from sandbox.stripe.routes import Ask, Route, route

FIELDS: dict[str, Check] = {
    "address": clearable(ADDRESS),
    "description": clearable(text),
    "email": clearable(text),
    "invoice_settings": shape({"default_payment_method": clearable(text)}),
    "metadata": metadata,
    "name": clearable(text),
    "phone": clearable(text),
    "preferred_locales": list_of(text),
    "shipping": anything,
    "tax_exempt": choice("none", "exempt", "reverse"),
}
SIMPLE = ("address", "description", "email", "name", "phone", "preferred_locales", "shipping", "tax_exempt")
CREATE: dict[str, Check] = {**FIELDS, "payment_method": text}


def new_customer(account: Account, params: Any) -> JsonObject:
    """A new customer, told to listeners."""
    doc = {
        "id": new_id("customer"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": account.now(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": letters(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": merged({}, params.get("metadata")),
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        **{name: params[name] for name in SIMPLE if name in params},
    }
    account.objects.add(doc)
    account.emit("customer.created", doc)
    return doc


def create(ask: Ask) -> JsonObject:
    """POST /v1/customers."""
    customer = new_customer(ask.account, ask.params)
    if "payment_method" in ask.params:
        methods.attach(ask.account, methods.resolve(ask.account, ask.params["payment_method"]), customer["id"])
    _set_default(ask, customer)
    return customer


def update(ask: Ask) -> JsonObject:
    """POST /v1/customers/{id}."""
    customer = ask.need("customer")
    changes = {name: ask.params[name] for name in SIMPLE if name in ask.params}
    changes["metadata"] = merged(customer["metadata"], ask.params.get("metadata"))
    previous = ask.account.change(customer, **changes) | _set_default(ask, customer)
    ask.account.emit("customer.updated", customer, previous)
    return customer


def delete(ask: Ask) -> JsonObject:
    """DELETE /v1/customers/{id}: its payment methods are gone too."""
    customer = ask.need("customer")
    for method in ask.account.objects.where("payment_method", "customer = ?", (customer["id"],)):
        _detach(ask.account, method)
    ask.account.objects.drop(customer["id"])
    ask.account.emit("customer.deleted", customer)
    return {"id": customer["id"], "object": "customer", "deleted": True}


def listed(ask: Ask) -> JsonObject:
    """GET /v1/customers."""
    also, values = ("json_extract(doc, '$.email') = ?", [ask.params["email"]]) if "email" in ask.params else ("1", [])
    return lists.page_of(ask.account, "customer", ask.params, "/v1/customers", also=also, values=values)


def create_method(ask: Ask) -> JsonObject:
    """POST /v1/payment_methods."""
    return methods.from_data(ask.account, dict(ask.params))


def attach(ask: Ask) -> JsonObject:
    """POST /v1/payment_methods/{id}/attach: a test name makes a new one."""
    ask.account.objects.need("customer", ask.params["customer"], "customer")
    method = methods.resolve(ask.account, ask.number, "id")
    methods.attach(ask.account, method, ask.params["customer"])
    return method


def detach(ask: Ask) -> JsonObject:
    """POST /v1/payment_methods/{id}/detach."""
    method = ask.need("payment_method")
    if not method["customer"]:
        raise Refused("The payment method you provided is not attached to a customer so detachment is impossible.")
    _detach(ask.account, method)
    return method


def update_method(ask: Ask) -> JsonObject:
    """POST /v1/payment_methods/{id}."""
    method = ask.need("payment_method")
    billing = {**method["billing_details"], **ask.params.get("billing_details", {})}
    metadata_now = merged(method["metadata"], ask.params.get("metadata"))
    previous = ask.account.change(method, billing_details=billing, metadata=metadata_now)
    ask.account.emit("payment_method.updated", method, previous)
    return method


def get_method(ask: Ask) -> JsonObject:
    """GET /v1/payment_methods/{id}."""
    if ask.number in BEHAVIOURS:
        return methods.create(ask.account, ask.number)
    return ask.need("payment_method")


def methods_of_customer(ask: Ask) -> JsonObject:
    """GET /v1/customers/{id}/payment_methods."""
    ask.need("customer")
    equals = {"customer": ask.number, "type": ask.params.get("type")}
    return lists.page_of(
        ask.account, "payment_method", ask.params, f"/v1/customers/{ask.number}/payment_methods", equals
    )


def method_of_customer(ask: Ask) -> JsonObject:
    """GET /v1/customers/{id}/payment_methods/{method}, by the ids joined with a slash."""
    customer, _, number = ask.number.partition("/")
    method = ask.account.objects.need("payment_method", number, "payment_method", in_path=True)
    if method["customer"] != customer:
        raise missing("PaymentMethod", number, "payment_method", in_path=True)
    return method


def listed_methods(ask: Ask) -> JsonObject:
    """GET /v1/payment_methods: those saved to a customer."""
    equals = {"customer": ask.params.get("customer"), "type": ask.params.get("type")}
    also = "customer is not null"
    return lists.page_of(ask.account, "payment_method", ask.params, "/v1/payment_methods", equals, also=also)


def _set_default(ask: Ask, customer: JsonObject) -> JsonObject:
    if "invoice_settings" not in ask.params:
        return {}
    number = ask.params["invoice_settings"].get("default_payment_method")
    if number:
        method = ask.account.objects.need("payment_method", number, "invoice_settings[default_payment_method]")
        if method["customer"] != customer["id"]:
            raise Refused(
                f"The customer does not have a payment method with the ID {number}. The payment method must be "
                "attached to the customer.",
                code="resource_missing",
                param="invoice_settings[default_payment_method]",
            )
    settings = {**customer["invoice_settings"], "default_payment_method": number}
    return ask.account.change(customer, invoice_settings=settings)


def _detach(account: Account, method: JsonObject) -> None:
    previous = account.change(method, customer=None)
    account.objects.note(method["id"], detached=True)
    account.emit("payment_method.detached", method, previous)


ROUTES: tuple[Route, ...] = (
    route("customer.create", "POST", "customers", create, CREATE),
    route("customer.list", "GET", "customers", listed, {**PAGE, "email": text}),
    route("customer.get", "GET", "customers/{id}", lambda ask: ask.need("customer")),
    route("customer.update", "POST", "customers/{id}", update, FIELDS),
    route("customer.delete", "DELETE", "customers/{id}", delete),
    route("customer.methods", "GET", "customers/{id}/payment_methods", methods_of_customer, {**PAGE, "type": text}),
    route("customer.method", "GET", "customers/{id}/payment_methods/{method}", method_of_customer),
    route("payment_method.create", "POST", "payment_methods", create_method, methods.DATA, required=("type",)),
    route("payment_method.list", "GET", "payment_methods", listed_methods, {**PAGE, "customer": text, "type": text}),
    route("payment_method.get", "GET", "payment_methods/{id}", get_method),
    route("payment_method.update", "POST", "payment_methods/{id}", update_method,
          {"billing_details": methods.BILLING, "metadata": metadata}),
    route("payment_method.attach", "POST", "payment_methods/{id}/attach", attach, {"customer": text}, required=("customer",)),
    route("payment_method.detach", "POST", "payment_methods/{id}/detach", detach),
)  # fmt: skip
