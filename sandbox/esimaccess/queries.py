"""Calls that only read: `/esim/query`, `/esim/usage/query`, `/balance/query`, `/location/list`."""

from functools import cache
from typing import Any

from sandbox.esimaccess import money
from sandbox.esimaccess.envelope import RefusedError, is_text, ok, text_of
from sandbox.esimaccess.lines import SELECT, shown
from sandbox.esimaccess.moments import api_time, parse_time
from sandbox.esimaccess.places import places
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk
from sandbox.kit.http import Reply

PAGE_NUMBERS = range(1, 10_001)
PAGE_SIZES = range(5, 501)
MAX_USAGE_LINES = 10


def query(desk: Desk, body: JsonObject) -> Reply:
    """Lines by order, line, ICCID or time of purchase. Lines that are not delivered yet are not in lists.

    Raises RefusedError 200010 while the order or line asked for by number is not delivered.
    """
    number, size = _pager(body)
    where, values = _filters(desk, body)
    where.append("sale.ready_at <= ?")
    values.append(desk.clock.timestamp())
    condition = " and ".join(where)
    found = desk.books.rows(
        f"{SELECT} where {condition} order by line.id limit ? offset ?", (*values, size, (number - 1) * size)
    )
    total = len(found)
    if number > 1 or total == size:
        total = desk.books.number(
            f"select count(*) from line join sale on sale.id = line.sale_id where {condition}", values
        )
    pager = {"pageSize": size, "pageNum": number, "total": total}
    return ok({"esimList": [shown(row) for row in found], "pager": pager})


def _pager(body: JsonObject) -> tuple[int, int]:
    pager = body.get("pager")
    if not isinstance(pager, dict):
        raise RefusedError("000106" if "pager" in body else "000105", "pager")
    number, size = pager.get("pageNum"), pager.get("pageSize")
    if number is None or size is None:
        raise RefusedError("000105", "pager.pageNum, pager.pageSize")
    if not _inside(number, PAGE_NUMBERS) or not _inside(size, PAGE_SIZES):
        raise RefusedError("000107", "pager: pageNum 1-10000, pageSize 5-500")
    return number, size


def _inside(value: Any, allowed: range) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in allowed


def _filters(desk: Desk, body: JsonObject) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    order_no, tran_no, iccid = text_of(body, "orderNo"), text_of(body, "esimTranNo"), text_of(body, "iccid")
    if order_no:
        _delivered(desk, "select id, ready_at from sale where number = ? and topup = 0", order_no, unknown="310272")
        where.append("sale.number = ?")
        values.append(order_no)
    if tran_no:
        _delivered(
            desk, "select sale.ready_at from line join sale on sale.id = line.sale_id where tran_no = ?", tran_no
        )
        where.append("line.tran_no = ?")
        values.append(tran_no)
    if iccid:
        where.append("line.iccid = ?")
        values.append(iccid)
    for name, comparison in (("startTime", ">="), ("endTime", "<=")):
        text = text_of(body, name)
        if text:
            where.append(f"sale.created_at {comparison} ?")
            values.append(_moment(text, name))
    if not where:
        raise RefusedError("000105", "orderNo, esimTranNo, iccid or startTime and endTime")
    return where, values


def _delivered(desk: Desk, sql: str, key: str, unknown: str = "") -> None:
    row = desk.books.row(sql, (key,))
    if row is None:
        if unknown:
            raise RefusedError(unknown)
    elif row["ready_at"] > desk.clock.timestamp():
        raise RefusedError("200010")


def _moment(text: str, name: str) -> float:
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as problem:
        raise RefusedError("000107", f"{name}: not a time") from problem


def usage(desk: Desk, body: JsonObject) -> Reply:
    """Usage of up to ten lines; unknown numbers are left out."""
    numbers = body.get("esimTranNoList")
    if not isinstance(numbers, list):
        raise RefusedError("000106" if "esimTranNoList" in body else "000105", "esimTranNoList")
    if not 1 <= len(numbers) <= MAX_USAGE_LINES or not all(is_text(number) for number in numbers):
        raise RefusedError("000107", f"esimTranNoList: 1 to {MAX_USAGE_LINES}")
    marks = ",".join("?" for _ in numbers)
    found = desk.books.rows(
        f"{SELECT} where line.tran_no in ({marks}) and sale.ready_at <= ? order by line.id",
        (*numbers, desk.clock.timestamp()),
    )
    return ok(
        {
            "esimUsageList": [
                {
                    "esimTranNo": row["tran_no"],
                    "dataUsage": row["used"],
                    "totalData": row["total_volume"],
                    "lastUpdateTime": api_time(row["used_at"]),
                }
                for row in found
            ]
        }
    )


def balance(desk: Desk, body: JsonObject) -> Reply:
    """Money left, USD x 10000."""
    del body
    return ok({"balance": money.balance(desk), "lastUpdate": api_time(desk.clock.timestamp())})


def locations(desk: Desk, body: JsonObject) -> Reply:
    """Countries (type 1) and regions with their countries (type 2)."""
    del desk, body
    return ok({"locationList": _locations()})


@cache
def _locations() -> list[JsonObject]:
    return [
        {
            "code": place.code,
            "name": place.name,
            "type": 2 if place.scope else 1,
            "subLocationList": [{"code": inside.code, "name": inside.name} for inside in place.countries]
            if place.scope
            else None,
        }
        for place in places()
    ]
