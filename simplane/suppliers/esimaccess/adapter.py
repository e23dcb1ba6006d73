"""The supplier port for eSIM Access."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from simplane.core import clock
from simplane.core.clock import parse_time
from simplane.core.money import Money
from simplane.suppliers.errors import CatalogUnavailable
from simplane.suppliers.esimaccess import catalogue, lines, webhooks, wire
from simplane.suppliers.esimaccess.client import Client, done, ok
from simplane.suppliers.esimaccess.errors import REPEATABLE, STATE_CONFLICT
from simplane.suppliers.models import Supplier
from simplane.suppliers.outcomes import Accepted, NotReady, Ok, Permanent, Result, Retryable, Unknown, Unsupported
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

CATALOGUE_BYTES = 96 * 1024 * 1024
"""The whole catalogue is one answer without pages."""
BATCH = 500
QUERY_PAGE = 500
MOST_PAGES = 200
USAGE_BATCH = 10
TOP_UP_PREFIX = "TOPUP_"


class EsimAccess:
    """One account at eSIM Access. Our reference goes as transactionId: the same order repeated stays one order."""

    def __init__(self, supplier: Supplier, options: SupplierOptions) -> None:
        credentials = supplier.credentials or {}
        self._client = Client(
            supplier.code,
            supplier.base_url,
            str(credentials.get("access_code", "")),
            str(credentials.get("secret_key") or ""),
            options,
        )
        published = None if supplier.is_stand_in else webhooks.PUBLISHED_SOURCES
        self._sources = frozenset(options.webhook_ips) if options.webhook_ips else published

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            idempotent_orders=True,
            finds_orders_by_reference=True,
            issues="async",
            bulk_per_call=30,
            top_up=True,
            assign_plan=False,
            change_plan="no",
            suspend=True,
            terminate=True,
            refund="unused",
            balance=True,
            usage_batch=USAGE_BATCH,
            usage_lag_seconds=int(lines.USAGE_LAG.total_seconds()),
            webhooks="hint",
            order_webhook=True,
            validates_price=True,
        )

    # Catalogue

    async def sync_catalogue(self) -> AsyncIterator[Sequence[CatalogRow]]:
        places = await self._client.call("locations", "/location/list", {}, ok(wire.places))
        if not isinstance(places, Ok):
            raise CatalogUnavailable(f"locations: {places.name} {getattr(places, 'reason', '')}")
        packages = await self._packages(type="BASE")
        if not isinstance(packages, Ok):
            raise CatalogUnavailable(f"packages: {packages.name} {getattr(packages, 'reason', '')}")
        found = catalogue.rows(packages.value.package_list or (), catalogue.atlas(places.value), set())
        while batch := list(islice(found, BATCH)):
            yield batch

    async def _packages(self, **filters: str) -> Result[wire.Packages]:
        body = {"locationCode": "", "type": "", "packageCode": "", "slug": "", "iccid": "", **filters}
        return await self._client.call("packages", "/package/list", body, ok(wire.packages), most_bytes=CATALOGUE_BYTES)

    async def quote(self, offer_code: str, quantity: int) -> Result[Money]:
        found = await self._offers(type="BASE", packageCode=offer_code)
        if not isinstance(found, Ok):
            return found
        offer = next((row for row in found.value if isinstance(row, CatalogOffer) and row.code == offer_code), None)
        if offer is None:
            return Permanent("eSIM Access does not sell this package now", "310241", stale_catalogue=True)
        return Ok(catalogue.money(int(offer.supplier_price) * quantity, offer.cost.currency))

    async def list_top_ups(self, line: LineRef) -> Result[Sequence[CatalogRow]]:
        found = await self._offers(type="TOPUP", packageCode=line.offer_code)
        if not isinstance(found, Ok):
            return found
        return Ok([replace(row, code=row.code.removeprefix(TOP_UP_PREFIX)) for row in found.value])

    async def _offers(self, **filters: str) -> Result[Sequence[CatalogRow]]:
        packages = await self._packages(**filters)
        if not isinstance(packages, Ok):
            return packages
        raw = packages.value.package_list or ()
        return Ok(list(catalogue.rows(raw, catalogue.Atlas({}, {}), set())))

    # Buying

    async def issue_esim(self, request: IssueRequest) -> Result[IssuedLine]:
        package: dict[str, Any] = {"packageCode": request.offer_code, "count": 1}
        body: dict[str, Any] = {"transactionId": request.reference, "packageInfoList": [package]}
        if request.supplier_price.isdecimal():
            package["price"] = body["amount"] = int(request.supplier_price)

        def read(obj: bytes) -> Result[IssuedLine]:
            return Accepted(wire.ordered.decode(obj).order_no)

        return await self._client.call("order", "/esim/order", body, read, changes=True, repeat_on=REPEATABLE)

    async def assign_plan(self, line: LineRef, request: IssueRequest) -> Result[IssuedLine]:
        del line, request
        return Unsupported("eSIM Access puts only top-up packages on a line: use top_up")

    async def change_plan(self, line: LineRef, request: IssueRequest, when: When) -> Result[IssuedLine]:
        del line, request, when
        return Unsupported("eSIM Access changes no plans: top up, or issue a new line")

    async def end_plan(self, line: LineRef) -> Result[bool]:
        del line
        return Unsupported("eSIM Access takes no package off a line")

    async def top_up(self, line: LineRef, request: IssueRequest) -> Result[IssuedLine]:
        """The same transactionId is promised to count once for orders only, so an unknown top-up is looked up here."""
        before = await self._line(line)
        if not isinstance(before, Ok):
            return before
        code = request.offer_code.removeprefix(TOP_UP_PREFIX)
        body: dict[str, Any] = {
            "esimTranNo": before.value.esim_tran_no,
            "packageCode": TOP_UP_PREFIX + code,
            "transactionId": request.reference,
        }
        paid = None
        if request.supplier_price.isdecimal():
            body["amount"] = int(request.supplier_price)
            paid = catalogue.money(int(request.supplier_price))
        answer = await self._client.call("topup", "/esim/topup", body, ok(wire.topped_up), changes=True)
        if not isinstance(answer, Ok | Unknown):
            return answer
        after = await self._line(line)
        if isinstance(answer, Unknown) and not (isinstance(after, Ok) and _grew(before.value, after.value)):
            return answer
        shown = after.value if isinstance(after, Ok) else before.value
        return _as_issued(shown, paid, order_id=_order_of(answer, request))

    # Looking

    async def get_order(self, order_id: str) -> Result[IssuedLine]:
        found = await self._query({"orderNo": order_id})
        if not isinstance(found, Ok):
            return found
        mine = found.value.esim_list or []
        return _as_issued(mine[0], None) if mine else NotReady()

    async def find_orders(self, offer_code: str, since: datetime, until: datetime) -> Result[Sequence[FoundOrder]]:
        """Lines that are still being made are not in the list; they follow within about half a minute."""
        window = {"startTime": _stamp(since), "endTime": _stamp(until + timedelta(seconds=1))}
        seen: dict[str, wire.Line] = {}
        for number in range(1, MOST_PAGES + 1):
            page = await self._query(window, number=number, size=QUERY_PAGE)
            if not isinstance(page, Ok):
                return page
            listed = page.value.esim_list or []
            before = len(seen)
            seen.update({line.esim_tran_no: line for line in listed})
            total = page.value.pager.total if page.value.pager else None
            if len(seen) == before or (total is not None and len(seen) >= total):
                return Ok(tuple(lines.found(seen.values(), offer_code, since)))
        return Retryable(f"more than {MOST_PAGES} pages of lines", "too_many")

    async def _query(self, what: Mapping[str, str], *, number: int = 1, size: int = 20) -> Result[wire.Lines]:
        body = {**what, "pager": {"pageNum": number, "pageSize": size}}
        return await self._client.call("query", "/esim/query", body, ok(wire.lines))

    async def _line(self, line: LineRef) -> Result[wire.Line]:
        found = await self._query({"esimTranNo": line.line_id})
        if not isinstance(found, Ok):
            return found
        mine = next((one for one in found.value.esim_list or () if one.esim_tran_no == line.line_id), None)
        return Ok(mine) if mine else Permanent("eSIM Access knows no such line", "not_found")

    async def get_line(self, line: LineRef) -> Result[LineStatus]:
        found = await self._line(line)
        return Ok(lines.status(found.value, clock.now())) if isinstance(found, Ok) else found

    async def get_install_details(self, line: LineRef) -> Result[IssuedLine]:
        found = await self._line(line)
        return _as_issued(found.value, None) if isinstance(found, Ok) else found

    async def fetch_usage(self, asked: Sequence[LineRef]) -> Result[Sequence[UsageReading]]:
        readings: list[UsageReading] = []
        for start in range(0, len(asked), USAGE_BATCH):
            numbers = [line.line_id for line in asked[start : start + USAGE_BATCH]]
            found = await self._client.call("usage", "/esim/usage/query", {"esimTranNoList": numbers}, ok(wire.usage))
            if not isinstance(found, Ok):
                return found
            readings += [_reading(one) for one in found.value.esim_usage_list or ()]
        return Ok(tuple(readings))

    # Changing

    async def swap_profile(self, line: LineRef, reference: str) -> Result[IssuedLine]:
        del line, reference
        return Unsupported("eSIM Access gives a line no new profile: issue a new line")

    async def cancel_order(self, order_id: str) -> Result[None]:
        del order_id
        return Unsupported("eSIM Access carries orders out at once")

    async def suspend_line(self, line: LineRef, reason: str) -> Result[LineStatus]:
        del reason
        return await self._pause(line, "suspend", "suspended")

    async def reactivate_line(self, line: LineRef, reason: str) -> Result[LineStatus]:
        del reason
        return await self._pause(line, "unsuspend", "active")

    async def _pause(self, line: LineRef, verb: str, wanted: str) -> Result[LineStatus]:
        changed = await self._change(line, verb)
        if isinstance(changed, Ok):
            return Ok(LineStatus(at=clock.now(), service=wanted))
        if not _conflict(changed):
            return changed
        now = await self.get_line(line)
        return now if isinstance(now, Ok) and now.value.service == wanted else changed

    async def terminate_line(self, line: LineRef) -> Result[Returned]:
        return await self._end(line, "revoke", Returned(refunded=None, how="terminated_only"))

    async def cancel_or_refund(self, line: LineRef) -> Result[Returned]:
        """The price goes back to the balance; no answer says how much that is. A repeat answers the same."""
        return await self._end(line, "cancel", Returned(refunded=None, how="refunded"))

    async def _end(self, line: LineRef, verb: str, ended: Returned) -> Result[Returned]:
        changed = await self._change(line, verb)
        if isinstance(changed, Ok):
            return Ok(ended)
        if not _conflict(changed):
            return changed
        now = await self._line(line)
        state = (now.value.esim_status or "").upper() if isinstance(now, Ok) else ""
        if verb == "cancel" and state == lines.CANCELLED:
            return Ok(ended)
        return Ok(Returned(refunded=None, how="already_gone")) if state in lines.OVER else changed

    async def _change(self, line: LineRef, verb: str) -> Result[None]:
        return await self._client.call(verb, f"/esim/{verb}", {"esimTranNo": line.line_id}, done, changes=True)

    # Account

    async def get_balance(self) -> Result[Money]:
        found = await self._client.call("balance", "/balance/query", {}, ok(wire.balance))
        return Ok(catalogue.money(int(found.value.balance))) if isinstance(found, Ok) else found

    async def register_webhook(self, url: str) -> Result[None]:
        """They probe the address while we wait, and refuse it unless it answers 200."""
        return await self._client.call("webhook_save", "/webhook/save", {"webhook": url}, done, changes=True)

    def verify_webhook(self, headers: Mapping[str, str], raw: bytes, source_ip: str) -> Verdict:
        del headers, raw
        return webhooks.verify(source_ip, self._sources)

    def parse_webhook(self, raw: bytes) -> Sequence[SupplierEvent]:
        return webhooks.parse(raw)

    async def close(self) -> None:
        await self._client.close()


def _as_issued(line: wire.Line, cost: Money | None, order_id: str = "") -> Result[IssuedLine]:
    made = lines.issued(line, cost)
    return Ok(replace(made, order_id=order_id or made.order_id)) if made else NotReady()


def _order_of(answer: Result[wire.ToppedUp], request: IssueRequest) -> str:
    number = answer.value.top_up_esim_tran_no if isinstance(answer, Ok) else None
    return number or request.reference


def _grew(before: wire.Line, after: wire.Line) -> bool:
    """A top-up shows as more data or more days."""
    more_data = (after.total_volume or 0) > (before.total_volume or 0)
    return more_data or (after.total_duration or 0) > (before.total_duration or 0)


def _conflict(outcome: Result[Any]) -> bool:
    return isinstance(outcome, Permanent) and outcome.code in STATE_CONFLICT


def _reading(one: wire.Used) -> UsageReading:
    at = parse_time(one.last_update_time) if one.last_update_time else clock.now() - lines.USAGE_LAG
    return UsageReading(line_id=one.esim_tran_no, used=one.data_usage, total=one.total_data, daily=False, at=at)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+0000"
