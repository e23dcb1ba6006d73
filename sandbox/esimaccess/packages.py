"""The catalogue in the books: listing, finding, and changing it by control."""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.esimaccess.catalogue import FIXED, dump_row, rows
from sandbox.esimaccess.envelope import RefusedError, text_of
from sandbox.esimaccess.places import places
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk
from sandbox.kit.http import Reply

TOPUP_PREFIX = "TOPUP_"
HEAD = b'{"success":true,"errorCode":"0","errorMsg":null,"obj":{"packageList":['
DAILY = "2"
MAX_PRICE = 10**12


@dataclass(frozen=True, slots=True)
class Package:
    """What an order needs to know about a package. `price` is USD x 10000, per day for day passes."""

    code: str
    slug: str
    name: str
    price: int
    volume: int
    days: int
    data_type: int
    active_type: int
    sms_status: int
    top_up_type: int
    location_code: str
    unused_days: int


def load(desk: Desk) -> None:
    """Replace the catalogue by the default one with as many rows as the setting says."""
    scopes = {place.code: place.scope for place in places()}
    wanted = rows(int(desk.settings.number("catalogue_rows")), desk.faults.kinds)
    with desk.books.transaction() as db:
        db.execute("delete from package")
        db.executemany(
            "insert into package (code, slug, name, scope, location_code, data_type, top_up_type, price, body)"
            " values (?,?,?,?,?,?,?,?,?)",
            (_values(row, scopes) for row in wanted),
        )


def _values(row: JsonObject, scopes: dict[str, str]) -> tuple[Any, ...]:
    place = row["locationCode"]
    kind, top_up = row.get("dataType", FIXED), row.get("supportTopUpType", 1)
    scope = scopes.get(place, "")
    return (row["packageCode"], row.get("slug", ""), row["name"], scope, place, kind, top_up, row.get("price"),
            dump_row(row))  # fmt: skip


def list_packages(desk: Desk, body: JsonObject) -> Reply:
    """`/package/list`: everything that fits in one answer; there is no paging."""
    kind = text_of(body, "type") or "BASE"
    if kind not in ("BASE", "TOPUP"):
        raise RefusedError("000107", "type")
    where, values = _filters(desk, body, topup=kind == "TOPUP")
    found = desk.books.rows(f"select body from package where {' and '.join(where)} order by id", values)
    texts = [row["body"] for row in found]
    if kind == "TOPUP":
        texts = [text.replace('"packageCode":"', f'"packageCode":"{TOPUP_PREFIX}', 1) for text in texts]
    return Reply(200, b"".join((HEAD, ",".join(texts).encode(), b"]}}")))


def _filters(desk: Desk, body: JsonObject, *, topup: bool) -> tuple[list[str], list[Any]]:
    where: list[str] = ["removed = 0"]
    values: list[Any] = []
    place, code, slug = text_of(body, "locationCode"), text_of(body, "packageCode"), text_of(body, "slug")
    iccid, data_type = text_of(body, "iccid"), text_of(body, "dataType")
    if place:
        where.append("scope = ?" if place.startswith("!") else "location_code = ?")
        values.append(place.upper())
    if data_type:
        where.append("data_type > 1" if data_type == DAILY else "data_type = 1")
    if topup:
        where.append("top_up_type > 1")
        if code or slug or iccid:
            of_place, of_type = _family(desk, code, slug, iccid)
            where += ["location_code = ?", "top_up_type = ?"]
            values.extend((of_place, of_type))
        return where, values
    for column, value in (("code", code), ("slug", slug), ("code", _base_code(desk, iccid) if iccid else "")):
        if value:
            where.append(f"{column} = ?")
            values.append(value)
    return where, values


def _family(desk: Desk, code: str, slug: str, iccid: str) -> tuple[str, int]:
    """What may be put on top: packages for the same place that grow in the same way (by volume or by days)."""
    wanted = (_base_code(desk, iccid) if iccid else code).removeprefix(TOPUP_PREFIX)
    row = desk.books.row(
        "select location_code, top_up_type from package where code = ? or (slug = ? and slug <> '') limit 1",
        (wanted, slug or wanted),
    )
    if row is None:
        raise RefusedError("310241")
    return str(row["location_code"]), int(row["top_up_type"])


def _base_code(desk: Desk, iccid: str) -> str:
    row = desk.books.row("select package_code from line where iccid = ? order by id desc limit 1", (iccid,))
    if row is None:
        raise RefusedError("310403")
    return str(row["package_code"])


def find(desk: Desk, code: str, slug: str) -> Package:
    """One sellable package by code, else by slug. Raises RefusedError 310241 (code) or 310243 (slug, or no price)."""
    row = None
    for column, value in (("code", code), ("slug", code), ("slug", slug)):
        if row is None and value:
            row = desk.books.row(f"select body from package where {column} = ? and removed = 0 limit 1", (value,))
    if row is None:
        raise RefusedError("310241", code) if code else RefusedError("310243", slug)
    return _package(json.loads(row["body"]))


def _package(row: JsonObject) -> Package:
    if "price" not in row:
        raise RefusedError("310243", row["packageCode"])
    return Package(
        code=row["packageCode"],
        slug=row.get("slug", ""),
        name=row["name"],
        price=row["price"],
        volume=row["volume"],
        days=row["duration"],
        data_type=row.get("dataType", FIXED),
        active_type=row["activeType"],
        sms_status=row.get("smsStatus", 0),
        top_up_type=row.get("supportTopUpType", 1),
        location_code=row["locationCode"],
        unused_days=row["unusedValidTime"],
    )


def change(desk: Desk, code: str, wish: JsonObject) -> JsonObject:
    """Control: `{"price": n | null, "removed": bool}` for every row of this code; ValueError changes nothing."""
    price, removed = wish.get("price", 0), wish.get("removed", False)
    if set(wish) - {"price", "removed"} or not isinstance(removed, bool):
        raise ValueError('send {"price": USD x 10000 or null} and/or {"removed": true|false}')
    if price is not None and (isinstance(price, bool) or not isinstance(price, int) or not 0 <= price <= MAX_PRICE):
        raise ValueError("price must be a whole number of USD x 10000, or null")
    found = desk.books.rows("select id, body from package where code = ?", (code,))
    if not found:
        raise ValueError(f"no package {code!r} in the catalogue")
    with desk.books.transaction():
        for row in found:
            if "price" in wish:
                text = dump_row(_priced(json.loads(row["body"]), price))
                desk.books.execute("update package set price = ?, body = ? where id = ?", (price, text, row["id"]))
            if "removed" in wish:
                desk.books.execute("update package set removed = ? where id = ?", (removed, row["id"]))
    return describe(desk, code)


def _priced(row: JsonObject, price: int | None) -> JsonObject:
    rest = {name: value for name, value in row.items() if name not in ("price", "retailPrice")}
    return rest if price is None else rest | {"price": price, "retailPrice": price * 2}


def describe(desk: Desk, code: str) -> JsonObject:
    """Control: one package as the catalogue holds it."""
    row = desk.books.row("select count(*) as n, max(removed) as removed, body from package where code = ?", (code,))
    if row is None or not row["n"]:
        raise ValueError(f"no package {code!r} in the catalogue")
    return {"rows": row["n"], "removed": bool(row["removed"]), "package": json.loads(row["body"])}
