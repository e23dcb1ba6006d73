"""Verbs of the ledger."""

from simplane.ledger.actions.hold import capture, expire_holds, hold, part_key, release
from simplane.ledger.actions.many import post_many
from simplane.ledger.actions.period import close_month
from simplane.ledger.actions.play import pay_in_play_money
from simplane.ledger.actions.post import post, reverse
from simplane.ledger.actions.wallet import open_wallet, set_credit_limit

__all__ = [
    "capture",
    "close_month",
    "expire_holds",
    "hold",
    "open_wallet",
    "part_key",
    "pay_in_play_money",
    "post",
    "post_many",
    "release",
    "reverse",
    "set_credit_limit",
]
