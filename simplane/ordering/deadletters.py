"""What can go wrong with a unit, in words for the operator, and what is safe to do about it."""

from __future__ import annotations

from simplane.core import inbox, jobs
from simplane.core.db import transaction
from simplane.core.deadletters import ActionRefused, Cause, SafeAction, register_action, register_cause
from simplane.core.models import DeadLetter
from simplane.ordering import actions
from simplane.ordering.models import Compensation


def _retry_unit(letter: DeadLetter) -> None:
    actions.retry_unit(_unit(letter), reason="tried again from the stuck queue")


def _fail_unit(letter: DeadLetter) -> None:
    actions.cancel_unit(_unit(letter), "given up from the stuck queue")


def _unit(letter: DeadLetter) -> int:
    if letter.kind != "unit":
        raise ActionRefused("this is not about one unit", fix="choose another action")
    return int(letter.subject_id)


def _replay_message(letter: DeadLetter) -> None:
    inbox.replay(int(letter.subject_id))


def _rerun_job(letter: DeadLetter) -> None:
    name, arguments = letter.detail.get("job"), letter.detail.get("arguments")
    if name not in jobs.registered() or not isinstance(arguments, dict):
        raise ActionRefused("this job is not known any more", fix="close the letter")
    with transaction():
        jobs.enqueue(name, **arguments)


def _compensate_again(letter: DeadLetter) -> None:
    with transaction():
        Compensation.objects.filter(pk=int(letter.subject_id)).update(attempts=0, due_at=letter.opened_at)
        jobs.enqueue("ordering.compensate", compensation_id=int(letter.subject_id))


def _pay_back(letter: DeadLetter, reason: str) -> None:
    actions.pay_back_anyway(int(letter.subject_id), reason)


def _keep_sold(letter: DeadLetter, reason: str) -> None:
    actions.keep_sold(int(letter.subject_id), reason)


def _close(letter: DeadLetter) -> None:
    """Nothing but closing it, which `perform` does."""


ACTIONS = (
    SafeAction(
        name="retry_unit",
        label="Try again",
        explain="Looks for an offer again, all suppliers allowed. If it may have been bought already, the supplier is "
        "asked first; nothing is ever bought twice.",
        run=_retry_unit,
        resolves=False,
    ),
    SafeAction(
        name="fail_unit",
        label="Give up",
        explain="The unit ends without an eSIM; if one was bought it is given back as far as possible. Refund the "
        "buyer at the shop.",
        run=_fail_unit,
        resolves=False,
    ),
    SafeAction(
        name="replay_message",
        label="Replay",
        explain="Works on the stored webhook once more. Every handler may be repeated safely.",
        run=_replay_message,
    ),
    SafeAction(
        name="rerun_job",
        label="Run again",
        explain="Puts the job back into the queue. Every job may be repeated safely.",
        run=_rerun_job,
    ),
    SafeAction(
        name="compensate_again",
        label="Try again",
        explain="Asks the supplier again what can be taken back.",
        run=_compensate_again,
    ),
    SafeAction(
        name="pay_back",
        label="Pay back anyway",
        explain="The reseller has its price back in the wallet at once and its codes are dead. What the supplier keeps is "
        "our loss.",
        because=_pay_back,
        resolves=False,
        bulk=False,
    ),
    SafeAction(
        name="keep_sold",
        label="Keep it sold",
        explain="The eSIM stays the reseller's and paid; the reseller is told by an event.",
        because=_keep_sold,
        resolves=False,
        bulk=False,
    ),
    SafeAction(
        name="close",
        label="Close",
        explain="Closes the letter without doing anything; the audit trail keeps who did.",
        run=_close,
    ),
)
CAUSES = (
    Cause(
        "no_offer",
        "Nothing to buy",
        "No approved, active offer serves this product at this price. Approve a match, lift a pause or change the "
        "margin floor, then try again.",
        ("retry_unit", "fail_unit"),
    ),
    Cause(
        "all_suppliers_refused",
        "Every supplier refused",
        "Each candidate said no for certain; the receipt and the attempts say why.",
        ("retry_unit", "fail_unit"),
    ),
    Cause(
        "purchase_unknown",
        "May have been bought",
        "The supplier's answer was lost and its order list does not settle it. Look into the supplier's own portal; "
        "trying again asks there first and never buys blindly.",
        ("retry_unit", "fail_unit"),
    ),
    Cause(
        "supplier_never_answers",
        "The supplier never finished",
        "The order was accepted and never became ready. Ask the supplier with its order number.",
        ("retry_unit", "fail_unit"),
    ),
    Cause(
        "sku_unknown",
        "Unknown SKU",
        "The shop sells something we do not know. Map the SKU to a product, or say that it is not ours; the order "
        "goes on by itself then.",
        ("close",),
    ),
    Cause(
        "compensation_stuck",
        "Giving back is stuck",
        "A sale was undone after issuing and the supplier could not be asked what can be taken back.",
        ("compensate_again", "close"),
    ),
    Cause(
        "return_stuck",
        "A reseller's return is stuck",
        "A reseller wants to give an eSIM back, and its supplier neither takes it back for money nor says no.",
        ("compensate_again", "pay_back", "keep_sold"),
    ),
    Cause(
        "message_not_understood",
        "A webhook nobody understands",
        "It is genuine and was stored, but its content makes no sense to us. No retry by the sender will mend it.",
        ("replay_message", "close"),
    ),
    Cause(
        "message_keeps_failing",
        "A webhook that keeps failing",
        "Working on it failed every time; the problem is in the message's page.",
        ("replay_message", "close"),
    ),
    Cause(
        "job_keeps_failing",
        "A job that keeps failing",
        "It used all its tries. Read the error, mend the cause, run it again.",
        ("rerun_job", "close"),
    ),
)


def register() -> None:
    """Make causes and actions known; called once by `config/wiring.py`."""
    for action in ACTIONS:
        register_action(action)
    for one in CAUSES:
        register_cause(one)
