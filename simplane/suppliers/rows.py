"""What reading catalogue rows has in common: a bad row is put aside with its reason and never stops the others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from simplane.core.countries import known
from simplane.core.errors import Refusal
from simplane.suppliers.values import CatalogOffer, CatalogRow, UnreadableRow

LONGEST_CODE = 120
MOST_DAYS = 3650


class BadRow(ValueError):
    """This row can not be sold, and why."""


def read_rows(
    raw: Iterable[msgspec.Raw | bytes],
    read: Callable[[bytes, dict[str, Any]], CatalogOffer],
    code_field: str,
    seen: set[str],
) -> Iterator[CatalogRow]:
    """Offers and unreadable rows, each code once: codes in `seen` are skipped, new ones are added."""
    for text in raw:
        row = _read(bytes(text), read, code_field)
        if row.code not in seen:
            seen.add(row.code)
            yield row


def _read(text: bytes, read: Callable[[bytes, dict[str, Any]], CatalogOffer], code_field: str) -> CatalogRow:
    content: Any = None
    try:
        content = msgspec.json.decode(text)
        if not isinstance(content, dict):
            raise BadRow("not an object")
        return read(text, content)
    except (Refusal, ValueError, RecursionError) as problem:
        raw = content if isinstance(content, dict) else {"row": content}
        named = raw.get(code_field)
        code = named.strip() if isinstance(named, str) else ""
        reason = f"the code is longer than {LONGEST_CODE}" if len(code) > LONGEST_CODE else str(problem)
        if not 0 < len(code) <= LONGEST_CODE:
            code = "row-" + hashlib.sha256(text).hexdigest()[:16]
        return UnreadableRow(code=code, reason=reason[:300], raw=raw)


def good_code(code: str) -> str:
    """The code if it can be one. Raises BadRow."""
    if not 0 < len(code.strip()) <= LONGEST_CODE:
        raise BadRow("no code" if not code.strip() else f"the code is longer than {LONGEST_CODE}")
    return code.strip()


def good_countries(codes: Iterable[str]) -> tuple[str, ...]:
    """The real countries among the codes, sorted. Raises BadRow when there is none."""
    given = {code.strip().upper() for code in codes}
    countries = tuple(sorted(given & known()))
    if not countries:
        raise BadRow(f"no known country in {', '.join(sorted(given)) or 'an empty list'}")
    return countries


def good_days(duration: int | str | None, unit: str | None) -> int:
    """Whole days from a duration and its unit's word. Raises BadRow."""
    word = (unit or "day").strip().lower().removesuffix("s")
    factor = {"day": 1, "week": 7, "month": 30, "year": 365}.get(word)
    if factor is None:
        raise BadRow(f"{unit!r} is no unit of time we know")
    text = str(duration).strip()
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    if not 0 < number * factor <= MOST_DAYS:
        raise BadRow(f"{duration!r} {word} is no possible duration")
    return number * factor
