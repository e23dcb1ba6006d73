"""The life of a payment intent: confirmed, authenticated, declined, processed, captured, cancelled."""

from sandbox.kit.books import JsonObject
from sandbox.stripe import charges, disputes, methods
from sandbox.stripe.account import Account
from sandbox.stripe.refused import Refused

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELLABLE = (*OPEN, "requires_capture", "processing")
AUTHENTICATION = "This payment required an authentication action to complete, but `error_on_requires_action` was set."
OFF_SESSION = "Your card was declined. This transaction requires authentication."
NOT_AUTHENTICATED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)
FAILED_LATER = "The payment attempt failed because the bank account refused it."


def unexpected_state(intent: JsonObject, message: str) -> Refused:
    """400: not in this state."""
    return Refused(message, code="payment_intent_unexpected_state", payment_intent=intent)


def confirm(account: Account, intent: JsonObject, method: JsonObject | None, *, off_session: bool = False) -> None:
    """Try to take the money. Raises Refused: a decline is kept, everything else changed nothing."""
    if intent["status"] not in OPEN:
        raise unexpected_state(
            intent,
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be confirmed: " + ", ".join(OPEN) + ".",
        )
    if method is None:
        raise unexpected_state(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken.",
        )
    check_owner(intent, method)
    account.change(intent, payment_method=method["id"], last_payment_error=None, next_action=None)
    if methods.must_authenticate(account, method):
        _ask_buyer(account, intent, method, off_session=off_session)
    else:
        attempt(account, intent, method)


def check_owner(intent: JsonObject, method: JsonObject) -> None:
    """A saved payment method works only for the customer it was saved to. Raises Refused."""
    owner = method["customer"]
    if owner and owner != intent["customer"]:
        raise Refused(
            "The provided PaymentMethod belongs to another Customer, or the intent names none: include its Customer "
            "in the `customer` parameter.",
            param="payment_method",
        )
    if method["type"] not in intent["payment_method_types"]:
        raise Refused(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent. Please attach a "
            f"PaymentMethod of one of the following types: {', '.join(intent['payment_method_types'])}.",
            param="payment_method",
        )


def _ask_buyer(account: Account, intent: JsonObject, method: JsonObject, *, off_session: bool) -> None:
    if off_session:
        behaviour = methods.behaviour_of(account, method)
        charge = charges.open_charge(account, intent, method, "failed", captured=False)
        error = Refused(
            OFF_SESSION,
            status=402,
            kind="card_error",
            code="authentication_required",
            decline_code="authentication_required",
            keeps=True,
            charge=charge["id"],
        )
        charges.fail(account, charge, error, behaviour)
        raise failed(account, intent, error, charge["id"])
    page = f"{account.base}/3ds/{intent['id']}"
    redirect = {"return_url": account.objects.aside(intent["id"]).get("return_url"), "url": page}
    action = {"redirect_to_url": redirect, "type": "redirect_to_url"}
    account.change(intent, status="requires_action", next_action=action)
    account.emit("payment_intent.requires_action", intent)


def authenticate(account: Account, intent: JsonObject, *, passed: bool) -> None:
    """The buyer's answer to the authentication. Raises Refused: when it failed, and when the card is declined then."""
    if intent["status"] != "requires_action":
        raise unexpected_state(intent, "This PaymentIntent does not wait for an authentication.")
    method = account.objects.need("payment_method", intent["payment_method"], "payment_method")
    account.change(intent, next_action=None)
    if passed:
        if intent["setup_future_usage"] == "off_session":
            methods.set_up_for_later(account, method)
        attempt(account, intent, method)
        return
    error = Refused(NOT_AUTHENTICATED, code="payment_intent_authentication_failure", keeps=True)
    raise failed(account, intent, error, None)


def attempt(account: Account, intent: JsonObject, method: JsonObject) -> None:
    """Charge now, or begin a payment that settles later. Raises Refused (kept) for a decline."""
    behaviour = methods.behaviour_of(account, method)
    if behaviour.code:
        charge = charges.open_charge(account, intent, method, "failed", captured=False)
        error = methods.card_error(behaviour, keeps=True, charge=charge["id"])
        charges.fail(account, charge, error, behaviour)
        raise failed(account, intent, error, charge["id"])
    if behaviour.later is not None:
        charge = charges.open_charge(account, intent, method, "pending", captured=True)
        account.change(intent, status="processing", latest_charge=charge["id"], processing=None)
        account.emit("charge.pending", charge)
        account.emit("payment_intent.processing", intent)
        seconds = behaviour.later or account.settings.number("async_seconds")
        account.later(seconds, "finish_payment", intent["id"], then=behaviour.then)
        return
    manual = intent["capture_method"] == "manual"
    charge = charges.open_charge(account, intent, method, "succeeded", captured=not manual)
    account.change(intent, latest_charge=charge["id"])
    account.emit("charge.succeeded", charge)
    if manual:
        account.change(intent, status="requires_capture", amount_capturable=intent["amount"])
        account.emit("payment_intent.amount_capturable_updated", intent)
    else:
        succeed(account, intent, charge)


def succeed(account: Account, intent: JsonObject, charge: JsonObject) -> None:
    """The money is there."""
    account.change(intent, status="succeeded", amount_received=charge["amount_captured"], amount_capturable=0)
    account.emit("payment_intent.succeeded", intent)
    charges.settle_soon(account, charge, intent["capture_method"])
    method = account.objects.need("payment_method", charge["payment_method"], "payment_method")
    if intent["setup_future_usage"] and intent["customer"]:
        methods.attach(account, method, intent["customer"])
    elif not method["customer"]:
        account.objects.note(method["id"], detached=True)
    behaviour = methods.behaviour_of(account, method)
    if behaviour.dispute:
        disputes.open_dispute(account, charge, behaviour.dispute, inquiry=behaviour.inquiry)


def failed(account: Account, intent: JsonObject, error: Refused, charge: str | None) -> Refused:
    """Back to the start: the same intent may still succeed. Returns the error completed for the caller to raise."""
    method = account.objects.find(intent["payment_method"] or "", "payment_method")
    shown = {**error.error, "payment_method": method}
    shown.pop("param", None)
    account.change(
        intent,
        status="requires_payment_method",
        payment_method=None,
        last_payment_error=shown,
        latest_charge=charge or intent["latest_charge"],
    )
    account.emit("payment_intent.payment_failed", intent)
    error.error.update(payment_method=method, payment_intent=intent)
    return error


def finish_processing(account: Account, intent: JsonObject, then: str) -> None:
    """A payment that was processing has come to its end: succeeded or failed."""
    if intent["status"] != "processing":
        return
    charge = account.objects.need("charge", intent["latest_charge"], "charge")
    if then == "succeeded":
        account.change(
            charge,
            status="succeeded",
            paid=True,
            captured=True,
            amount_captured=charge["amount"],
            receipt_url=f"{account.base}/receipts/{charge['id']}",
        )
        account.emit("charge.succeeded", charge)
        succeed(account, intent, charge)
        return
    method = account.objects.need("payment_method", charge["payment_method"], "payment_method")
    error = Refused(FAILED_LATER, code="payment_intent_payment_attempt_failed", charge=charge["id"], keeps=True)
    charges.fail(account, charge, error, methods.behaviour_of(account, method))
    failed(account, intent, error, charge["id"])


def capture(account: Account, intent: JsonObject, amount: int | None) -> None:
    """Take what was authorised, or a part; the rest is released. Raises Refused."""
    if intent["status"] != "requires_capture":
        raise unexpected_state(
            intent,
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be captured: requires_capture.",
        )
    amount = intent["amount_capturable"] if amount is None else amount
    if not 0 < amount <= intent["amount_capturable"]:
        raise Refused(
            f"The amount_to_capture must be between 1 and the amount_capturable ({intent['amount_capturable']}).",
            code="amount_too_large" if amount > 0 else "parameter_invalid_integer",
            param="amount_to_capture",
        )
    charge = account.objects.need("charge", intent["latest_charge"], "charge")
    previous = account.change(charge, captured=True, amount_captured=amount)
    account.emit("charge.captured", charge, previous)
    succeed(account, intent, charge)


def cancel(account: Account, intent: JsonObject, reason: str | None) -> None:
    """No money will be taken; what was authorised is released. Raises Refused."""
    if intent["status"] not in CANCELLABLE:
        raise unexpected_state(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            "with one of the following statuses may be canceled: " + ", ".join(CANCELLABLE) + ".",
        )
    if intent["status"] == "processing":
        account.forget_later("finish_payment", intent["id"])
    if intent["status"] == "requires_capture":
        charge = account.objects.need("charge", intent["latest_charge"], "charge")
        previous = account.change(charge, refunded=True, amount_refunded=charge["amount"])
        account.emit("charge.refunded", charge, previous)
    account.change(
        intent,
        status="canceled",
        canceled_at=account.now(),
        cancellation_reason=reason,
        amount_capturable=0,
        next_action=None,
    )
    account.emit("payment_intent.canceled", intent)
