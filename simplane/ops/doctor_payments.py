"""Payments: can Stripe be asked, do its events come, do payouts match. Asks and changes nothing there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.conf import settings

from simplane.core import clock
from simplane.core.models import InboxMessage
from simplane.ops import stand_ins
from simplane.ops.doctor_machine import Said
from simplane.ops.doctor_suppliers import LOST_KEY, LOST_KEY_FIX, ago
from simplane.payments.errors import CallBlocked, CallFailed
from simplane.payments.gateway import Gateway
from simplane.payments.models import Payout, StripeAccount, TopUp

STUCK = timedelta(hours=1)


def payments() -> Iterator[Said]:
    """Every active account at Stripe."""
    rows = StripeAccount.objects.filter(active=True).order_by("key")
    if not rows.exists():
        yield "note", "no card payments: resellers top up by bank transfer", "add `payments` to the setup file"
    for key in rows.values_list("key", flat=True):
        for state, text, fix in _account(key):
            yield state, f"{key}: {text}", fix


def _account(key: str) -> Iterator[Said]:
    try:
        account = StripeAccount.objects.get(key=key)
    except InvalidToken:
        yield "fail", LOST_KEY, LOST_KEY_FIX
        return
    if account.is_stand_in and not settings.SIMPLANE.allow_stand_ins:
        yield "fail", "it is a stand-in, which this environment refuses", stand_ins.FIX
        return
    missing = [name for name in ("api_key", "webhook_secret") if not account.credentials.get(name)]
    if missing:
        yield "fail", f"keys are missing: {', '.join(missing)}", "put them into the setup file and load it"
        return
    try:
        Gateway(account).balance()
    except CallBlocked as problem:
        yield "fail", f"it refuses our key: {problem}", "make a new key at Stripe, put it into the setup file, load it"
    except CallFailed as problem:
        yield "fail", f"it can not be asked: {problem}", "is its address right, is it up?"
    else:
        yield "ok", "our key works", ""
    yield from _events(account)
    yield from _open(account)


def _events(account: StripeAccount) -> Iterator[Said]:
    rows = InboxMessage.objects.filter(channel="stripe", account=account.key).order_by("-received_at")
    last = rows.values_list("received_at", flat=True).first()
    address = f"{settings.SIMPLANE.base_url}/webhooks/stripe/{account.key}"
    if last is not None:
        yield "ok", f"its last event came {ago(last)} ago", ""
    else:
        yield "note", "no event has come yet", f"the endpoint at Stripe must point to {address}"


def _open(account: StripeAccount) -> Iterator[Said]:
    before = clock.now() - STUCK
    stuck = TopUp.objects.filter(account=account, state=TopUp.State.CREATED, created_at__lt=before).count()
    if stuck:
        yield "warn", f"{stuck} top-ups have had no answer for an hour", "is a worker running, is Stripe up?"
    wrong = Payout.objects.filter(account=account, differences__gt=0).count()
    if wrong:
        yield "warn", f"{wrong} payouts do not match our ledger", "run `simplane payments match`"
