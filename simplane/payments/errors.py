"""Refusals of payments, and how a call to Stripe can end other than well."""

from __future__ import annotations

from simplane.core.errors import Refusal


class NoPaymentService(Refusal):
    """Card payments are not set up here."""

    code = "no_payment_service"
    status = 409


class BadTopUp(Refusal):
    """This amount can not be paid in."""

    code = "bad_top_up"


class TopUpKeyReused(Refusal):
    """This key was used for another top-up."""

    code = "key_reused"
    status = 400


class NotRefundable(Refusal):
    """So much of this top-up can not be given back."""

    code = "top_up_not_refundable"
    status = 409


class NotNeeded(Refusal):
    """Nothing is to be charged now: the rule is off, its payment is under way, or the wallet is above the threshold."""

    code = "top_up_not_needed"
    status = 409


class TopUpHeld(Refusal):
    """An automatic top-up that would be due is not made."""

    code = "top_up_held"
    status = 409


class NotDecidable(Refusal):
    """This was decided already."""

    code = "not_decidable"
    status = 409


class FourEyes(Refusal):
    """Who entered it does not approve it."""

    code = "four_eyes"
    status = 403


class CallFailed(Exception):
    """Stripe did not do what was asked. `code` and `param` are Stripe's, or empty; the text may be shown to our staff."""

    def __init__(self, message: str, *, code: str = "", param: str = "", intent_id: str = "") -> None:
        self.code, self.param = code, param
        self.intent_id = intent_id
        super().__init__(message[:300])


class CallUnknown(CallFailed):
    """It may have been done: no whole answer. The same again under the same key is safe."""


class CallStuck(CallFailed):
    """It may have been done, and the same key answers nothing else any more: only a look tells."""


class CallLater(CallFailed):
    """Surely not done: too many calls, or the same one is still under way."""


class CallRefused(CallFailed):
    """Surely not done, and the same again would end the same."""


class CallBlocked(CallFailed):
    """Surely not done: our key is not accepted."""
