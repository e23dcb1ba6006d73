"""A small whole world for tests of fulfilment: real stand-ins, a real database, the real worker, a clock that can be moved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from django.conf import settings
from django.db import connection

from simplane.catalog.models import ExchangeRate, Product
from simplane.core import clock, schedule
from simplane.core.worker import run_worker
from simplane.ordering.actions import accept_order
from simplane.ordering.models import Order, Unit
from simplane.suppliers.models import Offer, Purchase, Supplier
from tests import factories, standins
from tests.ordering import incoming

GO_BUNDLE, ACCESS_PACKAGE = "esim_1GB_7D_ES_V2", "CKH002"
RESTING = ("delivered", "dead", "failed", "cancelled", "refunded")


class World:
    """Two suppliers, one product both sell, a mail catcher."""

    def __init__(self, go: standins.Standin, access: standins.Standin, mail: standins.Standin) -> None:
        self.go, self.access, self.mail = go, access, mail
        self.product = _product()
        quick = {"per_second": 200, "burst": 50, "settle_seconds": 300, "clock_skew_seconds": 1, "read_seconds": 5}
        self.esimgo = _supplier("esimgo", go.url, {"api_key": "esg_sandbox_key_0001"}, quick)
        self.redtea = _supplier(
            "esimaccess",
            access.url,
            {"access_code": "ea_sandbox_access_0001", "secret_key": "ea_sandbox_secret_0001"},
            quick,
        )
        self.go_offer = _sold(self.product, self.esimgo, GO_BUNDLE, cost_minor=105, supplier_price="1.05")
        self.access_offer = _sold(self.product, self.redtea, ACCESS_PACKAGE, cost_minor=180, supplier_price="18000")
        ExchangeRate.objects.create(base="USD", quote="EUR", rate="0.9", valid_from=clock.now() - timedelta(days=1))

    def only(self, supplier: Supplier) -> None:
        """Let only this supplier sell."""
        Supplier.objects.exclude(pk=supplier.pk).update(active=False)

    def buy(self, quantity: int = 1, **given: Any) -> Order:
        """A paid order comes in."""
        line = incoming.line(self.product, quantity=quantity)
        return Order.objects.get(pk=accept_order(incoming.order(line, **given)).order_id)

    def work(self, *, most_seconds: float = 20, until: tuple[str, ...] = RESTING) -> list[Unit]:
        """Let the worker run, and due steps with it, until every unit rests in one of `until`."""
        end = time.monotonic() + most_seconds
        while time.monotonic() < end:
            asyncio.run(_a_turn())
            if not Unit.objects.exclude(state__in=until).exists() and not _jobs_waiting():
                break
        return list(Unit.objects.order_by("pk"))

    def one_turn(self) -> None:
        """The jobs that wait now, and no more."""
        asyncio.run(_jobs_only())

    def later(self, seconds: float) -> None:
        """Move our clock on: what is due in a minute is due now."""
        shifted = settings.SIMPLANE.clock_shift_seconds + int(seconds)
        settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"clock_shift_seconds": shifted})

    def bought(self) -> int:
        """eSIMs in both suppliers' own books."""
        return sum(
            order["quantity"]
            for standin in (self.go, self.access)
            for order in standin.books()["orders"]
            if not order["refunded_minor"]
        )

    def mails(self) -> list[dict[str, Any]]:
        """What the mail catcher holds."""
        found = httpx2.get(f"{self.mail.url}/api/messages", trust_env=False).json()
        return list(found["messages"] if isinstance(found, dict) else found)


@dataclass(frozen=True)
class Outside:
    """The stand-ins, started once for many tests."""

    go: standins.Standin
    access: standins.Standin
    mail: standins.Standin
    smtp_port: int


@contextmanager
def open_outside(folder: Path) -> Iterator[Outside]:
    """Start the stand-ins (some seconds)."""
    with ExitStack() as stack:
        smtp = standins.free_port()
        yield Outside(
            go=stack.enter_context(standins.start("esimgo", folder)),
            access=stack.enter_context(standins.start("esimaccess", folder)),
            mail=stack.enter_context(standins.start("mail", folder, "--smtp-port", str(smtp))),
            smtp_port=smtp,
        )


@contextmanager
def open_world(outside: Outside) -> Iterator[World]:
    """Empty books, no faults, real time; our settings point there."""
    kept = settings.SIMPLANE
    for standin in (outside.go, outside.access):
        standin.control("faults", "DELETE")
        standin.control("reset", method="POST", settings=True)
        standin.settings(rate_limit_per_second=0)
    outside.access.settings(ready_after_ms=50)
    httpx2.delete(f"{outside.mail.url}/api/messages", trust_env=False)
    settings.SIMPLANE = kept.model_copy(update={"mail_url": f"smtp://127.0.0.1:{outside.smtp_port}"})
    try:
        yield World(outside.go, outside.access, outside.mail)
    finally:
        settings.SIMPLANE = kept


async def _a_turn() -> None:
    for name in ("due_units", "delivery.due_messages"):
        if name in schedule.timetable():
            await schedule.run_now(name)
    await run_worker(once=True)


async def _jobs_only() -> None:
    await run_worker(once=True)


def _jobs_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at <= now()")
        row = cursor.fetchone()
    return bool(row and row[0])


def _product() -> Product:
    made = factories.product(sku="ESIM-ES-1GB-7D", name="Spain 1 GB / 7 days")
    factories.price(product=made, amount_minor=900)
    return made


def _supplier(vendor: str, base_url: str, credentials: dict[str, str], options: dict[str, Any]) -> Supplier:
    return factories.supplier(
        code=vendor, vendor=vendor, name=vendor, base_url=base_url, credentials=credentials, options=options,
        upstream_group=vendor,
    )  # fmt: skip


def _sold(product: Product, supplier: Supplier, code: str, **given: Any) -> Offer:
    offer = factories.offer(supplier=supplier, code=code, **given)
    factories.match(product=product, offer=offer, state="approved", offer_hash=offer.content_hash)
    return offer


def states() -> list[str]:
    """States of all units, the oldest first."""
    return list(Unit.objects.order_by("pk").values_list("state", flat=True))


def purchases() -> list[str]:
    """States of all purchases, the oldest first."""
    return list(Purchase.objects.order_by("pk").values_list("state", flat=True))
