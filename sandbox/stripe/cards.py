"""Test payment methods and what becomes of a payment with them. https://docs.stripe.com/testing"""

from dataclasses import dataclass

DECLINED = "Your card was declined."
ASYNC_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a test payment method acts.

    `code` and `decline` name a refusal of the charge; `attach_fails` refuses already when it is saved.
    `asks` is when the buyer must authenticate: never, always, or unless it was set up for later use.
    `later` makes a payment settle after that many seconds, `then` says how.
    """

    last4: str = "4242"
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    kind: str = "card"
    code: str | None = None
    decline: str | None = None
    message: str = DECLINED
    attach_fails: bool = False
    asks: str = "never"
    later: float | None = None
    then: str = "succeeded"
    refund: str = "succeeded"
    dispute: str | None = None
    inquiry: bool = False
    available_now: bool = False


def declines(last4: str, decline: str, message: str = DECLINED, code: str = "card_declined") -> Behaviour:
    """A card that is refused when charged, and when saved."""
    return Behaviour(last4=last4, code=code, decline=decline, message=message, attach_fails=True)


def sepa(last4: str, then: str = "succeeded", later: float = 0.0, dispute: str | None = None) -> Behaviour:
    """A bank account: payments are `processing` first."""
    return Behaviour(
        last4=last4,
        brand="",
        country="AT",
        kind="sepa_debit",
        later=later,
        then=then,
        refund="pending",
        dispute=dispute,
    )


FUNDS = "Your card has insufficient funds."
EXPIRED = "Your card has expired."
CVC = "Your card's security code is incorrect."
PROCESSING = "An error occurred while processing your card. Try again in a little bit."
BEHAVIOURS: dict[str, Behaviour] = {
    "pm_card_visa": Behaviour(),
    "pm_card_visa_debit": Behaviour("5556", funding="debit"),
    "pm_card_mastercard": Behaviour("4444", "mastercard"),
    "pm_card_amex": Behaviour("8431", "amex"),
    "pm_card_de": Behaviour("0016", country="DE"),
    "pm_card_chargeDeclined": declines("0002", "generic_decline"),
    "pm_card_visa_chargeDeclined": declines("0002", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": declines("9995", "insufficient_funds", FUNDS),
    "pm_card_visa_chargeDeclinedInsufficientFunds": declines("9995", "insufficient_funds", FUNDS),
    "pm_card_chargeDeclinedLostCard": declines("9987", "lost_card"),
    "pm_card_visa_chargeDeclinedLostCard": declines("9987", "lost_card"),
    "pm_card_visa_chargeDeclinedStolenCard": declines("9979", "stolen_card"),
    "pm_card_chargeDeclinedStolenCard": declines("9979", "stolen_card"),
    "pm_card_chargeDeclinedFraudulent": declines("0019", "fraudulent"),
    "pm_card_chargeDeclinedExpiredCard": declines("0069", "expired_card", EXPIRED, "expired_card"),
    "pm_card_chargeDeclinedIncorrectCvc": declines("0127", "incorrect_cvc", CVC, "incorrect_cvc"),
    "pm_card_chargeDeclinedProcessingError": declines("0119", "processing_error", PROCESSING, "processing_error"),
    "pm_card_chargeCustomerFail": Behaviour("0341", code="card_declined", decline="generic_decline"),
    "pm_card_authenticationRequired": Behaviour("3184", asks="always"),
    "pm_card_authenticationRequiredOnSetup": Behaviour("3155", asks="unless_set_up"),
    "pm_card_threeDSecure2Required": Behaviour("3220", asks="unless_set_up"),
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": Behaviour(
        "8260", asks="always", code="card_declined", decline="insufficient_funds", message=FUNDS
    ),
    "pm_card_createDispute": Behaviour("0259", dispute="fraudulent"),
    "pm_card_createDisputeProductNotReceived": Behaviour("2685", dispute="product_not_received"),
    "pm_card_createDisputeInquiry": Behaviour("1976", dispute="general", inquiry=True),
    "pm_card_pendingRefund": Behaviour("7726", refund="pending"),
    "pm_card_refundFail": Behaviour("5126", refund="fails"),
    "pm_card_bypassPending": Behaviour("0077", available_now=True),
    "pm_sepa_debit_success": sepa("3201"),
    "pm_sepa_debit_success_delayed": sepa("3204", later=ASYNC_SECONDS),
    "pm_sepa_debit_fail": sepa("3202", then="failed"),
    "pm_sepa_debit_fail_delayed": sepa("3205", then="failed", later=ASYNC_SECONDS),
    "pm_sepa_debit_dispute": sepa("3203", dispute="debit_not_authorized"),
}
# https://docs.stripe.com/payments/sepa-debit/accept-a-payment#test-integration
IBANS = {
    "AT611904300234573201": "pm_sepa_debit_success",
    "AT321904300235473204": "pm_sepa_debit_success_delayed",
    "AT861904300235473202": "pm_sepa_debit_fail",
    "AT051904300235473205": "pm_sepa_debit_fail_delayed",
    "AT591904300235473203": "pm_sepa_debit_dispute",
}
NUMBERS = {
    "4242424242424242": "pm_card_visa",
    "5555555555554444": "pm_card_mastercard",
    "4000002760000016": "pm_card_de",
    "4000000000000002": "pm_card_chargeDeclined",
    "4000000000009995": "pm_card_chargeDeclinedInsufficientFunds",
    "4000000000000069": "pm_card_chargeDeclinedExpiredCard",
    "4000000000000341": "pm_card_chargeCustomerFail",
    "4000002760003184": "pm_card_authenticationRequired",
    "4000002500003155": "pm_card_authenticationRequiredOnSetup",
    "4000000000003220": "pm_card_threeDSecure2Required",
    "4000000000000259": "pm_card_createDispute",
    "4000000000001976": "pm_card_createDisputeInquiry",
    "4000000000007726": "pm_card_pendingRefund",
    "4000000000005126": "pm_card_refundFail",
    "4000000000000077": "pm_card_bypassPending",
}
