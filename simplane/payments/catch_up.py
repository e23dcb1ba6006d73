"""What Stripe could not tell us, fetched: events that no endpoint took, payouts of the last days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from simplane.core import clock, deadletters, store
from simplane.core.db import transaction
from simplane.core.log import logger
from simplane.payments import accounts, payouts
from simplane.payments.errors import CallBlocked, CallFailed
from simplane.payments.gateway import Gateway
from simplane.payments.handle import EVENTS
from simplane.payments.models import Payout, StripeAccount

log = logger(__name__)
Json = dict[str, Any]
BACK = timedelta(days=7)
"""Stripe gives an event up after three days."""
UNREAD = "stripe_unread"
"""Letters about accounts that answer, but whose news could not be taken in."""


def catch_up() -> dict[str, Any]:
    """Every active account and payout; one that can not be read is told and does not stop the others."""
    found: dict[str, Any] = {}
    for account in StripeAccount.objects.filter(active=True).order_by("key"):
        try:
            found[account.key] = _account(account)
        except CallFailed as failed:
            if isinstance(failed, CallBlocked):
                accounts.blocked(account, str(failed))
            found[account.key] = {"problem": str(failed)}
        except Exception as problem:
            found[account.key] = {"problem": _unread(account, problem)}
    return found


def _unread(account: StripeAccount, problem: Exception) -> str:
    said = f"{type(problem).__name__}: {problem}"
    log.exception("stripe.unread", account=account.key)
    with transaction():
        summary = f"{account.name} was not caught up with: {said}"[:500]
        deadletters.open_letter(UNREAD, account.key, cause="stripe_unread", summary=summary)
    return said


def _account(account: StripeAccount) -> dict[str, Any]:
    gateway = Gateway(account)
    since = int((clock.now() - BACK).timestamp())
    events = gateway.missed_events(list(EVENTS), since)
    for event in events:
        body = msgspec.json.encode(event)
        store.put(store.Delivery("stripe", account.key, event["id"], event["type"], {}, body, True))
    made = gateway.payouts_since(since)
    known = dict(Payout.objects.filter(account=account).values_list("stripe_id", "status"))
    fresh = [one for one in made if known.get(one["id"]) != one["status"]]
    bad = [one["id"] for one in fresh if not _payout(account, one)]
    with transaction():
        deadletters.close_letter(UNREAD, account.key, resolution="caught up")
    said = {"events": len(events), "payouts": len(fresh)}
    return said | ({"problem": f"not taken in: {', '.join(bad)}"} if bad else {})


def _payout(account: StripeAccount, found: Json) -> bool:
    try:
        payouts.step(payouts.keep(account, found))
    except Exception as problem:
        payouts.unread(account, found["id"], problem)
        return False
    return True
