"""The supplier port for 1GLOBAL Connect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from simplane.core import clock
from simplane.core.money import Money
from simplane.suppliers.errors import CatalogUnavailable
from simplane.suppliers.models import Supplier
from simplane.suppliers.oneglobal import catalogue, lines, lookup, orders, webhooks, wire
from simplane.suppliers.oneglobal.client import Client, ok, part
from simplane.suppliers.oneglobal.errors import NOT_FOUND
from simplane.suppliers.outcomes import Accepted, NotReady, Ok, Permanent, Result, Retryable, Unsupported
from simplane.suppliers.values import (
    Capabilities,
    CatalogOffer,
    CatalogRow,
    FoundOrder,
    IssuedLine,
    IssueRequest,
    LineRef,
    LineStatus,
    Returned,
    SupplierEvent,
    SupplierOptions,
    UsageReading,
    Verdict,
    When,
)

FOLLOWED = (0.0, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each look at an order that somebody waits for."""
T = TypeVar("T")


class OneGlobal:
    """One account at 1GLOBAL. Our reference is the Idempotency-Key: for 24 hours a repeat is the same order.

    The account with them is opened once and stands in the options. Each line gets a subscriber of its own, named by
    our reference and the offering: no traveller's name leaves the house, and an order can be found (`lookup`).
    """

    def __init__(self, supplier: Supplier, options: SupplierOptions) -> None:
        """Raises ValueError when the options do not say for whom and from where is bought."""
        self._account_id = str(options.extra.get("account_id", ""))
        self._location = str(options.extra.get("purchase_location", ""))
        if not self._account_id or len(self._location) != 2:
            raise ValueError(
                "1GLOBAL needs `account_id` (acc_...) and `purchase_location` (two letters) in the options"
            )
        self._subscriber_fields: Mapping[str, Any] = options.extra.get("subscriber") or {}
        self._late = timedelta(seconds=options.settle_seconds)
        credentials = supplier.credentials or {}
        self._hook = webhooks.Credentials(credentials)
        self._client = Client(supplier.code, supplier.base_url, credentials, options)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            idempotent_orders=True,
            finds_orders_by_reference=True,
            issues="async",
            bulk_per_call=1,
            top_up=True,
            assign_plan=True,
            change_plan="native",
            suspend=True,
            terminate=True,
            refund="no",
            balance=False,
            usage_batch=1,
            usage_lag_seconds=0,
            webhooks="hint",
            order_webhook=True,
            validates_price=False,
            swap_profile=True,
            schedules=True,
        )

    # Catalogue

    async def sync_catalogue(self) -> AsyncIterator[Sequence[CatalogRow]]:
        """Plans only: an add-on is for a line that exists, `list_top_ups` shows it."""
        seen: set[str] = set()
        async for page in self._client.pages("catalogue", "/product-offerings", "product_offerings"):
            if not isinstance(page, Ok):
                raise CatalogUnavailable(f"offerings: {page.name} {getattr(page, 'reason', '')}")
            plans = [raw for raw in page.value if catalogue.kind(raw)[1] != catalogue.ADD_ON]
            if rows := list(catalogue.rows(plans, seen)):
                yield rows

    async def quote(self, offer_code: str, quantity: int) -> Result[Money]:
        """Read from the catalogue: there is neither a call for one offering nor a dry run."""
        try:
            async for page in self.sync_catalogue():
                for row in page:
                    if isinstance(row, CatalogOffer) and row.code == offer_code:
                        return Ok(Money(row.cost.minor * quantity, row.cost.currency))
        except CatalogUnavailable as problem:
            return Retryable(str(problem), "catalogue")
        return Permanent("1GLOBAL does not sell this offering now", NOT_FOUND, stale_catalogue=True)

    async def list_top_ups(self, line: LineRef) -> Result[Sequence[CatalogRow]]:
        rows: list[CatalogRow] = []
        async for page in self._compatible(line.offer_code):
            if not isinstance(page, Ok):
                return page
            rows += catalogue.rows(page.value, set())
        return Ok(rows)

    def _compatible(self, offer_code: str) -> AsyncIterator[Result[list[Any]]]:
        return self._client.pages(
            "compatible", f"/product-offerings/{part(offer_code)}/compatible", "product_offerings"
        )

    async def _kind(self, line: LineRef, offer_code: str) -> Result[str]:
        async for page in self._compatible(line.offer_code):
            if not isinstance(page, Ok):
                return page
            for raw in page.value:
                code, kind = catalogue.kind(raw)
                if code == offer_code:
                    return Ok(kind)
        return Permanent(f"{offer_code} does not fit the plan of this line", "not_compatible")

    # Buying

    async def issue_esim(self, request: IssueRequest) -> Result[IssuedLine]:
        subscriber = await self._subscriber(request)
        if not isinstance(subscriber, Ok):
            return subscriber
        return await self._order(
            orders.activation(subscriber.value, request.offer_code, self._location), request.reference
        )

    async def _subscriber(self, request: IssueRequest) -> Result[str]:
        """Made once for each reference; it costs nothing, so it is repeated like a read."""
        body = {
            "account_id": self._account_id,
            **self._subscriber_fields,
            "first_name": request.reference,
            "last_name": request.offer_code,
        }
        key = f"{request.reference}-subscriber"
        return await self._client.send(
            "subscriber", "/subscribers", lambda raw: Ok(wire.named.decode(raw).id), body=body, key=key, changes=False
        )

    async def _order(self, body: Mapping[str, Any], key: str) -> Result[Any]:
        return await self._client.send(
            "order", "/orders", lambda raw: Accepted(wire.named.decode(raw).id), body=body, key=key
        )

    async def assign_plan(self, line: LineRef, request: IssueRequest) -> Result[IssuedLine]:
        return await self.top_up(line, request)

    async def top_up(self, line: LineRef, request: IssueRequest) -> Result[IssuedLine]:
        kind = await self._kind(line, request.offer_code)
        if not isinstance(kind, Ok):
            return kind
        body = orders.top_up(line.line_id, request.offer_code, kind.value, self._location)
        return await self._followed(await self._order(body, request.reference), self.get_order)

    async def change_plan(self, line: LineRef, request: IssueRequest, when: When) -> Result[IssuedLine]:
        """Native. One for later stays Accepted until its day; the day is meant in UTC."""
        taken = await self._order(
            orders.change(line.line_id, request.offer_code, self._location, when), request.reference
        )
        return await self._followed(taken, self.get_order) if when is None else taken

    async def end_plan(self, line: LineRef) -> Result[bool]:
        del line
        return Unsupported("1GLOBAL ends the old plan with the change")

    async def swap_profile(self, line: LineRef, reference: str) -> Result[IssuedLine]:
        return await self._followed(await self._order(orders.swap(line.line_id), reference), self.get_order)

    async def cancel_order(self, order_id: str) -> Result[None]:
        done = await self._client.send("order_cancel", f"/orders/{part(order_id)}/cancel", _nothing)
        if not isinstance(done, Permanent) or done.code == NOT_FOUND:
            return done
        now = await self._one_order(order_id)
        return Ok(None) if isinstance(now, Ok) and now.value.status == "canceled" else done

    async def _followed(self, taken: Result[T], look: Callable[[str], Awaitable[Result[T]]]) -> Result[T]:
        """What came of an order; Accepted when that takes longer than somebody should wait."""
        if not isinstance(taken, Accepted):
            return taken
        for pause in FOLLOWED:
            await asyncio.sleep(pause)
            found = await look(taken.order_id)
            if isinstance(found, Ok | Permanent):
                return found
        return taken

    # Looking

    async def get_order(self, order_id: str) -> Result[IssuedLine]:
        read = await self._one_order(order_id)
        if not isinstance(read, Ok):
            return read
        if (waits := orders.present(read.value)) is not None:
            return waits
        bought = await self._products(order=order_id)
        # A price that can not be read now must not keep the line from whoever waits for it.
        cost = lines.cost(bought.value) if isinstance(bought, Ok) else None
        made = lines.issued(read.value.embedded.subscription, order_id, cost)
        return Ok(made) if made else NotReady()

    async def _one_order(self, order_id: str) -> Result[wire.Order]:
        return await self._client.read("order_status", f"/orders/{part(order_id)}", ok(wire.order))

    async def find_orders(self, offer_code: str, since: datetime, until: datetime) -> Result[Sequence[FoundOrder]]:
        window = lookup.Window(offer_code, since, until, self._late)
        return await lookup.find(self._client, self._account_id, window)

    async def get_line(self, line: LineRef) -> Result[LineStatus]:
        found = await self._subscription(line)
        if not isinstance(found, Ok):
            return found
        products = await self._products(subscription=line.line_id)
        return Ok(lines.status(found.value, products.value, clock.now())) if isinstance(products, Ok) else products

    async def _subscription(self, line: LineRef) -> Result[wire.Subscription]:
        return await self._client.read("subscription", f"/subscriptions/{part(line.line_id)}", ok(wire.subscription))

    async def _products(self, **which: str) -> Result[list[wire.Product]]:
        return await self._client.everything("products", "/products", "products", wire.product, **which)

    async def fetch_usage(self, asked: Sequence[LineRef]) -> Result[Sequence[UsageReading]]:
        readings: list[UsageReading] = []
        for line in asked:
            found = await self._products(subscription=line.line_id)
            if not isinstance(found, Ok):
                return found
            if found.value:
                used, whole = lines.data(found.value)
                at = clock.now()
                readings.append(UsageReading(line_id=line.line_id, used=used, total=whole, daily=False, at=at))
        return Ok(tuple(readings))

    async def get_install_details(self, line: LineRef) -> Result[IssuedLine]:
        found = await self._subscription(line)
        if not isinstance(found, Ok):
            return found
        made = lines.issued(found.value, line.order_id, None)
        return Ok(made) if made else NotReady()

    # Changing

    async def suspend_line(self, line: LineRef, reason: str) -> Result[LineStatus]:
        """`deactivate`: the reversible pause. Their own `suspend` is a step against debtors, its way back not published."""
        del reason
        return await self._pause(line, "deactivate", "suspended")

    async def reactivate_line(self, line: LineRef, reason: str) -> Result[LineStatus]:
        del reason
        return await self._pause(line, "resume", "active")

    async def _pause(self, line: LineRef, verb: str, wanted: str) -> Result[LineStatus]:
        """Without a key: pausing twice changes nothing, and a later pause must not be answered by an earlier one."""
        done = await self._client.send(verb, f"/subscriptions/{part(line.line_id)}/{verb}", ok(wire.subscription))
        if isinstance(done, Ok):
            return Ok(LineStatus(at=clock.now(), service=lines.SERVICES.get(done.value.status, wanted)))
        if not isinstance(done, Permanent) or done.code == NOT_FOUND:
            return done
        now = await self._subscription(line)
        already = isinstance(now, Ok) and lines.SERVICES.get(now.value.status) == wanted
        return Ok(LineStatus(at=clock.now(), service=wanted)) if already else done

    async def terminate_line(self, line: LineRef) -> Result[Returned]:
        now = await self._subscription(line)
        if not isinstance(now, Ok):
            return now
        if lines.SERVICES.get(now.value.status) == "terminated":
            return Ok(Returned(refunded=None, how="already_gone"))
        return await self._followed(
            await self._order(orders.cancel(line.line_id), f"cancel-{line.line_id}"), self._ended
        )

    async def _ended(self, order_id: str) -> Result[Returned]:
        order = await self._one_order(order_id)
        if not isinstance(order, Ok):
            return order
        return orders.present(order.value) or Ok(Returned(refunded=None, how="terminated_only"))

    async def cancel_or_refund(self, line: LineRef) -> Result[Returned]:
        del line
        return Unsupported("1GLOBAL gives money back only by credit note, by agreement")

    # Account

    async def get_balance(self) -> Result[Money]:
        return Unsupported("1GLOBAL bills by invoice and tells no balance")

    async def register_webhook(self, url: str) -> Result[None]:
        body = {"url": self._hook.put_into(url), "events": list(webhooks.EVENTS)}
        return await self._client.send("webhook_save", "/webhooks", _nothing, body=body)

    def verify_webhook(self, headers: Mapping[str, str], raw: bytes, source_ip: str) -> Verdict:
        del raw, source_ip
        return self._hook.verify(headers)

    def parse_webhook(self, raw: bytes) -> Sequence[SupplierEvent]:
        return webhooks.parse(raw)

    async def close(self) -> None:
        await self._client.close()


def _nothing(raw: bytes) -> Result[None]:
    del raw
    return Ok(None)
