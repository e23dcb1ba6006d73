"""How many mails an hour leave for one account of the wholesale book: nobody uses our sender as a cannon."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from simplane.core import audit, clock, ratelimit, rows
from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.delivery.models import MailAllowance, Message
from simplane.delivery.values import SendResult
from simplane.organizations.models import Organization

MOST_AN_HOUR = 100_000
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


def an_hour(account_id: int) -> int:
    """How many mails an hour leave for an organization; a test twin's count as those of its live side."""
    mine = MailAllowance.objects.filter(Q(organization_id=account_id) | Q(organization__test_twin__id=account_id))
    return mine.values_list("an_hour", flat=True).first() or settings.SIMPLANE.mails_an_hour


def set_allowance(account_id: int, wanted: int | None, *, reason: str) -> None:
    """Let so many mails an hour leave for a reseller; None: as many as for everybody. Raises BadInput."""
    if wanted is not None and not 1 <= wanted <= MOST_AN_HOUR:
        raise BadInput(f"{wanted} mails an hour can not be", fix=f"1 to {MOST_AN_HOUR}, or empty for the usual")
    with transaction():
        before = an_hour(account_id)
        if wanted is None:
            MailAllowance.objects.filter(organization_id=account_id).delete()
        else:
            MailAllowance.objects.update_or_create(organization_id=account_id, defaults={"an_hour": wanted})
        slug = Organization.objects.values_list("slug", flat=True).get(pk=account_id)
        after = {"mails_an_hour": an_hour(account_id)}
        audit.note(
            "organization.mails", "organization", slug, before={"mails_an_hour": before}, after=after, reason=reason
        )


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
        of_all = _wait(key_of_account(account_id), an_hour(account_id))
        of_one = _wait(key_of_address(account_id, message.to), TO_ONE_ADDRESS_AN_HOUR)
    return clock.now() + timedelta(seconds=max(of_all, of_one))


def _wait(key: str, an_hour: int) -> float:
    longest = _LONGEST_WAIT.total_seconds()
    return abs(ratelimit.take(key, per_second=an_hour / 3600, burst=an_hour, most_wait=longest))
