"""The prepaid account. The shared setting `balance_minor` is in cents; what is exact is kept beside it."""

from sandbox.esimaccess.envelope import RefusedError
from sandbox.kit.desk import Desk

EXACT_KEY = "balance_x10000"
PER_CENT = 100


def cents(exact: int) -> int:
    """USD x 10000 to cents, half up."""
    return (exact + PER_CENT // 2) // PER_CENT


def balance(desk: Desk) -> int:
    """USD x 10000 left. When somebody set `balance_minor` that is what counts, without a fraction."""
    minor = desk.settings.balance()
    exact: int | None = desk.books.get_state(EXACT_KEY)
    return exact if exact is not None and exact // PER_CENT == minor else minor * PER_CENT


def move(desk: Desk, amount: int) -> None:
    """Add (or, when negative, take) USD x 10000; part of the caller's transaction.

    Raises RefusedError 200007 when there is too little.
    """
    left = balance(desk) + amount
    if left < 0:
        raise RefusedError("200007")
    desk.books.set_state(EXACT_KEY, left)
    desk.settings.set_balance(left // PER_CENT)
