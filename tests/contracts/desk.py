"""One adapter before its stand-in: calls from plain tests, buys lines, looks into the supplier's books."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from simplane.core import clock
from simplane.suppliers import registry
from simplane.suppliers.models import Supplier
from simplane.suppliers.outcomes import Accepted, Ok, Result
from simplane.suppliers.values import CatalogRow, FoundOrder, IssuedLine, IssueRequest, LineRef
from tests.contracts.vendors import Vendor
from tests.standins import Standin

T = TypeVar("T")
MINUTE = timedelta(minutes=1)


class Desk:
    """Everything a test needs. `adapter` is the one the registry gives, in an event loop of its own."""

    def __init__(self, vendor: Vendor, standin: Standin) -> None:
        self.vendor = vendor
        self.standin = standin
        self._runner = asyncio.Runner()
        self._open: list[Any] = []
        self.adapter = self.open()

    def open(self, url: str = "", credentials: Any = None, is_stand_in: bool = True, **options: Any) -> Any:
        """Another adapter at the same stand-in, with other credentials or options."""
        supplier = Supplier(
            code=f"contract-{self.vendor.name}-{uuid.uuid4().hex[:8]}",
            vendor=self.vendor.vendor,
            base_url=url or self.standin.url,
            credentials=credentials or dict(self.vendor.credentials),
            options={"per_second": 0, "read_seconds": 5.0, **self.vendor.options, **options},
            is_stand_in=is_stand_in,
        )
        made = registry.unshared(supplier)
        self._open.append(made)
        return made

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one coroutine to its end."""
        return self._runner.run(work)

    def close(self) -> None:
        """Close every adapter and the loop."""
        for adapter in self._open:
            self.do(adapter.close())
        self._runner.close()

    def request(self, offer: str = "", **given: Any) -> IssueRequest:
        """A request for one eSIM at the price the catalogue shows, under a reference of its own."""
        fields: dict[str, Any] = {
            "offer_code": offer or self.vendor.offer,
            "reference": f"sp-{uuid.uuid4().hex[:20]}",
            "expected_cost": self.vendor.price,
            "supplier_price": self.vendor.supplier_price if not offer else "",
        }
        return IssueRequest(**fields | given)

    def issue(self, request: IssueRequest | None = None, adapter: Any = None) -> Result[IssuedLine]:
        """Ask for one eSIM."""
        answer: Result[IssuedLine] = self.do((adapter or self.adapter).issue_esim(request or self.request()))
        return answer

    def buy(self, offer: str = "") -> IssuedLine:
        """An eSIM, fetched afterwards where the supplier delivers later."""
        answer = self.issue(self.request(offer))
        if isinstance(answer, Accepted):
            answer = self.do(self.adapter.get_order(answer.order_id))
        assert isinstance(answer, Ok), answer
        return answer.value

    def ref(self, line: IssuedLine, offer: str = "") -> LineRef:
        """How the supplier knows a line."""
        return LineRef(
            line_id=line.line_id, iccid=line.iccid, order_id=line.order_id, offer_code=offer or self.vendor.offer
        )

    def look_up(self) -> Result[Sequence[FoundOrder]]:
        """Ask for our orders of the offer in the last minute."""
        now = clock.now()
        found: Result[Sequence[FoundOrder]] = self.do(
            self.adapter.find_orders(self.vendor.offer, now - MINUTE, now + MINUTE)
        )
        return found

    def found(self) -> list[FoundOrder]:
        """What the supplier's order list shows for it."""
        answer = self.look_up()
        assert isinstance(answer, Ok), answer
        return list(answer.value)

    def bought_ids(self, offer: str) -> list[str]:
        """Numbers of the orders of an offer in the supplier's books, oldest first."""
        return [order["order_id"] for order in self.bought() if order["product"] == offer]

    def catalogue(self) -> list[CatalogRow]:
        """The whole catalogue."""

        async def read() -> list[CatalogRow]:
            return [row async for page in self.adapter.sync_catalogue() for row in page]

        return self.do(read())

    def bought(self) -> list[dict[str, Any]]:
        """The orders in the supplier's own books."""
        orders: list[dict[str, Any]] = self.standin.books()["orders"]
        return orders

    def calls(self, operation: str) -> int:
        """How often the stand-in was called for an operation since it was reset."""
        return sum(call["operation"] == operation for call in self.standin.journal(1000))

    def advance(self, line: IssuedLine, to: str, **fields: Any) -> None:
        """Move a line at the stand-in."""
        self.vendor.advance(self.standin, line.line_id, to, **fields)
