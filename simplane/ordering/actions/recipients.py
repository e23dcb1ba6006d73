"""To whom the mails of an order may go, and as what."""

from __future__ import annotations

from simplane.core.errors import Refusal
from simplane.ordering import money
from simplane.ordering.models import Order
from simplane.organizations.queries import has_member

ONLY_MEMBERS = "test orders mail only members of the account"


class NotMailed(Refusal):
    """An order of a test twin mails nobody but the people of its account."""

    code = "test_mail_to_stranger"
    status = 409


def may_mail(order: Order, address: str) -> bool:
    """Whether mails of this order may go there: anybody can have a test key, and is not to reach strangers with it."""
    return not (order.is_test and order.book == money.WHOLESALE) or has_member(order.organization_id, address)


def refuse_strangers(order: Order, address: str) -> None:
    """Raises NotMailed."""
    if not may_mail(order, address):
        raise NotMailed(ONLY_MEMBERS, fix="send it to an address of your team, or take the code along yourself")


def limited(order: Order) -> int | None:
    """The organization under which its mails are counted and limited; None for a shop's."""
    return order.organization_id if order.book == money.WHOLESALE else None
