"""Payment methods: made from test names, card numbers or IBANs; saved to customers."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe.account import Account
from sandbox.stripe.cards import BEHAVIOURS, IBANS, NUMBERS, Behaviour
from sandbox.stripe.ids import letters, new_id
from sandbox.stripe.params import ADDRESS, Check, choice, clearable, integer, metadata, shape, text
from sandbox.stripe.refused import Refused, missing

BILLING: Check = shape(
    {
        "address": clearable(ADDRESS),
        "email": clearable(text),
        "name": clearable(text),
        "phone": clearable(text),
        "tax_id": clearable(text),
    }
)
DATA: dict[str, Check] = {
    "type": choice("card", "sepa_debit"),
    "card": shape({"number": text, "exp_month": integer, "exp_year": integer, "cvc": text, "token": text}),
    "sepa_debit": shape({"iban": text}, required=("iban",)),
    "billing_details": BILLING,
    "allow_redisplay": choice("always", "limited", "unspecified"),
    "metadata": metadata,
}
METHOD_DATA: Check = shape(DATA, required=("type",))
NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
NO_BILLING = {"address": NO_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None}


def from_data(account: Account, data: dict[str, Any]) -> JsonObject:
    """A new payment method from what a form collected. Raises Refused for a number that is no test number."""
    kind = data["type"]
    if kind == "sepa_debit":
        iban = data.get("sepa_debit", {}).get("iban", "").replace(" ", "").upper()
        name, param = IBANS.get(iban), "sepa_debit[iban]"
    else:
        card = data.get("card", {})
        token = card.get("token", "").replace("tok_", "pm_card_", 1)
        name = NUMBERS.get(card.get("number", "").replace(" ", "")) or (token if token in BEHAVIOURS else None)
        param = "card[number]"
    if name is None:
        raise Refused(
            "Your card number is incorrect.", status=402, kind="card_error", code="incorrect_number", param=param
        )
    return create(account, name, data)


def create(account: Account, name: str, data: dict[str, Any] | None = None) -> JsonObject:
    """A new payment method that acts as the test method of that name."""
    data = data or {}
    behaviour = BEHAVIOURS[name]
    doc = {
        "id": new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": data.get("allow_redisplay", "unspecified"),
        "billing_details": {**NO_BILLING, **data.get("billing_details", {})},
        behaviour.kind: _bank(behaviour) if behaviour.kind == "sepa_debit" else _card(behaviour, data.get("card", {})),
        "created": account.now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {key: value for key, value in data.get("metadata", {}).items() if value},
        "type": behaviour.kind,
    }
    return account.objects.add(doc, {"behaviour": name})


def resolve(account: Account, number: str, param: str = "payment_method") -> JsonObject:
    """A saved payment method, or a fresh one for a test name. Raises Refused."""
    if number in BEHAVIOURS:
        return create(account, number)
    found = account.objects.find(number, "payment_method")
    if found is None:
        raise missing("PaymentMethod", number, param)
    return found


def behaviour_of(account: Account, method: JsonObject) -> Behaviour:
    """How a payment method acts."""
    return BEHAVIOURS[account.objects.aside(method["id"])["behaviour"]]


def attach(account: Account, method: JsonObject, customer: str) -> None:
    """Save it to a customer, for good: a payment method never moves to another one. Raises Refused."""
    if method["customer"] == customer:
        return
    if method["customer"] or account.objects.aside(method["id"]).get("detached"):
        raise Refused(
            "The payment method you provided has already been attached to a customer."
            if method["customer"]
            else "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again.",
            code="payment_method_unexpected_state" if method["customer"] else None,
            param="payment_method",
        )
    behaviour = behaviour_of(account, method)
    if behaviour.attach_fails:
        raise card_error(behaviour, keeps=False)
    account.change(method, customer=customer)
    account.emit("payment_method.attached", method)


def set_up_for_later(account: Account, method: JsonObject) -> None:
    """The buyer has authenticated: payments without the buyer will not ask again, where the card allows that."""
    account.objects.note(method["id"], set_up=True)


def must_authenticate(account: Account, method: JsonObject) -> bool:
    """Does a payment with it need the buyer's authentication?"""
    asks = behaviour_of(account, method).asks
    return asks == "always" or (asks == "unless_set_up" and not account.objects.aside(method["id"]).get("set_up"))


def card_error(behaviour: Behaviour, *, keeps: bool, charge: str | None = None) -> Refused:
    """The 402 of a declined card."""
    return Refused(
        behaviour.message,
        status=402,
        kind="card_error",
        code=behaviour.code,
        decline_code=behaviour.decline if behaviour.code == "card_declined" else None,
        keeps=keeps,
        charge=charge,
    )


def payment_details(account: Account, method: JsonObject) -> JsonObject:
    """payment_method_details of a charge."""
    behaviour = behaviour_of(account, method)
    if behaviour.kind == "sepa_debit":
        return {"sepa_debit": {**_bank(behaviour), "mandate": None}, "type": "sepa_debit"}
    card = method["card"]
    taken = {
        name: card[name] for name in ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    }
    rest = {"installments": None, "mandate": None, "network": card["brand"], "three_d_secure": None, "wallet": None}
    return {"card": {**taken, **rest, "checks": card["checks"]}, "type": "card"}


def _card(behaviour: Behaviour, given: dict[str, Any]) -> JsonObject:
    return {
        "brand": behaviour.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": behaviour.country,
        "display_brand": behaviour.brand,
        "exp_month": given.get("exp_month", 8),
        "exp_year": given.get("exp_year", 2034),
        "fingerprint": f"fp{behaviour.last4}{behaviour.brand}",
        "funding": behaviour.funding,
        "generated_from": None,
        "last4": behaviour.last4,
        "networks": {"available": [behaviour.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _bank(behaviour: Behaviour) -> JsonObject:
    return {
        "bank_code": "19043",
        "branch_code": "",
        "country": behaviour.country,
        "fingerprint": f"fp{behaviour.last4}{letters(8)}",
        "last4": behaviour.last4,
    }
