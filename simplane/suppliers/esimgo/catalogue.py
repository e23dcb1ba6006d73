"""Rows of eSIM Go's catalogue, normalised (reference 1.2, 1.4 and 1.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw, Struct

from simplane.core.money import rounded
from simplane.suppliers.esimgo import wire
from simplane.suppliers.esimgo.lines import in_bytes
from simplane.suppliers.rows import BadRow, good_code, good_countries, good_days, read_rows
from simplane.suppliers.values import CatalogOffer, CatalogRow

UNUSED_DAYS = 365
"""An unused bundle lapses after 12 months (bundle-states: lapsed)."""
_TECHNOLOGIES = ("5G", "4G", "LTE", "3G", "2G")

Networks = Mapping[str, tuple[Mapping[str, str], ...]]
"""By country code."""


class Page(Struct, rename="camel"):
    """The live answer; the published schema promises the bare array."""

    bundles: list[Raw]
    page_count: int | None = None


class Country(Struct):
    """A country or, in `countries` of regional rows, a code of the vendor's own."""

    iso: str | None = None


class Row(Struct, rename="camel"):
    """One bundle. Prices are decimals although typed integer."""

    name: str
    description: str | None = None
    countries: list[Country] | None = None
    roaming_enabled: list[Country] | bool | None = None
    data_amount: int | float | None = None
    duration: int | str | None = None
    duration_unit: str | None = None
    autostart: bool | None = None
    unlimited: bool | None = None
    price: Decimal | None = None
    billing_type: str | None = None
    allowances: list[wire.Allowance] | None = None


_page = msgspec.json.Decoder(Page | list[Raw])
_row = msgspec.json.Decoder(Row)


def page(body: bytes) -> Page:
    """A page of the list, enveloped or bare. Raises msgspec.DecodeError."""
    found = _page.decode(body)
    return Page(found) if isinstance(found, list) else found


def base_countries(body: bytes) -> tuple[str, ...]:
    """The codes a single bundle is filed under, as the list's `countries` filter wants them."""
    return tuple(country.iso for country in _row.decode(body).countries or () if country.iso)


def rows(raw: Sequence[Raw], currency: str, networks: Networks, seen: set[str]) -> Iterator[CatalogRow]:
    """The offers of a page in the account's currency; names already in `seen` are left out."""
    return read_rows(raw, lambda text, content: offer(text, content, currency, networks), "name", seen)


def offer(text: bytes, content: dict[str, Any], currency: str, networks: Networks) -> CatalogOffer:
    """One row. Raises BadRow or another ValueError with the reason it can not be sold."""
    row = _row.decode(text)
    if row.price is None or row.price <= 0:
        raise BadRow("no price")
    if row.billing_type not in (None, "FixedCost"):
        raise BadRow(f"billed as {row.billing_type}, not by the bundle")
    if row.autostart is None:
        raise BadRow("it does not say when its clock starts")
    countries = _countries(row)
    return CatalogOffer(
        code=good_code(row.name),
        name=(row.description or row.name)[:200],
        countries=countries,
        data_bytes=_data(row),
        daily=False,
        days=good_days(row.duration, row.duration_unit),
        clock_start="first_use" if row.autostart else "purchase",
        top_up=True,
        hotspot=None,
        voice_minutes=_count(row, "VOICE"),
        sms_count=_count(row, "SMS"),
        networks=tuple(network for country in countries for network in networks.get(country, ())),
        unused_days=UNUSED_DAYS,
        cost=rounded(row.price, currency, up=True),
        supplier_price=str(row.price),
        raw=content,
    )


def _countries(row: Row) -> tuple[str, ...]:
    roaming = row.roaming_enabled if isinstance(row.roaming_enabled, list) else []
    return good_countries(country.iso for country in [*(row.countries or ()), *roaming] if country.iso)


def _data(row: Row) -> int | None:
    parts = [part for part in row.allowances or () if (part.type or "").upper() == "DATA"]
    if row.unlimited or any(part.unlimited for part in parts):
        return None
    given = [in_bytes(part.amount, part.unit) for part in parts] or [in_bytes(row.data_amount, "MB")]
    total = sum(amount or 0 for amount in given)
    if total <= 0:
        raise BadRow("no amount of data, and not unlimited")
    return total


def _count(row: Row, kind: str) -> int:
    """Minutes or messages; an unlimited number is not promised as a figure."""
    parts = [part for part in row.allowances or () if (part.type or "").upper() == kind and not part.unlimited]
    return sum(int(part.amount or 0) for part in parts)


def networks_of(answer: wire.Networks) -> Networks:
    """Operators by country, each with the best technology it offers."""
    return {
        country.name.upper(): tuple(
            {"country": country.name.upper(), "operator": name, "technology": _best(network.speed or ())}
            for network in country.networks or ()
            if (name := network.brand_name or network.name)
        )
        for country in answer.country_networks or ()
    }


def _best(speeds: Sequence[str]) -> str:
    offered = {speed.upper() for speed in speeds}
    return next((technology for technology in _TECHNOLOGIES if technology in offered), "")
