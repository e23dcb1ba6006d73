"""What crosses the border between us and a supplier's adapter. Frozen; units converted once, at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from simplane.core.money import Money
from simplane.core.telecom import ActivationCode

When = datetime | Literal["end_of_cycle"] | None
"""When a change takes effect: at a time (day in UTC), when the present cycle ends, or at once (None)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a supplier can do, as data; decides what may be offered before a sale."""

    idempotent_orders: bool
    """True: repeating an order with the same reference is the same order."""
    finds_orders_by_reference: bool
    issues: Literal["sync", "async"]
    bulk_per_call: int
    top_up: bool
    assign_plan: bool
    change_plan: Literal["native", "emulated", "no"]
    suspend: bool
    terminate: bool
    refund: Literal["unused", "request", "no"]
    """unused: given back at once while never installed; request: people decide; no."""
    balance: bool
    usage_batch: int
    """Lines asked in one usage call; 0: no usage."""
    usage_lag_seconds: int
    webhooks: Literal["signed", "hint", "none"]
    """hint: unsigned, to be confirmed by a read."""
    order_webhook: bool
    validates_price: bool
    """The supplier refuses an order whose price we got wrong."""
    swap_profile: bool = False
    """A line can get a new profile (another phone, a lost one) and stay the same line."""
    schedules: bool = False
    """A change of plan can be ordered for later, and taken back until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierOptions:
    """Options of one account, from `Supplier.options`; every default is safe."""

    version: str = ""
    """eSIM Go: "2.5" or "2.4"."""
    per_second: float = 8.0
    """Our calls a second, all processes together."""
    burst: int = 2
    in_flight: int = 120
    """Bulkhead: calls at once from one process."""
    connect_seconds: float = 3.0
    read_seconds: float = 30.0
    settle_seconds: float = 600.0
    """After this long, an unknown purchase that the supplier's order list does not show was not made (reference 1.6)."""
    clock_skew_seconds: float = 60.0
    """How far the supplier's clock may differ from ours."""
    price_tolerance_bps: int = 0
    """A catalogue price that rises by no more than this (1/100 %) needs no review."""
    breaker_failures: int = 8
    breaker_reset_seconds: float = 20.0
    webhook_ips: tuple[str, ...] = ()
    """Addresses webhooks may come from; empty: the vendor's published list, or any for a stand-in."""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> SupplierOptions:
        """From the stored JSON; names that are no option are kept in `extra` for the adapter."""
        known = {key: value for key, value in options.items() if key in cls.__slots__ and key != "extra"}
        if "webhook_ips" in known:
            known["webhook_ips"] = tuple(known["webhook_ips"])
        return cls(**known, extra={key: value for key, value in options.items() if key not in known})


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogOffer:
    """One row of a supplier's catalogue, normalised. Bytes, minor units, ISO countries."""

    code: str
    name: str
    countries: tuple[str, ...]
    data_bytes: int | None
    """Total, or a day when `daily`; None = unlimited."""
    daily: bool
    days: int
    clock_start: Literal["install", "first_use", "purchase"]
    top_up: bool
    hotspot: bool | None
    voice_minutes: int
    sms_count: int
    networks: tuple[Mapping[str, str], ...]
    unused_days: int | None
    cost: Money
    """Rounded up to the minor unit."""
    supplier_price: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """A catalogue row that is not sold: why, and the row."""

    code: str
    reason: str
    raw: Mapping[str, Any]


CatalogRow = CatalogOffer | UnreadableRow


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRequest:
    """One new eSIM of one offer."""

    offer_code: str
    reference: str
    """Our attempt key, at most 50 characters; the idempotency key where there is one."""
    expected_cost: Money
    supplier_price: str
    """The price as the supplier writes it, for its own check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedLine:
    """An eSIM as a supplier gave it."""

    order_id: str
    line_id: str
    iccid: str
    code: ActivationCode
    cost: Money | None
    """What the supplier says it charged, if it says."""
    confirmation_code: str = ""
    """What the phone asks for where `code` says that one is needed; empty: the supplier gave none. A secret."""
    apn: str = ""
    data_total: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOrder:
    """An order in a supplier's own books, seen by a lookup."""

    order_id: str
    offer_code: str
    quantity: int
    total: Money | None
    created_at: datetime
    reference: str
    """Our attempt key, empty where the supplier keeps none."""
    iccids: tuple[str, ...]
    done: bool
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRef:
    """How a supplier knows a line."""

    line_id: str
    iccid: str
    order_id: str
    offer_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStatus:
    """The present state of a line, normalised; None where the supplier does not say."""

    at: datetime
    """When it was read (or the supplier's own time of it)."""
    profile: str | None = None
    """A value of lines.ProfileState."""
    plan: str | None = None
    """A value of lines.PlanState."""
    service: str | None = None
    """A value of lines.ServiceState."""
    data_total: int | None = None
    data_used: int | None = None
    usage_at: datetime | None = None
    installed_at: datetime | None = None
    expires_at: datetime | None = None
    eid: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReading:
    """Data used by one line, in bytes."""

    line_id: str
    used: int
    total: int | None
    """None = unlimited."""
    daily: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What came of a cancellation: money back now, asked for, or not."""

    refunded: Money | None
    """None with `how` "refunded": the whole price came back and the supplier does not say how much that is."""
    how: Literal["refunded", "requested", "terminated_only", "already_gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a webhook is genuine: `verified` (signed), `hint` (plausible, to be confirmed) or `refused`."""

    kind: Literal["verified", "hint", "refused"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierEvent:
    """One thing a webhook says, normalised."""

    kind: Literal["order", "line", "usage", "balance", "probe", "other"]
    dedupe_key: str
    at: datetime | None
    """The supplier's own time of the event, if it has one."""
    topic: str
    order_id: str = ""
    reference: str = ""
    line_id: str = ""
    iccid: str = ""
    status: LineStatus | None = None
    moment: Literal["", "installed", "attached", "first_use", "country", "expiring", "deletion_scheduled"] = ""
    country: str = ""
    balance: Money | None = None
    confirm: bool = False
    """It says that the line moved, not how it stands now: read the line."""
    raw: Mapping[str, Any] = field(default_factory=dict)
