"""Standard VAT rates of the European Union by country and day, in basis points (1900 is 19 %).

Source: European Commission, "VAT rates applied in the Member States" and its database Taxes in Europe. Telecommunication
services have the standard rate everywhere. A change of a rate is a new row, never a changed one: an invoice of last
year is computed with the rate of last year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Rate:
    """In force from `since` until the next row of the country."""

    country: str
    since: date
    basis_points: int


def _rows(country: str, *rates: tuple[date, int]) -> list[Rate]:
    return [Rate(country, since, points) for since, points in rates]


_LONG = date(2018, 1, 1)
"""In force before our first invoice could be."""

RATES: tuple[Rate, ...] = (
    *_rows("AT", (_LONG, 2000)),
    *_rows("BE", (_LONG, 2100)),
    *_rows("BG", (_LONG, 2000)),
    *_rows("CY", (_LONG, 1900)),
    *_rows("CZ", (_LONG, 2100)),
    *_rows("DE", (_LONG, 1900), (date(2020, 7, 1), 1600), (date(2021, 1, 1), 1900)),
    *_rows("DK", (_LONG, 2500)),
    *_rows("EE", (_LONG, 2000), (date(2024, 1, 1), 2200), (date(2025, 7, 1), 2400)),
    *_rows("ES", (_LONG, 2100)),
    *_rows("FI", (_LONG, 2400), (date(2024, 9, 1), 2550)),
    *_rows("FR", (_LONG, 2000)),
    *_rows("GR", (_LONG, 2400)),
    *_rows("HR", (_LONG, 2500)),
    *_rows("HU", (_LONG, 2700)),
    *_rows("IE", (_LONG, 2300), (date(2020, 9, 1), 2100), (date(2021, 3, 1), 2300)),
    *_rows("IT", (_LONG, 2200)),
    *_rows("LT", (_LONG, 2100)),
    *_rows("LU", (_LONG, 1700), (date(2023, 1, 1), 1600), (date(2024, 1, 1), 1700)),
    *_rows("LV", (_LONG, 2100)),
    *_rows("MT", (_LONG, 1800)),
    *_rows("NL", (_LONG, 2100)),
    *_rows("PL", (_LONG, 2300)),
    *_rows("PT", (_LONG, 2300)),
    *_rows("RO", (_LONG, 1900), (date(2025, 8, 1), 2100)),
    *_rows("SE", (_LONG, 2500)),
    *_rows("SI", (_LONG, 2200)),
    *_rows("SK", (_LONG, 2000), (date(2025, 1, 1), 2300)),
)
UNION = frozenset(one.country for one in RATES)


def standard_rate(country: str, on: date) -> int | None:
    """Basis points in force on a day, or None for a country or a time that the table does not know."""
    known = [one for one in RATES if one.country == country and one.since <= on]
    return max(known, key=lambda one: one.since).basis_points if known else None
