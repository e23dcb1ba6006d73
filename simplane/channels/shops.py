"""Shops as the rest of this package uses them, and the verbs that stop and start one."""

from __future__ import annotations

import time
from dataclasses import dataclass

from simplane.channels.errors import UnknownShop
from simplane.channels.events import ShopPaused, ShopResumed, ShopUninstalled
from simplane.channels.models import Refund, Shop, WriteBack
from simplane.channels.values import ShopSettings, parse_settings
from simplane.core import audit, clock, deadletters, events, inbox, jobs
from simplane.core.db import transaction
from simplane.core.models import InboxMessage

CACHE_SECONDS = 5.0
UNINSTALLED = "the app was removed from the shop"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopRef:
    """One shop, read-only, a few seconds old at most. Holds no secret."""

    pk: int
    organization_id: int
    key: str
    domain: str
    api_url: str
    settings: ShopSettings
    state: str
    is_stand_in: bool

    @property
    def callable(self) -> bool:
        """Whether its API may be called now."""
        return self.state == Shop.State.ACTIVE


_by_key: dict[str, tuple[float, ShopRef]] = {}
_keys: dict[int, str] = {}


def by_key(key: str) -> ShopRef:
    """The shop of that key, remembered by this process for a few seconds. Raises UnknownShop."""
    known = _by_key.get(key)
    if known is not None and time.monotonic() - known[0] < CACHE_SECONDS:
        return known[1]
    row = Shop.objects.defer("credentials", "access_token").filter(key=key).first()
    if row is None:
        raise UnknownShop(f"there is no shop {key!r}")
    return _remember(row)


def by_id(pk: int) -> ShopRef:
    """The shop of that id. Raises UnknownShop."""
    if pk in _keys:
        return by_key(_keys[pk])
    row = Shop.objects.defer("credentials", "access_token").filter(pk=pk).first()
    if row is None:
        raise UnknownShop("there is no such shop")
    return _remember(row)


def forget(key: str) -> None:
    """Have the next look read it again (this process; others follow within seconds)."""
    _by_key.pop(key, None)


def _remember(row: Shop) -> ShopRef:
    ref = ShopRef(
        pk=row.pk,
        organization_id=row.organization_id,
        key=row.key,
        domain=row.domain,
        api_url=row.api_url,
        settings=parse_settings(row.settings),
        state=row.state,
        is_stand_in=row.is_stand_in,
    )
    _by_key[row.key], _keys[row.pk] = (time.monotonic(), ref), row.key
    return ref


def pause_shop(shop_id: int, problem: str) -> None:
    """The shop refuses us: no calls until it is resumed. Intake goes on. Safe to repeat."""
    with transaction():
        shop = Shop.objects.select_for_update().get(pk=shop_id)
        if shop.state != Shop.State.ACTIVE:
            return
        shop.state, shop.problem, shop.access_token = Shop.State.PAUSED, problem[:300], None
        shop.save(update_fields=["state", "problem", "access_token"])
        audit.note("shop.paused", "shop", shop.key, reason=problem)
        events.record(ShopPaused(shop=shop.key, problem=problem[:300]))
        deadletters.open_letter(
            "shop", shop.key, cause="shop_blocked", summary=f"{shop.key}: {problem}"[:500], detail={"shop": shop.pk}
        )
    forget(shop.key)


def resume_shop(shop_id: int) -> None:
    """Go on calling a paused or re-installed shop: what waited for it is due at once, failed messages are worked on
    again, and a comparison finds what nobody told. Safe to repeat.
    """
    with transaction():
        shop = Shop.objects.select_for_update().get(pk=shop_id)
        if shop.state == Shop.State.ACTIVE:
            return
        before = shop.state
        shop.state, shop.problem, shop.access_token = Shop.State.ACTIVE, "", None
        shop.save(update_fields=["state", "problem", "access_token"])
        now = clock.now()
        for waiting in (WriteBack, Refund):
            waiting.objects.filter(shop=shop, due_at__isnull=False).update(due_at=now)
            stopped = waiting.objects.filter(shop=shop, state="failed", problem=UNINSTALLED)
            stopped.update(state="unknown", problem="", due_at=now)
        audit.note("shop.resumed", "shop", shop.key, before={"state": before})
        events.record(ShopResumed(shop=shop.key))
        deadletters.close_letter("shop", shop.key, resolution="resumed")
        jobs.enqueue("channels.reconcile", once_key=f"channels.reconcile:{shop.pk}", shop_id=shop.pk, kind="recent")
    forget(shop.key)
    failed = InboxMessage.objects.filter(channel="shopify", account=shop.key, state=InboxMessage.State.FAILED)
    for message_id in failed.order_by("pk").values_list("pk", flat=True):
        inbox.replay(message_id)


def uninstall_shop(shop_id: int) -> None:
    """The merchant removed the app: the token is dead now, calls stop, the data stays until shop/redact."""
    with transaction():
        shop = Shop.objects.select_for_update().get(pk=shop_id)
        if shop.state == Shop.State.UNINSTALLED:
            return
        shop.state, shop.problem, shop.access_token = Shop.State.UNINSTALLED, UNINSTALLED, None
        shop.save(update_fields=["state", "problem", "access_token"])
        for waiting in (WriteBack, Refund):
            waiting.objects.filter(shop=shop, due_at__isnull=False).update(
                state="failed", problem=UNINSTALLED, due_at=None, lease_until=None
            )
        audit.note("shop.uninstalled", "shop", shop.key)
        events.record(ShopUninstalled(shop=shop.key))
        deadletters.open_letter(
            "shop",
            shop.key,
            cause="shop_uninstalled",
            summary=f"{shop.key}: the merchant removed the app; nothing can be written back or refunded there",
            detail={"shop": shop.pk},
        )
    forget(shop.key)


def wake_held_write_backs(shop_id: int) -> int:
    """A hold was released at the shop: write-backs that wait there are due now. Returns how many."""
    with transaction():
        waiting = WriteBack.objects.filter(shop_id=shop_id, state=WriteBack.State.WANTED, due_at__isnull=False)
        return waiting.update(due_at=clock.now())
