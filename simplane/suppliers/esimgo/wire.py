"""eSIM Go's JSON as we read it: only the fields we use, in every type they have been seen in. The rest is ignored.

`createDate` in lists and `createdDate` elsewhere; ICCIDs as text or number; install times as text or milliseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct, field

from simplane.core.clock import parse_time


class OrderedEsim(Struct, rename="camel"):
    """One eSIM of an order."""

    iccid: str | int
    matching_id: str | None = None
    smdp_address: str | None = None


class OrderedItem(Struct, rename="camel"):
    """One position of an order."""

    type: str | None = None
    item: str | None = None
    quantity: int | None = None
    esims: list[OrderedEsim] | None = None
    iccids: list[str | int] | None = None
    sub_total: Decimal | None = None
    price_per_unit: Decimal | None = None


class Order(Struct, rename="camel"):
    """An order as bought, read or listed; `valid` only after a dry run."""

    order: list[OrderedItem] | None = None
    total: Decimal | None = None
    currency: str | None = None
    status: str | None = None
    order_reference: str | None = None
    created_date: str | None = None
    create_date: str | None = None
    valid: bool | None = None


class OrderEnvelope(Struct):
    """An order list with an envelope, should they ever give it one as they did to the catalogue."""

    orders: list[Order]


class Esim(Struct, rename="camel"):
    """`GET /esims/{iccid}` and one entry of `/esims/assignments`."""

    iccid: str | int
    matching_id: str | None = None
    smdp_address: str | None = None
    profile_status: str | None = None
    first_installed: str | int | float | None = field(default=None, name="firstInstalledDateTime")
    state: str | None = None


class Allowance(Struct, rename="camel"):
    """What a bundle holds of one kind: `amount` in the catalogue, initial and remaining on an eSIM."""

    type: str | None = None
    unit: str | None = None
    amount: int | float | None = None
    initial_amount: int | float | None = None
    remaining_amount: int | float | None = None
    unlimited: bool | None = None


class Assignment(Struct, rename="camel"):
    """A bundle on an eSIM. The top-level quantities are bytes and deprecated for `allowances`."""

    id: str | int | None = None
    initial_quantity: int | float | None = None
    remaining_quantity: int | float | None = None
    start_time: str | None = None
    end_time: str | None = None
    assignment_date_time: str | None = None
    assignment_reference: str | None = None
    bundle_state: str | None = None
    unlimited: bool | None = None
    allowances: list[Allowance] | None = None


class Bundle(Struct):
    """All assignments of one bundle on an eSIM."""

    name: str
    assignments: list[Assignment] | None = None


class Bundles(Struct):
    """`GET /esims/{iccid}/bundles`."""

    bundles: list[Bundle] | None = None


class Stock(Struct):
    """One purchase in the inventory; `id` is the usageId of a refund."""

    id: int
    remaining: int


class StockedBundle(Struct):
    """A bundle in the inventory."""

    name: str
    available: list[Stock] | None = None


class Inventory(Struct):
    """`GET /inventory`."""

    bundles: list[StockedBundle] | None = None


class Organisation(Struct, rename="camel"):
    """`GET /organisation`, without its secrets."""

    currency: str
    balance: Decimal


class Suspended(Struct):
    """`GET /esims/{iccid}/suspend`."""

    suspended: bool


class Compatible(Struct):
    """`GET /esims/{iccid}/compatible/{bundle}`."""

    compatible: bool


class Status(Struct):
    """`{"status": "..."}`, sometimes `{"message": "..."}`."""

    status: str | None = None
    message: str | None = None


class Network(Struct, rename="camel"):
    """A mobile network in one country."""

    name: str | None = None
    brand_name: str | None = None
    speed: list[str] | None = None


class CountryNetworks(Struct):
    """`name` is the country's ISO code."""

    name: str
    networks: list[Network] | None = None


class Networks(Struct, rename="camel"):
    """`GET /networks`."""

    country_networks: list[CountryNetworks] | None = None


order = msgspec.json.Decoder(Order)
orders = msgspec.json.Decoder(list[Order] | OrderEnvelope)
esim = msgspec.json.Decoder(Esim)
esims = msgspec.json.Decoder(Esim | list[Esim])
bundles = msgspec.json.Decoder(Bundles)
inventory = msgspec.json.Decoder(Inventory)
organisation = msgspec.json.Decoder(Organisation)
suspended = msgspec.json.Decoder(Suspended)
compatible = msgspec.json.Decoder(Compatible)
status = msgspec.json.Decoder(Status)
networks = msgspec.json.Decoder(Networks)


def moment(value: str | int | float | None) -> datetime | None:
    """A time as eSIM Go writes it: RFC 3339 up to nanoseconds, or milliseconds since 1970. Raises ValueError."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return parse_time(value)
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, OSError) as problem:
        raise ValueError(f"{value} is no time in milliseconds") from problem


def message(body: bytes) -> str:
    """The text of an error: `{"message"}`, or plain text as `POST /orders` declares; no HTML."""
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        text = body[:300].decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else text
    if isinstance(found, dict):
        return str(found.get("message") or found.get("status") or found.get("error") or "")[:300]
    return found[:300] if isinstance(found, str) else ""
