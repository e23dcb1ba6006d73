"""What happens by itself when its time has come."""

from collections.abc import Callable
from contextlib import suppress

from sandbox.kit.books import JsonObject
from sandbox.stripe import charges, checkout, disputes, ledger, payouts, refunds
from sandbox.stripe.account import Account, Cause
from sandbox.stripe.refused import Refused

ACTIONS: dict[str, Callable[..., object]] = {
    "settle_charge": charges.settle,
    "finish_payment": checkout.finish_payment,
    "settle_refund": refunds.settle,
    "dispute_deadline": disputes.deadline,
    "session_expires": checkout.expire,
    "payout_arrives": payouts.arrive,
}


def run_due(account: Account) -> None:
    """Do everything that has become due, each in a transaction of its own."""
    due = account.next_due()
    while due is not None and due <= account.clock.timestamp():
        with account.books.transaction():
            account.cause = Cause()
            _run_one(account)
        due = account.next_due()


def _run_one(account: Account) -> None:
    task = account.take_due()
    found: JsonObject | None = account.objects.find(task.object) if task else None
    if task and found:
        ledger.mature(account)
        # Refused: somebody was quicker, it is over already.
        with suppress(Refused):
            ACTIONS[task.action](account, found, **task.details)
