"""Suppliers: keys, balance, catalogue, webhooks. Asks each for its balance; buys nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db.models import Max

from simplane.core import clock
from simplane.core.models import InboxMessage
from simplane.ops import stand_ins
from simplane.ops.doctor_machine import Said
from simplane.suppliers import registry
from simplane.suppliers.models import CatalogRun, Offer, Supplier
from simplane.suppliers.outcomes import Ok, Unsupported

SECONDS = 20.0
LOST_KEY = "its keys can not be read: SIMPLANE_SECRET_KEY was changed"
LOST_KEY_FIX = "put the old key into SIMPLANE_PREVIOUS_SECRET_KEYS, or load the setup file again"


def suppliers() -> Iterator[Said]:
    """Every active one."""
    found = list(Supplier.objects.filter(active=True).defer("credentials").order_by("code"))
    if not found:
        yield "warn", "there is no active supplier: nothing can be bought", "run `simplane load setup.json`"
    for one in found:
        for state, text, fix in _supplier(one):
            yield state, f"{one.code}: {text}", fix


def _supplier(supplier: Supplier) -> Iterator[Said]:
    if supplier.is_stand_in and not settings.SIMPLANE.allow_stand_ins:
        yield "fail", "it is a stand-in, which this environment refuses", stand_ins.FIX
        return
    if settings.SIMPLANE.production and not supplier.base_url.startswith("https://"):
        yield "fail", "its address is not https://", "correct base_url in the setup file"
    if supplier.vendor not in registry.VENDORS:
        yield "fail", f"there is no adapter for {supplier.vendor!r}", f"use one of {', '.join(registry.VENDORS)}"
        return
    try:
        empty = [name for name, value in (supplier.credentials or {}).items() if value == ""]
        missing = not supplier.credentials
    except InvalidToken:
        yield "fail", LOST_KEY, LOST_KEY_FIX
        return
    if missing or empty:
        yield (
            "fail",
            f"keys are missing: {', '.join(empty) or 'all of them'}",
            "put them into the setup file and load it",
        )
        return
    yield _balance(supplier)
    yield from _state(supplier)
    yield from _news(supplier)


def _balance(supplier: Supplier) -> Said:
    async def ask() -> object:
        adapter = registry.adapter(supplier)
        try:
            async with asyncio.timeout(SECONDS):
                return await adapter.get_balance()
        finally:
            await adapter.close()

    try:
        outcome = asyncio.run(ask())
    except TimeoutError:
        return "fail", f"it did not answer in {SECONDS:.0f} s", "is its address right, is it up?"
    if isinstance(outcome, Ok):
        low = outcome.value.minor < supplier.float_low_minor
        text = f"balance {outcome.value}"
        return ("warn", f"{text}, below its threshold", "top it up") if low else ("ok", text, "")
    if isinstance(outcome, Unsupported):
        return "note", "it tells no balance", ""
    why = getattr(outcome, "reason", "")
    return "fail", f"its balance can not be read: {why}", "are key and address right, is it up?"


def _state(supplier: Supplier) -> Iterator[Said]:
    if supplier.paused_reason:
        yield "warn", f"nothing is bought there: {supplier.paused_reason}", "console, Suppliers lifts the pause"
    run = CatalogRun.objects.filter(supplier=supplier, finished_at__isnull=False).order_by("-started_at").first()
    offers = Offer.objects.filter(supplier=supplier, state=Offer.State.ACTIVE).count()
    if run is None:
        yield "warn", "its catalogue was never read", "run `simplane sync-catalog`"
    elif run.problem:
        yield "warn", f"its catalogue could not be used: {run.problem[:120]}", "run `simplane sync-catalog`"
    else:
        assert run.finished_at is not None
        yield "ok", f"{offers} offers may be sold, read {ago(run.finished_at)} ago", ""


def _news(supplier: Supplier) -> Iterator[Said]:
    capabilities = registry.unshared(supplier).capabilities
    if capabilities.webhooks == "none":
        return
    came = InboxMessage.objects.filter(channel="supplier", account=supplier.code)
    last = came.aggregate(last=Max("received_at"))["last"]
    address = f"{settings.SIMPLANE.base_url}/webhooks/suppliers/{supplier.code}/<token>"
    if last is None:
        fix = f"register {address} there; console, Suppliers shows it whole"
        yield "note", "no webhook of it ever came", fix
    else:
        yield "ok", f"its last webhook came {ago(last)} ago", ""


def ago(moment: datetime) -> str:
    """A time that passed, in the largest fitting unit."""
    seconds = max(0, int((clock.now() - moment).total_seconds()))
    for size, name in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
