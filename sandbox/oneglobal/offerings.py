"""What the vendor sells: a small catalogue, with a few rows that no careful reader should sell on."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk
from sandbox.kit.http import Call, Reply
from sandbox.oneglobal.hal import bad, listed, missing, page

_CODE = re.compile("[A-Z]{2}")
EUROPE = _CODE.findall("AT BE BG CH CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LT LU LV MT NL NO PL PT RO SE SI SK")
WORLD = [*EUROPE, *_CODE.findall("AE AU BR CA CN HK ID IN JP KR MX MY NZ SG TH TR TW US VN ZA")]
TRAVEL = {
    "ES": "Spain",
    "DE": "Germany",
    "FR": "France",
    "GB": "United Kingdom",
    "IT": "Italy",
    "US": "USA",
    "JP": "Japan",
    "CH": "Switzerland",
    "NL": "Netherlands",
}
TRAVEL_PLANS = ((1, 7, 210), (3, 30, 540), (5, 30, 820))
TRAVEL_ADDONS = ((1, 30, 180),)
BUSINESS: Sequence[tuple[str, Sequence[str], int | None, int]] = (
    ("Business Europe 5 GB, 30 days", EUROPE, 5, 690),
    ("Business Europe 20 GB, 30 days", EUROPE, 20, 1590),
    ("Business Europe unlimited, 30 days", EUROPE, None, 3490),
    ("Business World 5 GB, 30 days", WORLD, 5, 1490),
    ("Business World 20 GB, 30 days", WORLD, 20, 3990),
)
"""Plans for lines of employees; they have the first five codes."""
MAGIC = "FAULT"
DATA_BYTES = {"bytes": 1, "megabytes": 1 << 20, "gigabytes": 1 << 30}


@dataclass(frozen=True, slots=True)
class Offering:
    """One offering that can be bought. `size` in bytes, None: unlimited. `amount` in minor units."""

    code: str
    kind: str
    days: int
    size: int | None
    amount: int
    currency: str


def code_of(number: int) -> str:
    """A name that stays the same with every new set of books."""
    return f"prdoff_01JPX5Y7Z0{number:016d}"


def load(desk: Desk) -> None:
    """The catalogue from the start."""
    desk.books.execute("delete from offering")
    rows = [(number, code_of(number), json.dumps(body)) for number, body in enumerate(_rows(), start=1)]
    with desk.books.transaction():
        desk.books.executemany("insert into offering (id, code, body) values (?,?,?)", rows)


def _rows() -> Iterator[JsonObject]:
    for name, countries, size, amount in BUSINESS:
        yield _row(name, "plan", countries, size, 30, amount)
    for name, countries, size, amount in BUSINESS:
        if size == 5:
            yield _row(name.replace("5 GB", "add-on 1 GB"), "addon", countries, 1, 30, amount // 4)
    for country, name in TRAVEL.items():
        for kind, choice in (("plan", TRAVEL_PLANS), ("addon", TRAVEL_ADDONS)):
            for size, days, amount in choice:
                yield _row(f"{name} {size} GB, {days} days", kind, [country], size, days, amount)
    yield from _odd_rows()


def _row(  # noqa: PLR0917  a table read from the left
    name: str, kind: str, countries: Sequence[str], size: int | None, days: int, amount: int
) -> JsonObject:
    unlimited = size is None
    data = {"type": "data", "unit": "gigabytes", "is_unlimited": unlimited}
    if size is not None:
        data["unit_count"] = size
    return {
        "name": name,
        "type": kind,
        "validity": {"type": "duration", "unit": "day", "unit_count": days, "is_recurrent": False},
        "allowances": [{**data, "coverage_area": {"countries": list(countries)}}],
        "prices": [{"type": "one_time", "unit_amount": amount, "currency": "EUR"}],
    }


def _odd_rows() -> Iterator[JsonObject]:
    voice = _row("Malta minutes, 30 days", "addon", ["MT"], 1, 30, 300)
    yield voice | {"allowances": [{"type": "voice", "unit_count": 60, "is_unlimited": False}]}
    yield _row("Malta 2 GB, 30 days", "plan", ["MT"], 2, 30, 400) | {"prices": []}
    yield _row("Nowhere 1 GB, 7 days", "plan", ["XX"], 1, 7, 100)
    monthly = _row("Business Malta 5 GB, monthly", "plan", ["MT"], 5, 30, 500)
    monthly["validity"] = {"type": "duration", "unit": "month", "unit_count": 1, "is_recurrent": True}
    monthly["prices"][0] |= {"type": "recurring", "recurrence": {"unit": "month", "unit_count": 1}}
    yield monthly


def list_offerings(desk: Desk, call: Call) -> Reply:
    """A page of the catalogue."""
    rows, cursor = page(desk, call, "select * from offering where removed = 0", ())
    return listed(call, "product_offerings", [_shown(row) for row in rows], cursor)


def compatible(desk: Desk, call: Call) -> Reply:
    """A page of what may be added to this one: offerings for the same countries, itself included."""
    own = countries_of(_body(desk, str(call.path_params["id"])))
    fitting = [
        row["id"]
        for row in desk.books.rows("select * from offering where removed = 0 order by id")
        if countries_of(json.loads(row["body"])) == own
    ]
    marks = ",".join("?" for _ in fitting)
    rows, cursor = page(desk, call, f"select * from offering where id in ({marks})", tuple(fitting))
    return listed(call, "product_offerings", [_shown(row) for row in rows], cursor)


def find(desk: Desk, code: str, pointer: str) -> Offering:
    """The offering as it can be bought now. A code with FAULT in it is the first one. Raises RefusedError 400."""
    row = _known(desk, code)
    body = json.loads(row["body"]) if row is not None and not row["removed"] else None
    if body is None or not body["prices"] or len(body["prices"]) > 1:
        raise bad(f"Product offering not available: {code}", pointer, "product_offering_not_available")
    price = body["prices"][0]
    data = next((one for one in body["allowances"] if one["type"] == "data"), None)
    limited = data is not None and not data["is_unlimited"]
    return Offering(
        code=code,
        kind=body["type"],
        days=body["validity"]["unit_count"] * (30 if body["validity"]["unit"] == "month" else 1),
        size=data["unit_count"] * DATA_BYTES[data["unit"]] if limited and data else None if data else 0,
        amount=price["unit_amount"],
        currency=price["currency"],
    )


def countries_of(body: JsonObject) -> set[str]:
    """Where its data can be used."""
    return {
        country
        for one in body["allowances"]
        if one["type"] == "data"
        for country in one.get("coverage_area", {}).get("countries", ())
    }


def coverage(desk: Desk, code: str) -> set[str]:
    """The countries of an offering that was once sold."""
    return countries_of(_body(desk, code))


def change(desk: Desk, code: str, wish: JsonObject) -> JsonObject:
    """Give it another price (`price`: minor units, null: none) or take it out of the catalogue (`removed`)."""
    body = _body(desk, code)
    if "price" in wish:
        price = wish["price"]
        if price is not None and (isinstance(price, bool) or not isinstance(price, int)):
            raise ValueError("price must be minor units or null")
        body["prices"] = [] if price is None else [{"type": "one_time", "unit_amount": price, "currency": "EUR"}]
    removed = bool(wish.get("removed", False))
    desk.books.execute("update offering set body = ?, removed = ? where code = ?", (json.dumps(body), removed, code))
    return {"id": code, **body, "removed": removed}


def _body(desk: Desk, code: str) -> JsonObject:
    row = _known(desk, code)
    if row is None:
        raise missing("Product offering", code)
    body: JsonObject = json.loads(row["body"])
    return body


def _known(desk: Desk, code: str) -> Row | None:
    return desk.books.row("select * from offering where code = ?", (code_of(1) if MAGIC in code else code,))


def _shown(row: Row) -> JsonObject:
    return {"id": row["code"], **json.loads(row["body"])}
