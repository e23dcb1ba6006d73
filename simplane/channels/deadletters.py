"""Why something about a shop can stand in the queue of dead letters, and what is safe to do about it."""

from __future__ import annotations

from simplane.channels import refunds, shops, writeback
from simplane.channels.models import Shop
from simplane.core import jobs
from simplane.core.db import transaction
from simplane.core.deadletters import ActionRefused, Cause, SafeAction, register_action, register_cause
from simplane.core.models import DeadLetter
from simplane.ordering import actions as ordering


def _about(letter: DeadLetter, kind: str) -> int:
    if letter.kind != kind:
        raise ActionRefused(f"this is about no {kind}", fix="choose another action")
    return int(letter.subject_id)


def _shop(letter: DeadLetter) -> Shop:
    found = Shop.objects.filter(key=letter.subject_id).first()
    if found is None:
        raise ActionRefused("this shop is not known any more", fix="close the letter")
    return found


def _retry_write_back(letter: DeadLetter) -> None:
    writeback.retry(_about(letter, "writeback"))


def _write_back_done(letter: DeadLetter) -> None:
    writeback.mark_done(_about(letter, "writeback"))


def _approve(letter: DeadLetter) -> None:
    refunds.decide(_about(letter, "refund"), approve=True)


def _decline(letter: DeadLetter) -> None:
    refunds.decide(_about(letter, "refund"), approve=False)


def _retry_refund(letter: DeadLetter) -> None:
    refunds.retry(_about(letter, "refund"))


def _refund_done(letter: DeadLetter) -> None:
    refunds.mark_done(_about(letter, "refund"))


def _resume(letter: DeadLetter) -> None:
    shops.resume_shop(_shop(letter).pk)


def _compare(letter: DeadLetter) -> None:
    with transaction():
        jobs.enqueue("channels.reconcile", shop_id=_shop(letter).pk, kind="full")


def _check_subscriptions(letter: DeadLetter) -> None:
    with transaction():
        jobs.enqueue("channels.check_subscriptions", shop_id=_shop(letter).pk)


def _release(letter: DeadLetter) -> None:
    if letter.order_id is None:
        raise ActionRefused("this is about no order", fix="close the letter")
    ordering.release_order(letter.order_id)


def _close(letter: DeadLetter) -> None:
    """`perform` closes the letter; nothing else is to be done."""


ACTIONS = (
    SafeAction(
        name="writeback_retry",
        label="Try again",
        explain="Reads the order at the shop first; what is fulfilled there already is not fulfilled twice.",
        run=_retry_write_back,
        resolves=False,
    ),
    SafeAction(
        name="writeback_done",
        label="Done by hand",
        explain="You marked the eSIM lines as fulfilled in the shop's own admin. Nothing is sent.",
        run=_write_back_done,
    ),
    SafeAction(
        name="refund_approve",
        label="Refund",
        explain="Gives this amount back at the shop, to the way the buyer paid, and mails the buyer.",
        run=_approve,
    ),
    SafeAction(
        name="refund_decline",
        label="Do not refund",
        explain="Declines the proposal. Units that are owed stay owed.",
        run=_decline,
    ),
    SafeAction(
        name="refund_retry",
        label="Try again",
        explain="Looks at the order's refunds first; a refund of ours that is there already is not made twice.",
        run=_retry_refund,
        resolves=False,
    ),
    SafeAction(
        name="refund_done",
        label="Refunded by hand",
        explain="You gave the money back in the shop's own admin. Nothing is sent.",
        run=_refund_done,
    ),
    SafeAction(
        name="shop_resume",
        label="Resume the shop",
        explain="Calls the shop again, with a new access token. What waited for it goes on at once.",
        run=_resume,
    ),
    SafeAction(
        name="shop_compare",
        label="Compare again",
        explain="Reads the shop's orders of the last days again and takes in what is missing.",
        run=_compare,
        resolves=False,
    ),
    SafeAction(
        name="shop_check_subscriptions",
        label="Check again",
        explain="Lists the webhook subscriptions and makes the missing ones again. None is removed.",
        run=_check_subscriptions,
        resolves=False,
    ),
    SafeAction(
        name="order_release",
        label="Release the order",
        explain="Goes on buying what this order still owes.",
        run=_release,
        bulk=False,
    ),
    SafeAction(
        name="shop_close",
        label="Done",
        explain="You did what was to be done. Closes the letter; the audit trail keeps who did.",
        run=_close,
    ),
)
CAUSES = (
    Cause(
        "shop_blocked",
        "The shop refuses us",
        "Wrong or rotated key, frozen or locked shop. Nothing is written back or refunded meanwhile; orders still come"
        " in. The shop is asked every hour and goes on by itself when it answers.",
        ("shop_resume",),
    ),
    Cause(
        "shop_uninstalled",
        "The app was removed",
        "The merchant removed the app; its data is kept until the shop asks for erasure. Resume after it is installed"
        " again.",
        ("shop_resume", "shop_close"),
    ),
    Cause(
        "shop_scope_missing",
        "A permission is missing at the shop",
        "The app lacks an access scope or the approval for customer data. Grant it in the shop's admin; what waits is"
        " tried again every hour.",
        ("shop_close",),
    ),
    Cause(
        "writeback_refused",
        "The shop refused our fulfilment",
        "The eSIM is with the buyer, but the shop does not show the line as fulfilled.",
        ("writeback_retry", "writeback_done"),
    ),
    Cause(
        "writeback_external",
        "Another service fulfils these lines",
        "The eSIM lines are assigned to a fulfilment service, which alone may fulfil them. Assign the product to your"
        " own location in the shop, then try again.",
        ("writeback_done", "writeback_retry"),
    ),
    Cause(
        "writeback_keeps_failing",
        "The shop can not be told",
        "Several attempts failed; they go on by themselves.",
        ("writeback_retry", "writeback_done"),
    ),
    Cause(
        "refund_proposed",
        "A refund is proposed",
        "By the delivery clock, because eSIMs were not delivered in time (the amount is what the shop itself suggests for"
        " them, and the proposal goes away when they are delivered after all), or by a person.",
        ("refund_approve", "refund_decline"),
    ),
    Cause(
        "refund_refused",
        "The shop refused the refund",
        "No money went back by this call. The problem says why; it may have been given back by hand.",
        ("refund_retry", "refund_done"),
    ),
    Cause(
        "refund_key_mismatch",
        "The refund's key was used otherwise",
        "A fault of ours: the same key came with other figures. Look at the order's refunds in the shop first.",
        ("refund_done", "refund_retry"),
    ),
    Cause(
        "refund_keeps_failing",
        "The refund does not get through",
        "Several attempts failed; they go on by themselves under the same key, so money moves once.",
        ("refund_retry", "refund_done"),
    ),
    Cause(
        "refund_without_units",
        "Money back without an item",
        "The shop paid back an amount and named no line. No eSIM was touched: cancel the unit it was meant for on the"
        " order's page, or leave it.",
        ("shop_close",),
    ),
    Cause(
        "payment_disputed",
        "The buyer disputes the payment",
        "The order is held where it still owes something. The order's page makes the evidence file to send in the shop's"
        " admin, gives the eSIMs back where that is still possible, and lets the buyer's next orders wait.",
        ("shop_close", "order_release"),
    ),
    Cause(
        "reconciliation_unbalanced",
        "Shop and we disagree",
        "Orders at the shop are not orders here plus named exceptions. The proof names those that do not fit.",
        ("shop_compare",),
    ),
    Cause(
        "reconciliation_failed",
        "The shop could not be compared",
        "The run stopped before the last page; the next one begins where this one did, so nothing is skipped.",
        ("shop_compare",),
    ),
    Cause(
        "subscriptions_unchecked",
        "Webhook subscriptions not checked",
        "Webhooks may be missing; the hourly comparison finds what they would have told.",
        ("shop_check_subscriptions",),
    ),
    Cause(
        "privacy_data_request",
        "A buyer asks for their data",
        "Send the merchant what we hold about this person within 30 days: the customer's page shows all of it.",
        ("shop_close",),
    ),
)


def register() -> None:
    """Make causes and actions known; called once by `config/wiring.py`."""
    for action in ACTIONS:
        register_action(action)
    for one in CAUSES:
        register_cause(one)
