"""Catalogue rows as the bytes PostgreSQL's COPY reads. A row that could not be stored is turned into an unreadable one.

Pure. One row must never stop fifty thousand others, so every limit of the table is checked here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from simplane.core.errors import BadMoney
from simplane.core.money import precision
from simplane.suppliers.values import CatalogOffer, CatalogRow, UnreadableRow

COLUMNS = (
    *("code", "problem", "name", "countries", "data_bytes", "daily", "days", "clock_start", "top_up", "hotspot"),
    *("voice_minutes", "sms_count", "networks", "unused_days", "cost_minor", "currency", "supplier_price"),
    *("content_hash", "raw"),
)
_COUNTRY = re.compile(r"[A-Z]{2}")
_STARTS = ("install", "first_use", "purchase")
_NULL = "\\N"
_to_json = msgspec.json.Encoder(enc_hook=str, order="sorted")
MOST_COST = 10**12


def copy_line(row: CatalogRow) -> bytes:
    """One line of COPY's text format, in the order of `COLUMNS`."""
    if isinstance(row, CatalogOffer):
        fault = storable(row)
        row = UnreadableRow(code=row.code, reason=fault, raw=row.raw) if fault else row
    if isinstance(row, UnreadableRow):
        return _line(row.code[:120], row.reason[:300] or "unreadable", *[None] * 16, _json(row.raw))
    return _line(
        row.code,
        None,
        row.name[:200],
        "{" + ",".join(sorted(set(row.countries))) + "}",
        row.data_bytes,
        row.daily,
        row.days,
        row.clock_start,
        row.top_up,
        row.hotspot,
        row.voice_minutes,
        row.sms_count,
        networks_text(row),
        row.unused_days,
        row.cost.minor,
        row.cost.currency,
        row.supplier_price,
        content_hash(row),
        _json(row.raw),
    )


def content_hash(offer: CatalogOffer) -> str:
    """What a reviewer agreed to, in 64 characters: everything promised. No name, no price, and no networks either:
    operators come and go weekly, and a product that promises a carrier is checked against them at every decision.

    Stored with every reviewed match: a change of this function sends every match back to review.
    """
    content = (
        sorted(set(offer.countries)),
        offer.data_bytes,
        offer.daily,
        offer.days,
        offer.clock_start,
        offer.top_up,
        offer.hotspot,
        offer.voice_minutes,
        offer.sms_count,
        offer.unused_days,
    )
    return hashlib.sha256(_to_json.encode(content)).hexdigest()


def storable(offer: CatalogOffer) -> str:
    """Why this row can not be kept as an offer; empty when it can."""
    checks = [
        (0 < len(offer.code) <= 120, "its code is empty or longer than 120 characters"),
        ("\0" not in offer.code and offer.code.isprintable(), "its code holds control characters"),
        (bool(offer.countries), "it names no country"),
        (all(_COUNTRY.fullmatch(one) for one in offer.countries), "a country is no two-letter code"),
        (offer.data_bytes is None or 0 < offer.data_bytes < 2**62, "its amount of data can not be"),
        (offer.data_bytes is not None or not offer.daily, "unlimited data can not be daily"),
        (0 < offer.days < 2**15, "its days can not be"),
        (offer.clock_start in _STARTS, "when its days begin is not known"),
        (0 <= offer.voice_minutes < 2**31 and 0 <= offer.sms_count < 2**31, "its minutes or messages can not be"),
        (offer.unused_days is None or 0 <= offer.unused_days < 2**15, "its unused time can not be"),
        (0 < offer.cost.minor <= MOST_COST, "its price is nothing, less than nothing or absurd"),
        (_is_currency(offer.cost.currency), "its currency is unknown"),
        (len(offer.supplier_price) <= 40, "its price is longer than 40 characters"),
    ]
    return "; ".join(text for fine, text in checks if not fine)


def _is_currency(code: str) -> bool:
    try:
        precision(code)
    except BadMoney:
        return False
    return True


def networks_text(offer: CatalogOffer) -> str:
    """The networks once each, in order, written as jsonb writes itself: the sync compares the texts and parses none."""
    found = sorted({_network(one) for one in offer.networks})
    return "[" + ", ".join([_network_text(*network) for network in found]) + "]"


def _network(one: Mapping[str, str]) -> tuple[str, str, str]:
    return (one.get("country") or "", one.get("operator") or "", one.get("technology") or "")


@lru_cache(maxsize=10_000)
def _network_text(country: str, operator: str, technology: str) -> str:
    return f'{{"country": {_json(country)}, "operator": {_json(operator)}, "technology": {_json(technology)}}}'


def _json(value: Any) -> str:
    """JSON that jsonb accepts: it knows neither NUL nor half a surrogate pair, and suppliers may send both."""
    try:
        text = _to_json.encode(value).decode()
    except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError):
        return _to_json.encode(_clean(value)).decode()
    return _to_json.encode(_clean(value)).decode() if "\\u0000" in text else text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {str(_clean(str(key))): _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return str(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def _line(*fields: object) -> bytes:
    return ("\t".join([_field(one) for one in fields]) + "\n").encode("utf-8", "replace")


def _field(value: object) -> str:
    if value is None:
        return _NULL
    if value is True or value is False:
        return "t" if value else "f"
    return _escaped(value) if isinstance(value, str) else str(value)


def _escaped(text: str) -> str:
    # A chain of replaces costs a tenth of str.translate on long text.
    safe = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return safe.replace("\0", "")
