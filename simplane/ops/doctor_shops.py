"""Shops: access, webhook subscriptions, reconciliation. Asks and changes nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.conf import settings

from simplane.channels import shops as known
from simplane.channels import subscriptions
from simplane.channels.errors import ShopNotReachable
from simplane.channels.models import ChannelSku, Reconciliation, Shop
from simplane.channels.shopify.client import address_problem, probe
from simplane.channels.shopify.outcomes import Ok
from simplane.core import clock
from simplane.ops import stand_ins
from simplane.ops.doctor_machine import Said
from simplane.ops.doctor_suppliers import LOST_KEY, LOST_KEY_FIX, ago

SECONDS = 20.0
LATE = timedelta(hours=3)


def shops() -> Iterator[Said]:
    """Every shop that was not uninstalled."""
    rows = Shop.objects.exclude(state=Shop.State.UNINSTALLED).defer("credentials", "access_token").order_by("key")
    if not rows:
        yield "warn", "there is no shop: no order can come", "run `simplane load setup.json`"
    for one in rows:
        for state, text, fix in _shop(one):
            yield state, f"{one.key}: {text}", fix


def _shop(shop: Shop) -> Iterator[Said]:
    if shop.is_stand_in and not settings.SIMPLANE.allow_stand_ins:
        yield "fail", "it is a stand-in, which this environment refuses", stand_ins.FIX
        return
    try:
        missing = [name for name in ("client_id", "client_secret") if not (shop.credentials or {}).get(name)]
    except InvalidToken:
        yield "fail", LOST_KEY, LOST_KEY_FIX
        return
    if missing:
        yield "fail", f"keys are missing: {', '.join(missing)}", "put them into the setup file and load it"
        return
    if shop.state == Shop.State.PAUSED:
        yield "fail", f"it is paused: {shop.problem}", "mend the cause, then resume it in the console"
    yield from asyncio.run(_access(shop.key))
    yield from _proof(shop)
    if not ChannelSku.objects.filter(shop=shop, product__isnull=False).exists():
        yield "warn", "none of its SKUs means a product of ours", "map them in the console or the setup file"


async def _access(key: str) -> list[Said]:
    shop = await asyncio.to_thread(known.by_key, key)
    if problem := address_problem(shop):
        return [("fail", problem, "correct domain and api_url in the setup file")]
    try:
        async with asyncio.timeout(SECONDS):
            outcome = await probe(shop)
            if not isinstance(outcome, Ok):
                fix = "is the app installed, are id and secret right, is the shop up?"
                return [("fail", f"its API can not be used: {outcome.reason}", fix)]
            said: list[Said] = [("ok", "it gives an access token and answers", "")]
            return said + (await _subscribed(shop.pk) if shop.callable else [])
    except TimeoutError:
        return [("fail", f"it did not answer in {SECONDS:.0f} s", "is its address right, is it up?")]


async def _subscribed(shop_id: int) -> list[Said]:
    try:
        missing = await subscriptions.missing(shop_id)
    except ShopNotReachable as problem:
        return [("fail", f"its webhook subscriptions can not be read: {problem.message}", "look at the app's scopes")]
    if missing:
        fix = "the watchdog makes them every hour; console, Shops makes them now"
        return [("warn", f"webhook subscriptions are missing: {', '.join(missing)}", fix)]
    return [("ok", "all webhook subscriptions come to us", "")]


def _proof(shop: Shop) -> Iterator[Said]:
    ended = Reconciliation.objects.filter(shop=shop, finished_at__isnull=False)
    last = ended.order_by("-started_at").first()
    if last is None:
        yield "note", "it was never compared with us", f"run `simplane reconcile --shop {shop.key}`"
        return
    assert last.finished_at is not None
    text = f"compared {ago(last.finished_at)} ago: {last.at_shop} orders there, {last.here} here"
    if last.balanced is False:
        yield "fail", f"{text}: not balanced", "console, Shops names the orders"
    elif clock.now() - last.finished_at > LATE:
        yield "warn", text, "it should be compared every hour: is a worker running?"
    else:
        yield "ok", f"{text}, {len(last.exceptions)} named exceptions", ""
