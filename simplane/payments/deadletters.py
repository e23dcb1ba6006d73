"""Why something about payments can stand in the queue of dead letters, and what is safe to do about it."""

from __future__ import annotations

from simplane.core.deadletters import ActionRefused, Cause, SafeAction, register_action, register_cause
from simplane.core.errors import Refusal
from simplane.core.models import DeadLetter
from simplane.payments import payouts, step
from simplane.payments.errors import CallFailed
from simplane.payments.gateway import Gateway
from simplane.payments.models import Payout, StripeAccount, TopUp


class StillBlocked(Refusal):
    """Stripe still does not accept our key."""

    code = "stripe_blocked"
    status = 409


class NoAnswer(Refusal):
    """Stripe does not answer now."""

    code = "no_answer"
    status = 409


def _check_key(letter: DeadLetter) -> None:
    account = StripeAccount.objects.filter(key=letter.subject_id).first()
    if account is None:
        raise ActionRefused("this account is gone", fix="close the letter")
    try:
        Gateway(account).balance()
    except CallFailed as failed:
        raise StillBlocked(str(failed), fix="put a valid key into the setup file and load it") from failed


def _look(letter: DeadLetter) -> None:
    found = TopUp.objects.filter(public_id=letter.subject_id).first()
    if found is None:
        raise ActionRefused("this is about no top-up", fix="close the letter")
    step.want_look(found.pk)


def _match(letter: DeadLetter) -> None:
    found = Payout.objects.filter(stripe_id=letter.subject_id).first()
    if found is None:
        raise ActionRefused("this is about no payout", fix="close the letter")
    payouts.match_again(found.pk)


def _read(letter: DeadLetter) -> None:
    try:
        payouts.read(letter.detail["account"], letter.subject_id)
    except CallFailed as failed:
        raise NoAnswer(str(failed), fix="try again in a minute") from failed


def _close(letter: DeadLetter) -> None:
    """`perform` closes the letter. A payout by hand is settled by it, for nobody but a person knows what it was."""
    if letter.cause == "payout_difference":
        payouts.settle(letter.subject_id)


ACTIONS = (
    SafeAction(
        name="stripe_check",
        label="Check the key again",
        explain="Asks Stripe for its balance. Top-ups that waited go on by themselves.",
        run=_check_key,
    ),
    SafeAction(
        name="top_up_look",
        label="Look again",
        explain="Reads the payment at Stripe again. Money is credited only when it fits the top-up.",
        run=_look,
        resolves=False,
    ),
    SafeAction(
        name="payout_match",
        label="Match again",
        explain="Reads the payout's movements again and compares each with the ledger.",
        run=_match,
        resolves=False,
    ),
    SafeAction(
        name="payout_read",
        label="Read it again",
        explain="Reads the payout at Stripe again, posts it and compares it with the ledger.",
        run=_read,
    ),
    SafeAction(
        name="payments_close",
        label="Done",
        explain="You did what was to be done. Closes the letter; the audit trail keeps who did.",
        run=_close,
    ),
)
CAUSES = (
    Cause(
        "stripe_blocked",
        "Stripe does not accept our key",
        "No card payment can be taken or given back until a valid key is loaded.",
        ("stripe_check",),
    ),
    Cause(
        "payment_unexplained",
        "A payment that does not fit its top-up",
        "Money arrived at Stripe, but its amount, mode or owner is not what was asked. Nobody was credited.",
        ("top_up_look", "payments_close"),
    ),
    Cause(
        "top_up_disputed",
        "A top-up is disputed",
        "The payer's bank took the money back, or asks why. The wallet has paid for it. Answer with evidence at Stripe.",
        ("payments_close",),
    ),
    Cause(
        "wallet_overdrawn",
        "A wallet is below its limit",
        "Money that was spent already went back to its payer. New orders are refused until the wallet is covered.",
        ("payments_close",),
    ),
    Cause(
        "top_up_refund_failed",
        "A refund came back",
        "The payer's bank did not take it. The wallet has the money again; the payer has none: agree on another way.",
        ("payments_close",),
    ),
    Cause(
        "payout_difference",
        "A payout does not match our ledger",
        "The named movements are not in our books as Stripe reports them: a payment made at Stripe by hand, or a fault.",
        ("payout_match", "payments_close"),
    ),
    Cause(
        "payout_unread",
        "A payout can not be taken in",
        "To post it, or to compare it with the ledger, ended in a fault. Until then the ledger says it still lies at Stripe.",
        ("payout_read", "payments_close"),
    ),
    Cause(
        "stripe_unread",
        "Missed news of Stripe's can not be fetched",
        "Stripe answers, but its answer can not be taken in. It is tried every hour and this closes when it went well.",
        ("payments_close",),
    ),
)


def register() -> None:
    """Make them known; called by the wiring."""
    for action in ACTIONS:
        register_action(action)
    for cause in CAUSES:
        register_cause(cause)
