"""The default catalogue: the same rows at every start, with the vendor's oddities among them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count, islice
from typing import Any

from sandbox.esimgo.countries import COUNTRIES, REGIONS, SECOND_PROFILE
from sandbox.esimgo.formats import money
from sandbox.kit.books import JsonObject
from sandbox.kit.faults import COMMON_KINDS
from sandbox.kit.http import dump

ALL_GROUP = "Standard eSIM Bundles"
FIXED = "Standard Fixed"
LONG = "Standard Long Duration"
DOMESTIC = "Standard Domestic"
MAGIC_GROUP = "Sandbox Faults"
TIERS = {
    "UL": ("Standard Unlimited Lite", "Unlimited Lite", 90),
    "ULE": ("Standard Unlimited Essential", "Unlimited Essential", 120),
    "ULP": ("Standard Unlimited Plus", "Unlimited Plus", 190),
}
TIER_DAYS = {"UL": (3, 7, 15), "ULE": (7, 15), "ULP": (7, 30)}
FIXED_SIZES = ((1, 7), (2, 15), (3, 30), (5, 30), (10, 30), (20, 30))
SPEED = ("2G", "3G", "4G", "5G")

# Prices printed in the vendor's own examples.
KNOWN_PRICES = {"esim_1GB_7D_GB_V2": 136, "esim_1GB_7D_JP_V2": 208, "esim_2GB_15D_JP_V2": 337, "esim_1GB_7D_AX_V2": 228}

VENDOR_KINDS = ("async", "async_failed", "insufficient_balance")


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One row to sell. `odd` fields replace what the answer would say; the value `...` leaves the field out."""

    name: str
    description: str
    group: str
    countries: list[JsonObject]
    megabytes: int
    days: int
    price_minor: int | None
    profile: str = "Profile 1"
    unlimited: bool = False
    autostart: bool = True
    roaming: list[JsonObject] = field(default_factory=list)
    allowances: tuple[JsonObject, ...] = ()
    odd: JsonObject = field(default_factory=dict)

    def body(self) -> bytes:
        """The row as the catalogue list prints it."""
        content: JsonObject = {
            "name": self.name,
            "description": self.description,
            "groups": [self.group, ALL_GROUP],
            "countries": self.countries,
            "dataAmount": self.megabytes,
            "duration": self.days,
            "speed": list(SPEED),
            "autostart": self.autostart,
            "unlimited": self.unlimited,
            "roamingEnabled": self.roaming,
            "price": None if self.price_minor is None else money(self.price_minor),
            "billingType": "FixedCost",
            "profileName": self.profile,
            "allowances": [self._data_allowance(), *self.allowances],
            **self.odd,
        }
        return dump({key: value for key, value in content.items() if value is not ...})

    def _data_allowance(self) -> JsonObject:
        return {
            "type": "DATA",
            "service": "STANDARD",
            "description": self.description.split(", ")[1] if self.unlimited else size_text(self.megabytes),
            "amount": self.megabytes,
            "unit": "MB",
            "unlimited": self.unlimited,
        }

    def columns(self) -> tuple[Any, ...]:
        """Values for the `bundle` table, in its column order."""
        return (
            self.name,
            self.price_minor,
            1,
            self.profile,
            self.megabytes,
            self.days,
            int(self.unlimited),
            int(self.autostart),
            self.description,
            f"|{self.group}|{ALL_GROUP}|",
            "|" + "|".join(country["iso"] for country in self.countries) + "|",
            self.countries[0]["region"] if self.countries else "",
            self.body().decode(),
        )


def size_text(megabytes: int) -> str:
    """1000 -> 1GB, 500 -> 500MB."""
    return f"{megabytes // 1000}GB" if megabytes % 1000 == 0 else f"{megabytes}MB"


def country_entry(iso: str, name: str, region: str) -> JsonObject:
    """A country as the catalogue prints it."""
    return {"name": name, "region": region, "iso": iso}


def profile_of(iso: str) -> str:
    """Which of the vendor's providers serves a country."""
    return "Profile 2" if iso in SECOND_PROFILE else "Profile 1"


@cache
def cents_per_gigabyte(iso: str) -> int:
    """A made-up wholesale price level per country: 55 to 294 cents."""
    return 55 + hashlib.sha256(iso.encode()).digest()[0] * 240 // 256


def fixed_price(iso: str, gigabytes: int, days: int) -> int:
    """Bigger bundles are cheaper per gigabyte; a day costs a little too."""
    percent = {1: 100, 2: 94, 3: 90, 5: 84, 10: 76, 20: 68}.get(gigabytes, 60)
    return 20 + cents_per_gigabyte(iso) * gigabytes * percent // 100 + days


def fixed_row(place: JsonObject, gigabytes: int, days: int, *, version: str = "V2", group: str = FIXED) -> CatalogueRow:
    """A bundle of a fixed amount of data for one country."""
    iso = place["iso"]
    name = f"esim_{gigabytes}GB_{days}D_{iso}_{version}"
    return CatalogueRow(
        name=name,
        description=f"eSIM, {gigabytes}GB, {days} Days, {place['name']}, {version}",
        group=group,
        countries=[place],
        megabytes=gigabytes * 1000,
        days=days,
        price_minor=KNOWN_PRICES.get(name, fixed_price(iso, gigabytes, days)),
        profile=profile_of(iso),
    )


def unlimited_row(place: JsonObject, tier: str, days: int) -> CatalogueRow:
    """An unlimited tier; `dataAmount` is -1 in one tier and 0 in the others."""
    group, title, cents_per_day = TIERS[tier]
    iso = place["iso"]
    return CatalogueRow(
        name=f"esim_{tier}_{days}D_{iso}_V2",
        description=f"eSIM, {title}, {days} Days, {place['name']}, V2",
        group=group,
        countries=[place],
        megabytes=-1 if tier == "UL" else 0,
        days=days,
        price_minor=days * (cents_per_day + cents_per_gigabyte(iso) // 2),
        profile=profile_of(iso),
        unlimited=True,
    )


def country_rows() -> Iterator[CatalogueRow]:
    """Six fixed and seven unlimited bundles per country."""
    for iso, name, region in COUNTRIES:
        place = country_entry(iso, name, region)
        for gigabytes, days in FIXED_SIZES:
            yield fixed_row(place, gigabytes, days)
        for tier, lengths in TIER_DAYS.items():
            for days in lengths:
                yield unlimited_row(place, tier, days)


def region_rows() -> Iterator[CatalogueRow]:
    """Regional bundles: a pseudo code in `countries`, the real list in `roamingEnabled`."""
    for code, name, region, parts in REGIONS:
        roaming = [country_entry(*entry) for entry in COUNTRIES if entry[2] in parts]
        place = country_entry(code, name, region)
        sizes = [(gigabytes, days, FIXED) for gigabytes, days in FIXED_SIZES] + [(50, 90, LONG)]
        for gigabytes, days, group in sizes:
            plain = fixed_row(place, gigabytes, days, group=group)
            yield CatalogueRow(
                name=plain.name,
                description=plain.description,
                group=group,
                countries=[place],
                megabytes=plain.megabytes,
                days=days,
                price_minor=(plain.price_minor or 0) * 13 // 10,
                roaming=roaming,
            )


def odd_rows() -> Iterator[CatalogueRow]:
    """Rows as the real list sometimes has them: they must not stop a sync."""
    malta = country_entry("MT", "Malta", "Europe")

    def odd(name: str, *, megabytes: int = 1000, autostart: bool = True, **fields: Any) -> CatalogueRow:
        text = f"eSIM, {size_text(megabytes)}, 10 Days, Malta, V2"
        priced = None if "price" in fields else 210
        return CatalogueRow(
            name, text, FIXED, [malta], megabytes, 10, priced, autostart=autostart, odd={"price": 2.1, **fields}
        )

    yield odd("esim_1GB_10D_MT_V2", price=...)
    yield odd("esim_2GB_10D_MT_V2", megabytes=2000, price=None)
    yield odd("esim_3GB_10D_MT_V2", megabytes=3000, speed=None)
    yield odd("esim_4GB_10D_MT_V2", megabytes=4000, roamingEnabled=True)
    yield odd("esim_5GB_10D_MT_V2", megabytes=5000, roamingEnabled=None, allowances=...)
    yield odd("esim_X_10D_MT_V2", megabytes=-1)
    yield odd("esim_6GB_10D_MT_V2", megabytes=6000, autostart=False)
    yield odd("esim_7GB_10D_MT_V2", megabytes=7000, duration="10")
    yield odd("esim_8GB_10D_XX_V2", megabytes=8000, countries=[country_entry("XX", "Nowhere", "")])


def domestic_rows() -> Iterator[CatalogueRow]:
    """Bundles with minutes and messages beside the data."""
    voice = {"type": "VOICE", "service": "STANDARD", "description": "100 minutes", "amount": 100, "unit": "MINS"}
    texts = {"type": "SMS", "service": "STANDARD", "description": "100 SMS", "amount": 100, "unit": "SMS"}
    for iso, name, region in (("GB", "United Kingdom", "Europe"), ("US", "United States", "North America")):
        yield CatalogueRow(
            name=f"esim_10GB_30D_{iso}_DOM_V2",
            description=f"eSIM, 10GB, 30 Days, {name}, Domestic, V2",
            group=DOMESTIC,
            countries=[country_entry(iso, name, region)],
            megabytes=10_000,
            days=30,
            price_minor=1490,
            allowances=({**voice, "unlimited": False}, {**texts, "unlimited": False}),
        )


def magic_rows() -> Iterator[CatalogueRow]:
    """One product per fault, in Antarctica, where no real bundle gets in the way."""
    place = country_entry("AQ", "Antarctica", "Antarctica")
    for kind in (*COMMON_KINDS, *VENDOR_KINDS):
        word = "FAULT" + kind.replace("_", "").upper()
        yield CatalogueRow(
            name=f"esim_1GB_7D_AQ_{word}",
            description=f"eSIM, 1GB, 7 Days, Antarctica, {word}",
            group=MAGIC_GROUP,
            countries=[place],
            megabytes=1000,
            days=7,
            price_minor=100,
        )


def further_rows() -> Iterator[CatalogueRow]:
    """As many more rows as somebody wants: every size and length of every country, version after version."""
    for version in count(3):
        for days in range(1, 31):
            for gigabytes in (1, 2, 3, 5, 10, 20, 50, 100):
                for entry in COUNTRIES:
                    yield fixed_row(country_entry(*entry), gigabytes, days, version=f"V{version}")


def all_rows(wanted: int) -> Iterable[CatalogueRow]:
    """The default catalogue (about 900 rows), topped up to `wanted` rows when that is more."""
    rows = [*country_rows(), *region_rows(), *domestic_rows(), *odd_rows(), *magic_rows()]
    yield from rows
    yield from islice(further_rows(), max(wanted - len(rows), 0))
