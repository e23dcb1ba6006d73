"""The credit line of the account. How the vendor refuses when it is used up is not published."""

from sandbox.kit.desk import Desk
from sandbox.oneglobal.hal import RefusedError


def move(desk: Desk, amount: int) -> None:
    """Add (or, when negative, take) minor units; part of the caller's transaction. Raises RefusedError 403."""
    left = desk.settings.balance() + amount
    if left < 0:
        raise no_credit()
    desk.settings.set_balance(left)


def no_credit() -> RefusedError:
    """403."""
    return RefusedError(403, "Forbidden", "The credit limit of the account is used up", code="credit_limit_exceeded")
