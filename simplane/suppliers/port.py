"""The port every supplier adapter implements (reference: suppliers, section 7.1).

An adapter is a translator: the vendor's JSON in, our dataclasses out, the vendor's errors mapped to an outcome class.
It holds no business decision and no database. Every method may be called again; those that spend say how a repeat is
told apart. All are asynchronous; none raises for what a supplier answers, only for our own bugs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from simplane.core.money import Money
from simplane.suppliers.outcomes import Result
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
    UsageReading,
    Verdict,
    When,
)


class SupplierAdapter(Protocol):
    """One account at one vendor."""

    @property
    def capabilities(self) -> Capabilities:
        """What this supplier (in this version) can do."""

    def sync_catalogue(self) -> AsyncIterator[Sequence[CatalogRow]]:
        """The whole catalogue in pages. Raises CatalogUnavailable; a bad row is an UnreadableRow, never an exception."""

    async def quote(self, offer_code: str, quantity: int) -> Result[Money]:
        """The price the supplier would charge now, validated by itself, or Unsupported."""

    async def issue_esim(self, request: IssueRequest) -> Result[IssuedLine]:
        """Buy one new eSIM. Ok, or Accepted when the supplier works asynchronously. Spends money."""

    async def assign_plan(self, line: LineRef, request: IssueRequest) -> Result[IssuedLine]:
        """Put a further plan on a line. The line in the answer may be another one. Spends money."""

    async def change_plan(self, line: LineRef, request: IssueRequest, when: When) -> Result[IssuedLine]:
        """Change the plan, natively or emulated as `capabilities.change_plan` says. Spends money.

        A change for later is Accepted; `cancel_order` takes it back.
        """

    async def end_plan(self, line: LineRef) -> Result[bool]:
        """Take off the plan that `line` names, once another one is on it; False: it has begun and runs out by itself.

        The second half of an emulated change, which `change_plan` does too. May be repeated.
        """

    async def swap_profile(self, line: LineRef, reference: str) -> Result[IssuedLine]:
        """A new profile for the same line; the old one works no more. `reference` tells a repeat apart."""

    async def cancel_order(self, order_id: str) -> Result[None]:
        """Take back an order that waits for its day. `already` counts as Ok."""

    async def suspend_line(self, line: LineRef, reason: str) -> Result[LineStatus]:
        """Pause the service. `already` counts as Ok."""

    async def reactivate_line(self, line: LineRef, reason: str) -> Result[LineStatus]:
        """End a pause. `already` counts as Ok."""

    async def terminate_line(self, line: LineRef) -> Result[Returned]:
        """End the line for good, without money back."""

    async def top_up(self, line: LineRef, request: IssueRequest) -> Result[IssuedLine]:
        """Add data to a line. Spends money."""

    async def list_top_ups(self, line: LineRef) -> Result[Sequence[CatalogRow]]:
        """What may be added to this line, by the codes of the catalogue."""

    async def cancel_or_refund(self, line: LineRef) -> Result[Returned]:
        """Give an unused line back for money, as far as the supplier allows it."""

    async def get_order(self, order_id: str) -> Result[IssuedLine]:
        """The line of an order by the supplier's order id; NotReady while the supplier works."""

    async def find_orders(self, offer_code: str, since: datetime, until: datetime) -> Result[Sequence[FoundOrder]]:
        """All our orders of this offer in the supplier's books in that window: the evidence behind `Unknown`."""

    async def get_line(self, line: LineRef) -> Result[LineStatus]:
        """The line as it is now."""

    async def fetch_usage(self, lines: Sequence[LineRef]) -> Result[Sequence[UsageReading]]:
        """Data used, for at most `capabilities.usage_batch` lines."""

    async def get_install_details(self, line: LineRef) -> Result[IssuedLine]:
        """What a phone needs to install the line, read again."""

    async def get_balance(self) -> Result[Money]:
        """Our float at the supplier."""

    async def register_webhook(self, url: str) -> Result[None]:
        """Tell the supplier our address, where that is possible by API."""

    def verify_webhook(self, headers: Mapping[str, str], raw: bytes, source_ip: str) -> Verdict:
        """Whether these bytes come from the supplier (headers by lower-case name)."""

    def parse_webhook(self, raw: bytes) -> Sequence[SupplierEvent]:
        """What the webhook says; empty for something we need not know. Raises BadWebhook when it can not be read."""

    async def close(self) -> None:
        """Let connections go."""
