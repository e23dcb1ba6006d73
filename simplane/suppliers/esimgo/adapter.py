"""The supplier port for eSIM Go 2.5 and 2.4."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from simplane.core import clock
from simplane.core.money import Money, rounded
from simplane.suppliers.errors import CatalogUnavailable
from simplane.suppliers.esimgo import bundles, catalogue, lines, orders, webhooks, wire
from simplane.suppliers.esimgo.client import VERSIONS, Client, keys_of, ok, part
from simplane.suppliers.models import Supplier
from simplane.suppliers.outcomes import Blocked, Ok, Permanent, Result, Retryable, Unknown, Unsupported
from simplane.suppliers.values import (
    Capabilities,
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

T = TypeVar("T")
PAGE = 500
ORDERS_PAGE = 100
SMALLEST_PAGE = 10
"""A list page shorter than this is the last, whatever page size the supplier really keeps to."""
MOST_PAGES = 1000


class EsimGo:
    """One account at eSIM Go. It knows no idempotency: a repeated order is a second order."""

    def __init__(self, supplier: Supplier, options: SupplierOptions) -> None:
        """Raises ValueError for a version there is none of."""
        self._version = options.version or VERSIONS[0]
        if self._version not in VERSIONS:
            raise ValueError(f"eSIM Go has no version {self._version!r}: use one of {', '.join(VERSIONS)}")
        self._options = options
        self._keys = keys_of(supplier.credentials or {})
        self._currency = supplier.float_currency
        self._client = Client(
            supplier.code, supplier.base_url, self._keys[0] if self._keys else "", self._version, options
        )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            idempotent_orders=False,
            finds_orders_by_reference=False,
            issues="sync",
            bulk_per_call=10,
            top_up=True,
            assign_plan=True,
            change_plan="emulated",
            suspend=self._version != "2.4",
            terminate=True,
            refund="unused",
            balance=True,
            usage_batch=1,
            usage_lag_seconds=0,
            webhooks="signed",
            order_webhook=False,
            validates_price=False,
        )

    # Catalogue

    async def sync_catalogue(self) -> AsyncIterator[Sequence[CatalogRow]]:
        currency = _needed(await self._organisation()).currency
        networks = catalogue.networks_of(
            _needed(await self._client.read("networks", "/networks", ok(wire.networks), query=[("returnAll", "true")]))
        )
        seen: set[str] = set()
        for number in range(1, MOST_PAGES + 1):
            page = _needed(await self._catalogue_page(number))
            before = len(seen)
            rows = list(catalogue.rows(page.bundles, currency, networks, seen))
            if rows:
                yield rows
            last = page.page_count is not None and number >= page.page_count
            if last or len(seen) == before or len(page.bundles) < SMALLEST_PAGE:
                return
        raise CatalogUnavailable(f"the catalogue has more than {MOST_PAGES} pages")

    async def _catalogue_page(self, number: int, *filters: tuple[str, str]) -> Result[catalogue.Page]:
        group = str(self._options.extra.get("catalogue_group", ""))
        query = [("page", str(number)), ("perPage", str(PAGE)), *([("group", group)] if group else []), *filters]
        return await self._client.read("catalogue", "/catalogue", lambda body: Ok(catalogue.page(body)), query=query)

    async def quote(self, offer_code: str, quantity: int) -> Result[Money]:
        def read(body: bytes) -> Result[Money]:
            order = wire.order.decode(body)
            price = orders.total(order)
            if order.valid is False or price is None:
                return Blocked("eSIM Go would refuse this order now", "not_valid", "funds")
            return Ok(Money(price.minor * quantity, price.currency))

        dry_run = orders.body(offer_code, buying=False)
        return await self._client.send("validate", "POST", "/orders", read, body=dry_run, changes=False)

    async def list_top_ups(self, line: LineRef) -> Result[Sequence[CatalogRow]]:
        """The bundles for the countries of the line's plan; whether one fits the eSIM is asked before it is bought."""
        found = await self._client.read(
            "bundle", f"/catalogue/bundle/{part(line.offer_code)}", lambda body: Ok(catalogue.base_countries(body))
        )
        if not isinstance(found, Ok):
            return found
        organisation = await self._organisation()
        if not isinstance(organisation, Ok):
            return organisation
        page = await self._catalogue_page(1, ("countries", ",".join(found.value)))
        if not isinstance(page, Ok):
            return page
        return Ok(list(catalogue.rows(page.value.bundles, organisation.value.currency, {}, set())))

    # Buying

    async def issue_esim(self, request: IssueRequest) -> Result[IssuedLine]:
        return await self._order(orders.body(request.offer_code, buying=True))

    async def assign_plan(self, line: LineRef, request: IssueRequest) -> Result[IssuedLine]:
        """On the line where it fits, else on a new eSIM: look at the ICCID in the answer."""
        return await self._order(orders.body(request.offer_code, buying=True, iccid=line.iccid, reassign=True))

    async def top_up(self, line: LineRef, request: IssueRequest) -> Result[IssuedLine]:
        path = f"/esims/{part(line.iccid)}/compatible/{part(request.offer_code)}"
        fits = await self._client.read("compatible", path, ok(wire.compatible), about="line")
        if not isinstance(fits, Ok):
            return fits
        if not fits.value.compatible:
            return Permanent(f"{request.offer_code} does not fit this eSIM", "not_compatible")
        bought = await self._order(orders.body(request.offer_code, buying=True, iccid=line.iccid))
        if isinstance(bought, Ok) and bought.value.iccid != line.iccid:
            return Unknown("eSIM Go put the bundle on another eSIM", "other_line")
        return bought

    async def change_plan(self, line: LineRef, request: IssueRequest, when: When) -> Result[IssuedLine]:
        """Emulated: the new bundle is added at once; what is unused of the old one is then revoked."""
        if when is not None:
            return Unsupported("eSIM Go changes a plan only at once")
        bought = await self.top_up(line, request)
        if isinstance(bought, Ok):
            await bundles.revoke_unused(self._client, line)
        return bought

    async def end_plan(self, line: LineRef) -> Result[bool]:
        return await bundles.revoke_unused(self._client, line)

    async def _order(self, body: bytes) -> Result[IssuedLine]:
        return await self._client.send(
            "order", "POST", "/orders", lambda answer: orders.bought(wire.order.decode(answer)), body=body
        )

    async def get_order(self, order_id: str) -> Result[IssuedLine]:
        read = await self._client.read("order_status", f"/orders/{part(order_id)}", ok(wire.order))
        if not isinstance(read, Ok):
            return read
        found = orders.present(read.value)
        if isinstance(found, Ok | Permanent) or not orders.completed(read.value):
            return found
        cost = orders.unit_cost(read.value)
        return await self._assignment(order_id, "", cost)

    async def find_orders(self, offer_code: str, since: datetime, until: datetime) -> Result[Sequence[FoundOrder]]:
        window = [
            ("createdAt", f"gte:{_stamp(since)}"),
            ("createdAt", f"lte:{_stamp(until + timedelta(milliseconds=1))}"),
        ]
        seen: dict[str, FoundOrder] = {}
        references: set[str] = set()
        for number in range(1, MOST_PAGES + 1):
            query = [("includeIccids", "true"), ("page", str(number)), ("limit", str(ORDERS_PAGE)), *window]
            page = await self._client.read("orders", "/orders", lambda body: Ok(_listed(body)), query=query)
            if not isinstance(page, Ok):
                return page
            # Orders made while we read push older ones to the next page, where we see them again.
            fresh = [one for one in page.value if one.order_reference not in references]
            references.update(one.order_reference or "" for one in fresh)
            seen.update({one.order_id: one for one in orders.found(fresh, offer_code)})
            if not fresh or len(page.value) < SMALLEST_PAGE:
                return Ok(tuple(seen.values()))
        return Retryable(f"more than {MOST_PAGES} pages of orders", "too_many")

    # Lines

    async def get_line(self, line: LineRef) -> Result[LineStatus]:
        read = await self._client.read("esim", f"/esims/{part(line.iccid)}", ok(wire.esim), about="line")
        if isinstance(read, Permanent) and read.code == "410":
            return Ok(LineStatus(at=clock.now(), service="terminated", plan="expired"))
        if not isinstance(read, Ok):
            return read
        assignments = await bundles.assignments(self._client, line.iccid)
        if not isinstance(assignments, Ok):
            return assignments
        found = [one for _, one in assignments.value]
        return Ok(lines.status(read.value, found, clock.now()))

    async def fetch_usage(self, asked: Sequence[LineRef]) -> Result[Sequence[UsageReading]]:
        readings: list[UsageReading] = []
        for line in asked:
            read = await bundles.assignments(self._client, line.iccid)
            if not isinstance(read, Ok):
                return read
            found = lines.data(one for _, one in read.value)
            if found.used is not None:
                readings.append(
                    UsageReading(line_id=line.line_id, used=found.used, total=found.total, daily=False, at=clock.now())
                )
        return Ok(tuple(readings))

    async def get_install_details(self, line: LineRef) -> Result[IssuedLine]:
        return await self._assignment(line.order_id, line.iccid, None)

    async def _assignment(self, order_id: str, iccid: str, cost: Money | None) -> Result[IssuedLine]:
        def read(body: bytes) -> Result[IssuedLine]:
            found = wire.esims.decode(body)
            several = found if isinstance(found, list) else [found]
            chosen = next((one for one in several if str(one.iccid) == iccid or not iccid), None)
            if chosen is None:
                return Permanent("the order holds no such eSIM", "not_found")
            return Ok(orders.from_esim(chosen, order_id, cost))

        query = [("reference", order_id), ("additionalFields", "installUrl")]
        return await self._client.read("assignments", "/esims/assignments", read, query=query, about="line")

    async def swap_profile(self, line: LineRef, reference: str) -> Result[IssuedLine]:
        del line, reference
        return Unsupported("eSIM Go gives a line no new profile: issue a new line")

    async def cancel_order(self, order_id: str) -> Result[None]:
        del order_id
        return Unsupported("eSIM Go carries orders out at once")

    async def suspend_line(self, line: LineRef, reason: str) -> Result[LineStatus]:
        del reason
        return await self._set_suspended(line, wanted=True)

    async def reactivate_line(self, line: LineRef, reason: str) -> Result[LineStatus]:
        del reason
        return await self._set_suspended(line, wanted=False)

    async def _set_suspended(self, line: LineRef, *, wanted: bool) -> Result[LineStatus]:
        if not self.capabilities.suspend:
            return Unsupported("eSIM Go 2.4 can not suspend")
        path = f"/esims/{part(line.iccid)}/suspend"
        status = LineStatus(at=clock.now(), service="suspended" if wanted else "active")
        body = b'{"suspend":true}' if wanted else b'{"suspend":false}'
        done = await self._client.send("suspend", "POST", path, lambda _: Ok(status), body=body, about="line")
        if not (isinstance(done, Permanent) and done.code == "400"):
            return done
        # "Already so" is a 400 like any other: only a read tells them apart.
        now = await self._client.read("suspension", path, ok(wire.suspended), about="line")
        return Ok(status) if isinstance(now, Ok) and now.value.suspended == wanted else done

    async def terminate_line(self, line: LineRef) -> Result[Returned]:
        if self._version == "2.4":
            return await bundles.revoke_all(self._client, line)
        ended = Returned(refunded=None, how="terminated_only")
        done = await self._client.send(
            "delete_esim", "DELETE", f"/esims/{part(line.iccid)}", lambda _: Ok(ended), about="line"
        )
        gone = isinstance(done, Permanent) and done.code in bundles.GONE
        return Ok(Returned(refunded=None, how="already_gone")) if gone else done

    async def cancel_or_refund(self, line: LineRef) -> Result[Returned]:
        return await bundles.cancel(self._client, line)

    # Account

    async def get_balance(self) -> Result[Money]:
        read = await self._organisation()
        if not isinstance(read, Ok):
            return read
        return Ok(rounded(read.value.balance, read.value.currency))

    async def _organisation(self) -> Result[wire.Organisation]:
        return await self._client.read("organisation", "/organisation", ok(wire.organisation))

    async def register_webhook(self, url: str) -> Result[None]:
        del url
        return Unsupported("eSIM Go takes the callback address only in its portal")

    def verify_webhook(self, headers: Mapping[str, str], raw: bytes, source_ip: str) -> Verdict:
        del source_ip
        signed_only = str(self._options.extra.get("callback_version", "")) == "3"
        return webhooks.verify(headers, raw, self._keys, signed_only=signed_only)

    def parse_webhook(self, raw: bytes) -> Sequence[SupplierEvent]:
        return webhooks.parse(raw, self._currency)

    async def close(self) -> None:
        await self._client.close()


def _needed(outcome: Result[T]) -> T:
    """The value, for a catalogue that is nothing unless it is whole. Raises CatalogUnavailable."""
    if isinstance(outcome, Ok):
        return outcome.value
    raise CatalogUnavailable(f"{outcome.name}: {getattr(outcome, 'reason', '')}")


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _listed(body: bytes) -> list[wire.Order]:
    found = wire.orders.decode(body)
    return found.orders if isinstance(found, wire.OrderEnvelope) else found
