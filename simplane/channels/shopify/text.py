"""Reading other people's JSON: typed, bounded, and fit for PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from simplane.core import clock, money
from simplane.core.errors import BadMoney
from simplane.core.money import Money
from simplane.delivery.mime import usable

JSON = Mapping[str, Any]
MOST_UNITS = 1_000_000
CLOCK_SKEW = timedelta(seconds=10)
"""How far the shop's clock may be ahead of ours."""


class BadBody(ValueError):
    """A message that can not be understood; no retry will mend it."""


def parse(raw: bytes) -> JSON:
    """A JSON object. Raises BadBody for anything else: not UTF-8, cut off, too deep, not an object."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError:
        raise BadBody("the body is nested too deeply") from None
    except ValueError as error:
        raise BadBody(f"the body is no JSON: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise BadBody("the body is no JSON object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def text(value: object, limit: int) -> str:
    """A text without NUL and lone surrogates (PostgreSQL stores neither), cut to `limit`; anything but a text is ""."""
    if not isinstance(value, str):
        return ""
    if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        value = value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return value[:limit]


def address(value: object) -> str:
    """An e-mail address that an eSIM can be sent to, or "": what is none counts as not told."""
    found = text(value, 400).strip()
    return found if usable(found) else ""


def number_id(value: object, what: str) -> str:
    """An id as digits, from 1030447977509, "1030447977509" or "gid://shopify/Order/1030447977509?x=1"."""
    tail = str(value).rpartition("/")[2].partition("?")[0] if isinstance(value, str | int) else ""
    if isinstance(value, bool) or not tail.isascii() or not tail.isdigit() or len(tail) > 24:
        raise BadBody(f"{what} has no id")
    return tail


def count(value: object, what: str) -> int:
    """A whole number from 0 to a million."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_UNITS:
        raise BadBody(f"{what} is no possible quantity")
    return value


def amount(value: object, currency: str, what: str) -> Money:
    """A decimal text as money of `currency`, rounded half up where the sender has more decimals."""
    if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        raise BadBody(f"{what} is no amount")
    try:
        return money.rounded(value, currency)
    except BadMoney as error:
        raise BadBody(f"{what}: {error.message}") from None


def moment(value: object, what: str) -> datetime:
    """An ISO 8601 moment as aware UTC."""
    try:
        return clock.parse_time(value if isinstance(value, str) else "")
    except ValueError:
        raise BadBody(f"{what} is no moment") from None


def version(value: object) -> datetime:
    """When an order was last changed, by the shop's clock: what orders its versions. One from the future is one of now,
    for every later change would be older than it.
    """
    return min(moment(value, "updated_at"), clock.now() + CLOCK_SKEW)


def member(value: JSON, name: str) -> JSON:
    """The object under `name`, or an empty one."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def objects(value: JSON, name: str) -> list[JSON]:
    """The objects of the list under `name`; raises BadBody when it holds something else."""
    found = value.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadBody(f"{name} is no list of objects")
    return found
