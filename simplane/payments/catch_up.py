"""What Stripe could not tell us, fetched: events that no endpoint took, payouts of the last days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from simplane.core import clock, store
from simplane.core.log import logger
from simplane.payments import accounts, payouts
from simplane.payments.errors import CallBlocked, CallFailed
from simplane.payments.gateway import Gateway
from simplane.payments.handle import EVENTS
from simplane.payments.models import Payout, StripeAccount

log = logger(__name__)
BACK = timedelta(days=7)
"""Stripe gives an event up after three days."""


def catch_up() -> dict[str, Any]:
    """Every active account; one that does not answer does not stop the others."""
    found: dict[str, Any] = {}
    for account in StripeAccount.objects.filter(active=True).order_by("key"):
        try:
            found[account.key] = _account(account)
        except CallFailed as failed:
            if isinstance(failed, CallBlocked):
                accounts.blocked(account, str(failed))
            found[account.key] = {"problem": str(failed)}
    return found


def _account(account: StripeAccount) -> dict[str, int]:
    gateway = Gateway(account)
    since = int((clock.now() - BACK).timestamp())
    events = gateway.missed_events(list(EVENTS), since)
    for event in events:
        body = msgspec.json.encode(event)
        store.put(store.Delivery("stripe", account.key, event["id"], event["type"], {}, body, True))
    made = gateway.payouts_since(since)
    known = dict(Payout.objects.filter(account=account).values_list("stripe_id", "status"))
    fresh = [one for one in made if known.get(one["id"]) != one["status"]]
    for one in fresh:
        payouts.step(payouts.keep(account, one))
    return {"events": len(events), "payouts": len(fresh)}
