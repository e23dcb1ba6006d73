"""Rows of eSIM Access's catalogue, normalised (reference section 2; codes in the vendor's enumerations)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from simplane.core.money import Money, rounded
from simplane.suppliers.esimaccess import wire
from simplane.suppliers.rows import BadRow, good_code, good_countries, good_days, read_rows
from simplane.suppliers.values import CatalogOffer, CatalogRow

PRICE_SCALE = 10_000
_FIXED, _DAILY_SLOWER, _DAILY_CUT, _UNLIMITED = 1, 2, 3, 4
_CLOCK: Mapping[int, Literal["install", "first_use", "purchase"]] = MappingProxyType(
    {1: "install", 2: "first_use", 3: "purchase"}
)
_CAN_TOP_UP = (2, 3)


@dataclass(frozen=True, slots=True)
class Atlas:
    """What the list of locations says: countries of each region, and codes of countries by their English name."""

    regions: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]


class Operator(Struct, rename="camel"):
    """A mobile network."""

    operator_name: str | None = None
    network_type: str | None = None


class Coverage(Struct, rename="camel"):
    """Networks in one country, which is given by name only."""

    location_name: str | None = None
    operator_list: list[Operator] | None = None


class Row(Struct, rename="camel"):
    """One package. Some rows lack `slug`, `dataType`, `smsStatus` or `supportTopUpType`."""

    package_code: str
    name: str | None = None
    price: int | str | None = None
    currency_code: str | None = None
    volume: int | None = None
    data_type: int | None = None
    duration: int | str | None = None
    duration_unit: str | None = None
    unused_valid_time: int | None = None
    location: str | None = None
    location_code: str | None = None
    active_type: int | None = None
    support_top_up_type: int | None = None
    location_network_list: list[Coverage] | None = None


_row = msgspec.json.Decoder(Row)


def atlas(found: wire.Places) -> Atlas:
    """Regions and names from the list of locations."""
    regions: dict[str, tuple[str, ...]] = {}
    names: dict[str, str] = {}
    for place in found.location_list:
        parts = place.sub_location_list or place.sub_location or []
        if parts:
            regions[place.code] = tuple(part.code for part in parts)
        names |= {(one.name or "").lower(): one.code for one in (parts or [place])}
    return Atlas(MappingProxyType(regions), MappingProxyType(names))


def rows(raw: Iterable[Raw], known: Atlas, seen: set[str]) -> Iterator[CatalogRow]:
    """The offers among raw rows; the list repeats some codes, the first of each counts."""
    return read_rows(raw, lambda text, content: offer(text, content, known), "packageCode", seen)


def offer(text: bytes, content: dict[str, Any], known: Atlas) -> CatalogOffer:
    """One row. Raises BadRow or another ValueError with the reason it can not be sold."""
    row = _row.decode(text)
    countries = _countries(row, known)
    starts = _CLOCK.get(row.active_type or 0)
    if starts is None:
        raise BadRow(f"activeType {row.active_type}: it does not say when its clock starts")
    data, daily = _data(row)
    return CatalogOffer(
        code=good_code(row.package_code),
        name=(row.name or row.package_code)[:200],
        countries=countries,
        data_bytes=data,
        daily=daily,
        days=good_days(row.duration, row.duration_unit),
        clock_start=starts,
        top_up=row.support_top_up_type in _CAN_TOP_UP,
        hotspot=None,
        voice_minutes=0,
        sms_count=0,
        networks=_networks(row, countries, known),
        unused_days=row.unused_valid_time,
        cost=money(_price(row), row.currency_code or "USD", up=True),
        supplier_price=str(_price(row)),
        raw=content,
    )


def money(price: int, currency: str = "USD", *, up: bool = False) -> Money:
    """USD x 10,000 as money, rounded to cents half up, or up."""
    return rounded(Decimal(price) / PRICE_SCALE, currency, up=up)


def _price(row: Row) -> int:
    text = str(row.price if row.price is not None else "").strip()
    if not text.isdecimal() or int(text) <= 0:
        raise BadRow("no price")
    return int(text)


def _countries(row: Row, known: Atlas) -> tuple[str, ...]:
    """By the region's list; a region we were not told of counts with what the row itself lists."""
    inside = known.regions.get(row.location_code or "")
    return good_countries(inside or (row.location or row.location_code or "").split(","))


def _data(row: Row) -> tuple[int | None, bool]:
    """Bytes and whether they are a day's. A row without `dataType` counts as a total, which promises least."""
    kind = _FIXED if row.data_type is None else row.data_type
    if kind == _UNLIMITED:
        return None, False
    if kind not in (_FIXED, _DAILY_SLOWER, _DAILY_CUT):
        raise BadRow(f"dataType {kind} is not known")
    if row.volume is None or row.volume <= 0:
        raise BadRow("no amount of data, and not unlimited")
    return row.volume, kind != _FIXED


def _networks(row: Row, countries: Sequence[str], known: Atlas) -> tuple[Mapping[str, str], ...]:
    alone = countries[0] if len(countries) == 1 else ""
    return tuple(
        {
            "country": known.names.get((place.location_name or "").lower(), alone),
            "operator": operator.operator_name,
            "technology": operator.network_type or "",
        }
        for place in row.location_network_list or ()
        for operator in place.operator_list or ()
        if operator.operator_name
    )
