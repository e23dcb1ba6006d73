"""Rows of 1GLOBAL Connect's catalogue, normalised (reference section 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct

from simplane.core.money import Money
from simplane.suppliers.oneglobal import wire
from simplane.suppliers.rows import BadRow, good_code, good_countries, good_days, read_rows
from simplane.suppliers.values import CatalogOffer, CatalogRow

PLAN, ADD_ON = "plan", "addon"


class Validity(Struct):
    """How long it lasts."""

    unit: str | None = None
    unit_count: int | None = None
    is_recurrent: bool = False


class Area(Struct):
    """Where it works."""

    countries: list[str] = []


class Allowance(Struct):
    """What it holds of data, voice or messages."""

    type: str
    unit: str = ""
    unit_count: int | None = None
    is_unlimited: bool = False
    coverage_area: Area | None = None


class Row(Struct):
    """One offering."""

    id: str
    name: str = ""
    type: str = ""
    validity: Validity | None = None
    allowances: list[Allowance] = []
    prices: list[wire.Price] = []


_row = msgspec.json.Decoder(Row)


def rows(raw: Iterable[Raw], seen: set[str]) -> Iterator[CatalogRow]:
    """The offers among raw rows."""
    return read_rows(raw, offer, "id", seen)


def kind(raw: Raw) -> tuple[str, str]:
    """Code and type (`plan`, `addon`) of a row; both empty for one that can not be read."""
    try:
        row = _row.decode(raw)
    except msgspec.DecodeError:
        return "", ""
    return row.id, row.type


def offer(text: bytes, content: dict[str, Any]) -> CatalogOffer:
    """One row. Raises BadRow or another ValueError with the reason it can not be sold."""
    row = _row.decode(text)
    validity = row.validity or Validity()
    if validity.is_recurrent or any(price.type != "one_time" for price in row.prices):
        # Our books know what an order cost, not what is charged every month because nobody cancelled.
        raise BadRow("it renews by itself and charges again")
    data = [one for one in row.allowances if one.type == "data"]
    cost = total(row.prices)
    if cost is None or cost.minor <= 0:
        raise BadRow("no price")
    return CatalogOffer(
        code=good_code(row.id),
        name=(row.name or row.id)[:200],
        countries=_countries(data),
        data_bytes=_bytes(data),
        daily=False,
        days=good_days(validity.unit_count or "", validity.unit),
        # A plan waits as `pending` for its first use; that this is so for every offering is not published.
        clock_start="first_use",
        top_up=row.type == PLAN,
        hotspot=None,
        voice_minutes=_count(row, "voice"),
        sms_count=_count(row, "sms"),
        networks=(),
        unused_days=None,
        cost=cost,
        supplier_price=str(cost.minor),
        raw=content,
    )


def total(prices: Iterable[wire.Price]) -> Money | None:
    """What is charged once. None when there is no price, or prices in several currencies."""
    found = [Money(price.unit_amount, price.currency) for price in prices]
    if len({money.currency for money in found}) != 1:
        return None
    return Money(sum(money.minor for money in found), found[0].currency)


def _countries(data: list[Allowance]) -> tuple[str, ...]:
    places = {tuple(sorted(one.coverage_area.countries)) if one.coverage_area else () for one in data}
    if len(places) > 1:
        raise BadRow("its data is not the same everywhere it works")
    return good_countries(places.pop() if places else ())


def _bytes(data: list[Allowance]) -> int | None:
    if any(one.is_unlimited for one in data):
        return None
    try:
        amount = sum((one.unit_count or 0) * wire.BYTES[one.unit] for one in data)
    except KeyError as unit:
        raise BadRow(f"{unit} is no unit of data we know") from None
    if amount <= 0:
        raise BadRow("no amount of data, and not unlimited")
    return amount


def _count(row: Row, what: str) -> int:
    return sum(one.unit_count or 0 for one in row.allowances if one.type == what and not one.is_unlimited)
