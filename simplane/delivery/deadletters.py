"""Why a message can stand in the queue of dead letters, and what is safe to do about it."""

from __future__ import annotations

from simplane.core.deadletters import Cause, SafeAction, register_action, register_cause
from simplane.core.models import DeadLetter
from simplane.delivery import actions

_AGAIN = "mail.send_again"
_TOLD = "mail.told_otherwise"


def register() -> None:
    """Make causes and actions known; called once by `config/wiring.py`."""
    register_action(
        SafeAction(
            name=_AGAIN,
            label="Send again",
            explain="Sends the same mail once more to the same address, even if that address refused mail before.",
            run=_send_again,
        )
    )
    register_action(
        SafeAction(
            name=_TOLD,
            label="Reached otherwise",
            explain="Closes this: you reached the buyer some other way. Nothing is sent.",
            run=_nothing,
            bulk=False,
        )
    )
    for cause in _CAUSES:
        register_cause(cause)


def _send_again(letter: DeadLetter) -> None:
    actions.send_again(int(letter.subject_id))


def _nothing(letter: DeadLetter) -> None:
    """`Reached otherwise` changes nothing but the letter."""


_CAUSES = (
    Cause(
        "mail_refused",
        "Mail refused",
        "The mail server refused this mail for good, or the address refused mail before. Check the address with the"
        " buyer, correct it on the order page and send it there; or send it again when the refusal was ours.",
        (_TOLD, _AGAIN),
    ),
    Cause(
        "mail_keeps_failing",
        "Mail not taken for a day",
        "The mail server did not take this mail for 24 hours. Look at the mail server first, then send it again.",
        (_AGAIN, _TOLD),
    ),
    Cause(
        "mail_unknown",
        "Mail may not have arrived",
        "Twice the mail server's answer was lost after it had the whole mail. The buyer has it twice, once or not at"
        " all. Sending again is safe: the eSIM is the same.",
        (_AGAIN, _TOLD),
    ),
    Cause(
        "mail_bounced",
        "Mail came back",
        "The mail was taken and came back later. Ask the buyer for another address and send it there.",
        (_TOLD, _AGAIN),
    ),
    Cause(
        "address_missing",
        "No address",
        "The order names no usable e-mail address. Find one at the shop, and send the mail to it on the order page.",
        (_TOLD,),
    ),
)
