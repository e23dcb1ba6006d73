"""The default catalogue: the same rows on every machine, about as regular as the real one, which is: not quite."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import chain, islice, product
from zlib import crc32

from sandbox.esimaccess.places import Place, fault_place, places
from sandbox.kit.books import JsonObject

GB_TENTH = 107_374_182.4
MAX_ROWS = 50_000
DUPLICATE_EVERY = 400
NO_PRICE_AT = 1234
MAGIC_PRICE = 20_000

FIXED, DAILY_SLOWER, DAILY_CUT, DAILY_UNLIMITED = 1, 2, 3, 4

# Rows the vendor's own samples name, so that those samples work here word for word: slug -> (packageCode, price).
KNOWN = {
    "ES_3_30": ("CKH002", 18_000),
    "ES_5_30": ("CKH003", 27_000),
    "US_3_30": ("7aa948d363", 15_000),
    "TH_20_30": ("JC172", 62_000),
}

# USD x 10000 for a gigabyte: the lowest and the spread for countries, regions and global packages.
PER_GB = {"": (4_200, 12_000), "!RG": (9_000, 9_000), "!GL": (16_000, 8_000)}
CHEAP = {"ES": 4_800, "US": 4_000, "TH": 3_500, "EU-42": 7_200}


@dataclass(frozen=True, slots=True)
class Shape:
    """Size in tenths of a GB (per day when daily), days, and the vendor's dataType."""

    tenths: int
    days: int
    data_type: int = FIXED

    @property
    def size(self) -> str:
        """`3` or `0.5`, as slugs write it."""
        return f"{self.tenths // 10}" if self.tenths % 10 == 0 else f"{self.tenths / 10}"

    @property
    def label(self) -> str:
        """`3GB` or `500MB`, as names write it."""
        return f"{self.size}GB" if self.tenths >= 10 else f"{self.tenths * 100}MB"

    @property
    def volume(self) -> int:
        """Bytes, 1 GB = 1073741824."""
        return int(self.tenths * GB_TENTH)


COMMON_SHAPES = (
    Shape(10, 7),
    Shape(30, 30),
    Shape(50, 30),
    Shape(100, 30),
    Shape(200, 30),
    Shape(5, 1, DAILY_SLOWER),
    Shape(10, 1, DAILY_SLOWER),
    Shape(30, 15),
    Shape(500, 30),
    Shape(1, 7),
    Shape(20, 1, DAILY_CUT),
    Shape(10, 30),
    Shape(200, 90),
    Shape(500, 180),
    Shape(100, 1, DAILY_UNLIMITED),
    Shape(20, 15),
    Shape(1000, 365),
)
MORE_TENTHS = (1, 2, 3, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 100, 120, 150, 200, 250, 300, 400, 500, 600, 750, 1000)
MORE_DAYS = (1, 3, 5, 7, 10, 14, 15, 20, 21, 30, 45, 60, 90, 120, 180, 365)


def rows(count: int, fault_kinds: Collection[str]) -> Iterator[JsonObject]:
    """Exactly `count` catalogue rows (fewer than 50 are rounded up to 50), magic packages first."""
    wanted = min(max(count, 50), MAX_ROWS)
    return islice(chain(_magic_rows(fault_kinds), _repeated(_ordinary_rows())), wanted)


def _magic_rows(fault_kinds: Collection[str]) -> Iterator[JsonObject]:
    for kind in fault_kinds:
        word = f"FAULT{kind.replace('_', '').upper()}"
        name = f"Antarctica fault {kind}"
        own = {"packageCode": word, "slug": f"{word}_1_7", "name": name, "description": name}
        yield _row(fault_place(), Shape(10, 7), 0) | own | {"price": MAGIC_PRICE, "retailPrice": MAGIC_PRICE * 2}


def _ordinary_rows() -> Iterator[JsonObject]:
    everywhere, single = places(), [place for place in places() if not place.scope]
    usual = ((shape, place) for shape in COMMON_SHAPES for place in everywhere)
    more = (
        (Shape(tenths, days), place)
        for tenths, days in product(MORE_TENTHS, MORE_DAYS)
        if Shape(tenths, days) not in COMMON_SHAPES
        for place in single
    )
    for index, (shape, place) in enumerate(chain(usual, more)):
        row = _row(place, shape, index)
        yield row if row["slug"] in KNOWN else _with_gaps(row, index)


def _repeated(ordinary: Iterator[JsonObject]) -> Iterator[JsonObject]:
    for index, row in enumerate(ordinary, start=1):
        yield row
        if index % DUPLICATE_EVERY == 0:
            yield row


def _with_gaps(row: JsonObject, index: int) -> JsonObject:
    gaps = {"slug": (97, 3), "dataType": (89, 5), "smsStatus": (83, 7), "supportTopUpType": (79, 11)}
    missing = {name for name, (every, at) in gaps.items() if index % every == at and row["dataType"] == FIXED}
    if index == NO_PRICE_AT:
        missing.add("price")
    return {name: value for name, value in row.items() if name not in missing}


def _row(place: Place, shape: Shape, index: int) -> JsonObject:
    slug = _slug(place, shape)
    code, price = KNOWN.get(slug, (_code(slug, index), _price(place, shape, index)))
    dice = crc32(place.code.encode())
    name = _name(place, shape)
    return {
        "packageCode": code,
        "slug": slug,
        "name": name,
        "price": price,
        "currencyCode": "USD",
        "volume": shape.volume,
        "smsStatus": 1 if slug in KNOWN else (1, 0, 1, 2)[dice % 4],
        "dataType": shape.data_type,
        "unusedValidTime": 180,
        "duration": shape.days,
        "durationUnit": "DAY",
        "location": ",".join(country.code for country in place.countries),
        "locationCode": place.code,
        "description": name,
        "activeType": 3 if index % 211 == 100 else 1 if place.code.startswith("EU") else 2,
        "favorite": False,
        "retailPrice": price * 2,
        "speed": "3G/4G/5G" if dice % 3 else "3G/4G",
        "locationNetworkList": _networks(place),
        "ipExport": ("NL/FR", "HK", "UK/NO", "SG")[dice % 4],
        "supportTopUpType": _top_up_type(shape, index),
        "fupPolicy": "384 Kbps" if shape.data_type == DAILY_SLOWER else "",
    }


def _slug(place: Place, shape: Shape) -> str:
    if shape.data_type == FIXED:
        return f"{place.code}_{shape.size}_{shape.days}"
    return f"{place.code}_{shape.size}_Daily{'U' if shape.data_type == DAILY_UNLIMITED else ''}"


def _name(place: Place, shape: Shape) -> str:
    area = place.name if not place.scope else f"{place.name} ({len(place.countries)} areas)"
    if shape.data_type == FIXED:
        return f"{area} {shape.label} {shape.days}Days"
    return f"{area} Unlimited/Day" if shape.data_type == DAILY_UNLIMITED else f"{area} {shape.label}/Day"


def _code(slug: str, index: int) -> str:
    return f"CKH{index + 100:03d}" if index % 2 else blake2b(slug.encode(), digest_size=5).hexdigest()


def _price(place: Place, shape: Shape, index: int) -> int:
    """USD x 10000, mostly whole cents; about one row in fifty has a fraction of a cent."""
    low, spread = PER_GB[place.scope]
    per_gb = CHEAP.get(place.code, low + crc32(place.code.encode()) % spread)
    discount = next(percent for limit, percent in ((10, 100), (30, 90), (50, 80), (100, 70), (9999, 55))
                    if shape.tenths <= limit)  # fmt: skip
    exact = 1_500 + per_gb * shape.tenths * discount // 1000 + shape.days * 120
    return exact // 100 * 100 + (37 if index % 53 == 7 else 0)


def _top_up_type(shape: Shape, index: int) -> int:
    if shape.data_type == DAILY_UNLIMITED or index % 37 == 20:
        return 1
    return 2 if shape.data_type == FIXED else 3


@cache
def _networks(place: Place) -> list[JsonObject]:
    return [
        {
            "locationName": country.name,
            "locationLogo": f"/img/flags/{country.code.lower()}.png",
            "operatorList": [
                {"operatorName": operator, "networkType": "5G" if crc32(operator.encode()) % 2 else "4G"}
                for operator in country.operators
            ],
        }
        for country in place.countries
    ]


def dump_row(row: JsonObject) -> str:
    """One row as the text that is kept and sent."""
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False)
