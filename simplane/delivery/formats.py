"""Amounts of data, ages and dates as a traveller reads them."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal


def counting_base(total: int) -> int:
    """1000 or 1024: how the supplier counted the bytes of a plan of `total`, so that 5 GB reads `5 GB` whoever sold it.

    eSIM Access counts binary, eSIM Go decimal; a whole number of binary megabytes is never a whole number of decimal
    ones below 2 TB.
    """
    return 1024 if total % 1024**2 == 0 else 1000


def data_amount(size: int, *, base: int, formats: str) -> str:
    """`1.2 GB`, `350 MB`: rounded down, for a page must not promise more than there is. `size` in bytes."""
    size = max(0, size)
    if size >= base**3:
        shown, unit = Decimal(size * 10 // base**3) / 10, "GB"
    else:
        shown, unit = Decimal(size // base**2), "MB"
    return f"{format_decimal(shown, locale=formats)}\u00a0{unit}"


def age(moment: datetime, now: datetime, *, formats: str) -> str | None:
    """`2 hours ago`; None within the last minute."""
    passed = now - moment
    if passed.total_seconds() < 60:
        return None
    text: str = format_timedelta(-passed, granularity="minute", threshold=1.5, add_direction=True, locale=formats)
    return text


def day(moment: datetime, *, formats: str) -> str:
    """`20 December 2026`, of UTC."""
    text: str = format_date(moment.astimezone(UTC), format="long", locale=formats)
    return text


def minute(moment: datetime, *, formats: str) -> str:
    """`20 December 2026, 14:05 UTC`: the traveller's own time zone is not known."""
    time: str = format_datetime(moment.astimezone(UTC), format="HH:mm", locale=formats)
    return f"{day(moment, formats=formats)}, {time} UTC"


def countries(codes: list[str], *, formats: str, most: int = 6) -> str:
    """`Spain, Portugal and France`, or the first names and a number when there are many. Unknown codes stay codes."""
    known = Locale.parse(formats).territories
    names = sorted((str(known.get(code, code)) for code in codes), key=_as_spoken)
    if len(names) > most:
        return f"{', '.join(names[:most])} + {len(names) - most}"
    text: str = format_list(names, locale=formats)
    return text


def _as_spoken(name: str) -> str:
    # Österreich sorts with O, not behind Z.
    return unicodedata.normalize("NFKD", name).casefold()
