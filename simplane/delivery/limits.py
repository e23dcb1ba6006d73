"""How many mails an hour leave for one account of the wholesale book: nobody uses our sender as a cannon."""

from __future__ import annotations

from datetime import datetime, timedelta

from simplane.core import clock, ratelimit, rows
from simplane.core.db import transaction
from simplane.delivery.models import Message
from simplane.delivery.values import SendResult

AN_HOUR = 600
TO_ONE_ADDRESS_AN_HOUR = 20
_LONGEST_WAIT = timedelta(days=30)
TURN = "not_before"
"""In a message's context: when its reserved turn comes."""


def key_of_account(account_id: int) -> str:
    """Under which an organization's mails are counted."""
    return f"mail:{account_id}"


def key_of_address(account_id: int, address: str) -> str:
    """Under which an organization's mails to one address are counted."""
    return f"mail:{account_id}:{address.lower()}"[:200]


def put_off(message: Message) -> SendResult | None:
    """None: it may go now. Otherwise the message, which this process holds, is given back until its reserved turn."""
    account_id = message.context.get("account_id")
    if account_id is None:
        return None
    turn = _turn(message, int(account_id))
    if turn <= clock.now():
        return None
    reason = "too many mails of this account in an hour: it waits its turn"
    context = {**message.context, TURN: turn.isoformat()}
    mine, still = [message.pk, message.lease_until], "id = %s AND lease_until = %s"
    rows.change(Message, still, mine, context=context, due_at=turn, lease_until=None, problem=reason)
    return SendResult(name="put_off", at=turn, reason=reason)


def _turn(message: Message, account_id: int) -> datetime:
    """A turn is reserved once, so that a thousand mails that wait come one after the other and not all at once."""
    reserved = message.context.get(TURN)
    if reserved is not None:
        return datetime.fromisoformat(str(reserved))
    with transaction():
        of_all = _wait(key_of_account(account_id), AN_HOUR)
        of_one = _wait(key_of_address(account_id, message.to), TO_ONE_ADDRESS_AN_HOUR)
    return clock.now() + timedelta(seconds=max(of_all, of_one))


def _wait(key: str, an_hour: int) -> float:
    longest = _LONGEST_WAIT.total_seconds()
    return abs(ratelimit.take(key, per_second=an_hour / 3600, burst=an_hour, most_wait=longest))
